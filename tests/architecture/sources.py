"""The project's own Python files as the laws see them: path, text and syntax tree."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = (
    "cli",
    "simulation",
    "api",
    "worker",
    "activities",
    "dispatch",
    "publishing",
    "rendering",
    "outbound",
    "workflows_engine",
    "models",
)
"""The floors."""
AROUND = ("tests", "benchmarks")
"""Read by people too, so most laws hold there as well."""


@dataclass(frozen=True)
class Source:
    """One module. `path` is relative to the project's root, with forward slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def package(self) -> str:
        return self.path.split("/", 1)[0]

    @property
    def module(self) -> str:
        """Its dotted name, e.g. `models.tables.batches`."""
        return self.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    def classes(self) -> Iterator[ast.ClassDef]:
        return (node for node in self.nodes if isinstance(node, ast.ClassDef))

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return (node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    @cached_property
    def imports(self) -> set[str]:
        """Every module that is imported, and for `from a import b` both `a` and `a.b`."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        return found


def read(*folders: str) -> list[Source]:
    """Every Python file below these folders of the project."""
    found = [
        file
        for folder in folders
        for file in sorted((ROOT / folder).rglob("*.py"))
        if "node_modules" not in file.parts
    ]
    return [Source(file.relative_to(ROOT).as_posix(), file.read_text()) for file in found]


FLOORS = read(*PACKAGES)
EVERYTHING = FLOORS + read(*AROUND)
