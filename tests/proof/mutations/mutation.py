"""One mistake in a copy of a project: how it is made, and what its author must be told."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Edit = Callable[[Path], None]
GONE = object()
"""In place of a value: the key is removed."""


@dataclass(frozen=True)
class Mutation:
    """`path` and `told` are patterns: where in `file`, and the reason with what was expected."""

    name: str
    edit: Edit
    file: str
    path: str
    told: str


def put(
    file: str, path: str, value: Any, told: str, at: str | None = None, told_in: str | None = None
) -> Mutation:
    """A value in a JSON file is another one, or `GONE`; it is told there, or `at` another path."""
    shown = "removed" if value is GONE else json.dumps(value, ensure_ascii=True)
    where = re.escape(path) if at is None else at
    return Mutation(
        f"{file}: {path} = {_short(shown)}",
        lambda root: set_in(root / file, path, value),
        told_in or file,
        where,
        told,
    )


def text(file: str, content: str | bytes, told: str, path: str = "", told_in: str | None = None) -> Mutation:
    """A file says something else."""
    shown = content.encode("unicode_escape").decode() if isinstance(content, str) else repr(content)
    return Mutation(
        f"{file} says {_short(shown)}", lambda root: write(root / file, content), told_in or file, path, told
    )


def done(name: str, edit: Edit, file: str, told: str, path: str = "") -> Mutation:
    """Anything else."""
    return Mutation(name, edit, file, path, told)


def write(file: Path, content: Any) -> None:
    """Text, bytes, or what is to be JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")


def read(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def set_in(file: Path, path: str, value: Any) -> None:
    """Change what stands at a JSON path; the last part of it may be new."""
    said = read(file)
    *parents, last = parts(path)
    place = said
    for part in parents:
        place = place[part]
    if value is GONE:
        del place[last]
    elif isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    write(file, said)


def parts(path: str) -> list[str | int]:
    """`steps[0].ref` as the keys and indices that it is made of."""
    return [int(found[1]) if found[1] else found[0] for found in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)]


def nodes(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value inside with its JSON path, the outermost first."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from nodes(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from nodes(inner, f"{path}[{index}]")


def below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _short(shown: str) -> str:
    return shown if len(shown) <= 40 else f"{shown[:40]}… ({len(shown)} characters)"
