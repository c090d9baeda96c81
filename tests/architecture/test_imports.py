"""One home each for Temporal's client, Liquid and httpx.

The floors themselves are import-linter's contracts in pyproject.toml; it knows no submodules of other
people's packages, so what may import `temporalio.client` is said here.
"""

import pytest

from tests.architecture.sources import FLOORS, Source

HOMES = {
    "temporalio.client": {"dispatch", "worker", "cli"},
    "liquid": {"rendering"},
    "httpx": {"outbound"},
}


def strays(sources: list[Source], library: str) -> list[str]:
    return [
        one.path
        for one in sources
        if one.package not in HOMES[library]
        and any(name == library or name.startswith(library + ".") for name in one.imports)
    ]


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_only_in_its_home(library: str) -> None:
    assert strays(FLOORS, library) == []


@pytest.mark.parametrize("library", ["temporalio.client", "liquid", "httpx"])
def test_a_home_uses_what_lives_there(library: str) -> None:
    everywhere = {one.package for one in FLOORS if library in one.imports}
    assert everywhere & HOMES[library]


@pytest.mark.parametrize(
    ("text", "library"),
    [
        ("import httpx", "httpx"),
        ("from httpx import AsyncClient", "httpx"),
        ("from temporalio import client", "temporalio.client"),
        ("import temporalio.client as c", "temporalio.client"),
        ("from temporalio.client import Client", "temporalio.client"),
        ("def f():\n    from liquid.ast import Node", "liquid"),
    ],
)
def test_this_law_sees_what_breaks_it(text: str, library: str) -> None:
    assert strays([Source("activities/x.py", text)], library) == ["activities/x.py"]
