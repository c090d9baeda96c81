"""The numbered rules of the engine and the tests that say they prove them, read off the tests' own marks.

The rules themselves are facts, kept in engine_rules.tsv: an id, a title in our words, and for a rule that
is not honoured the reason.
"""

import ast
import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.sources import Source, read

RULES = Path(__file__).with_name("engine_rules.tsv")
MARK = "pytest.mark.rule"
SHOWN = 3
"""Tests of one rule that the page names; of more it says how many."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Rule:
    """One row of the list; a reason says why there is no test."""

    id: str
    title: str
    reason: str


@dataclass(frozen=True)
class Proof:
    """A test that names a rule; without a name it is the whole module."""

    path: str
    name: str | None

    def __str__(self) -> str:
        shown = self.name or Path(self.path).stem
        return f"[`{shown}`](../{self.path})"


def rules() -> list[Rule]:
    with RULES.open() as file:
        return [Rule(**row) for row in csv.DictReader(file, delimiter="\t")]


def proofs(sources: list[Source]) -> dict[str, list[Proof]]:
    """The tests of every rule that is named in a mark, in the order of files and lines."""
    found: dict[str, list[Proof]] = defaultdict(list)
    for source in sources:
        for rule, name in _named(source):
            proof = Proof(source.path, name)
            if proof not in found[rule]:
                found[rule].append(proof)
    return dict(found)


def _named(source: Source) -> Iterator[tuple[str, str | None]]:
    """Rule and test, for every mark; a mark outside of a test's decorators is the module's."""
    seen = set()
    for function in source.functions():
        for mark in _marks(function.decorator_list):
            seen.add(id(mark))
            yield from ((rule, function.name) for rule in _ids(mark))
    for mark in _marks(source.tree.body):
        if id(mark) not in seen:
            yield from ((rule, None) for rule in _ids(mark))


def _marks(nodes: list[ast.expr] | list[ast.stmt]) -> Iterator[ast.Call]:
    for node in nodes:
        for below in ast.walk(node):
            if isinstance(below, ast.Call) and ast.unparse(below.func) == MARK:
                yield below


def _ids(mark: ast.Call) -> Iterator[str]:
    return (one.value for one in mark.args if isinstance(one, ast.Constant) and isinstance(one.value, str))


def unproved(listed: list[Rule], proved: dict[str, list[Proof]]) -> list[str]:
    """Ids without a test and without a reason."""
    return [rule.id for rule in listed if not rule.reason and rule.id not in proved]


def excused_but_proved(listed: list[Rule], proved: dict[str, list[Proof]]) -> list[str]:
    """Ids whose reason is out of date; one that begins with `partly` may stand beside a test."""
    return [
        rule.id
        for rule in listed
        if rule.reason and rule.id in proved and not rule.reason.startswith("partly")
    ]


def table() -> list[str]:
    """The lines of the page: one row a rule, with its tests or its reason."""
    listed, proved = rules(), proofs(read("tests"))
    done = [rule for rule in listed if rule.id in proved]
    lines = [
        "## The rules of the engine",
        "",
        f"{len(done)} of {len(listed)} numbered rules are proved by the tests beside them. A rule without",
        "a test has its reason; one that is kept in part has both.",
        "",
        "| Rule | | Proved by |",
        "|---|---|---|",
    ]
    return [
        *lines,
        *(f"| {rule.id} | {rule.title} | {_shown(rule, proved.get(rule.id, []))} |" for rule in listed),
    ]


def _shown(rule: Rule, tests: list[Proof]) -> str:
    told = [str(test) for test in tests[:SHOWN]]
    if len(tests) > SHOWN:
        told.append(f"and {len(tests) - SHOWN} more")
    if rule.reason:
        told.append(f"*{rule.reason}*")
    return ", ".join(told) or "*no test yet*"
