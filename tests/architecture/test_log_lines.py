"""Every kind of line that a run's log may hold has its sentence in `tocsin why`."""

import ast

from cli.why.sentences import SENTENCES
from tests.architecture.sources import FLOORS, Source

WRITER = "LogLine"
FORKS = ("branch", "random_cohort")
"""The step types that share a module which names its lines after them."""


def kinds_in(source: Source) -> set[str]:
    """The kinds of the lines that a module writes; `?` for one that cannot be read off it."""
    found: set[str] = set()
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == WRITER:
            given = [word.value for word in node.keywords if word.arg == "event"] or node.args[:1]
            found |= _kinds(given[0], source) or {"?"}
    return found


def _kinds(event: ast.expr, source: Source) -> set[str]:
    match event:
        case ast.Constant(value=str(kind)):
            return {kind}
        case ast.IfExp(body=body, orelse=otherwise):
            return _kinds(body, source) | _kinds(otherwise, source)
        case ast.JoinedStr(values=[ast.FormattedValue(), ast.Constant(value=str(ending))]):
            return {f"{fork}{ending}" for fork in FORKS}
        case ast.Name(id=name):
            return _assigned(name, source) | _handed_over(name, source)
    return set()


def _assigned(name: str, source: Source) -> set[str]:
    return {
        kind
        for node in source.nodes
        if isinstance(node, ast.Assign) and any(ast.unparse(one) == name for one in node.targets)
        for kind in _kinds(node.value, source)
    }


def _handed_over(name: str, source: Source) -> set[str]:
    """What callers in the module give for a parameter of this name."""
    found: set[str] = set()
    for function in source.functions():
        names = [one.arg for one in function.args.args]
        if name not in names:
            continue
        for call in source.nodes:
            if isinstance(call, ast.Call) and ast.unparse(call.func) == function.name:
                given = call.args[names.index(name) : names.index(name) + 1]
                given += [word.value for word in call.keywords if word.arg == name]
                found |= {kind for one in given for kind in _kinds(one, source)}
    return found


def test_every_kind_of_line_that_is_written_has_its_sentence() -> None:
    written = {kind for one in FLOORS for kind in kinds_in(one)}
    assert written - set(SENTENCES) == set()


def test_this_law_sees_what_breaks_it() -> None:
    plain = 'LogLine(event="a", data={})\nLogLine("b")\nLogLine(event="c" if x else "d")\n'
    assert kinds_in(Source("activities/a.py", plain)) == {"a", "b", "c", "d"}
    assigned = 'event = "e" if x else "f"\nLogLine(event=event)\n'
    assert kinds_in(Source("activities/b.py", assigned)) == {"e", "f"}
    handed = 'def tell(run, event):\n    LogLine(event=event)\ntell(1, "g")\ntell(1, event="h")\n'
    assert kinds_in(Source("activities/c.py", handed)) == {"g", "h"}
    assert kinds_in(Source("activities/d.py", "LogLine(event=names[0])\n")) == {"?"}
