"""Names say what a thing is: no drawers, no pattern suffixes; and every module introduces itself."""

import ast
import re
from pathlib import PurePosixPath

from tests.architecture.sources import EVERYTHING, Source

DRAWERS = {"utils", "util", "common", "helpers", "helper", "misc", "base", "service", "services", "shared"}
PATTERNS = re.compile(r"(Manager|Service|Handler|Helper|Utils?|Impl|DTO)$|^(Base|Abstract)(?=[A-Z])")


def drawers(sources: list[Source]) -> list[str]:
    return [one.path for one in sources if DRAWERS & set(PurePosixPath(one.path).with_suffix("").parts)]


def pattern_names(sources: list[Source]) -> list[str]:
    return [
        f"{one.path}: {node.name}" for one in sources for node in one.classes() if PATTERNS.search(node.name)
    ]


def relative_imports(sources: list[Source]) -> list[str]:
    return [
        f"{one.path}:{node.lineno}"
        for one in sources
        for node in one.nodes
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]


def silent_modules(sources: list[Source]) -> list[str]:
    """Modules without a docstring. An `__init__` that holds nothing needs none, nor does `test_<module>`."""
    return [
        one.path
        for one in sources
        if one.tree.body
        and not ast.get_docstring(one.tree)
        and not PurePosixPath(one.path).name.startswith("test_")
    ]


def explained_tests(sources: list[Source]) -> list[str]:
    """A test's name is its claim; a docstring would be a second, weaker one."""
    return [
        f"{one.path}: {function.name}"
        for one in sources
        if one.package == "tests"
        for function in one.functions()
        if function.name.startswith("test_") and ast.get_docstring(function)
    ]


def test_no_module_is_a_drawer() -> None:
    assert drawers(EVERYTHING) == []


def test_no_class_is_named_after_a_pattern() -> None:
    assert pattern_names(EVERYTHING) == []


def test_no_import_is_relative() -> None:
    assert relative_imports(EVERYTHING) == []


def test_every_module_says_what_it_is() -> None:
    assert silent_modules(EVERYTHING) == []


def test_no_test_explains_its_name() -> None:
    assert explained_tests(EVERYTHING) == []


def test_these_laws_see_what_breaks_them() -> None:
    bad = [
        Source("api/utils.py", "class RunManager: ...\nfrom . import x\n"),
        Source("tests/helpers/test_x.py", 'def test_it() -> None:\n    """It."""\n'),
        Source("api/__init__.py", ""),
    ]
    assert drawers(bad) == ["api/utils.py", "tests/helpers/test_x.py"]
    assert pattern_names(bad) == ["api/utils.py: RunManager"]
    assert relative_imports(bad) == ["api/utils.py:2"]
    assert silent_modules(bad) == ["api/utils.py"]
    assert explained_tests(bad) == ["tests/helpers/test_x.py: test_it"]
    assert not PATTERNS.search("Baseline")
