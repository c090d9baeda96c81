"""Mistakes made in every place of a project that can hold them: unknown keys, wrong types, bad Liquid."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.proof.mutations.mutation import Mutation, below, nodes, put, read, text

RESOURCES = (
    *("workflow.json", "layout.json", "partial.json", "message_type.json", "guide.json", "audience.json"),
    "visual_blocks.json",
)
FREE = re.compile(
    r"(^|\.)(__readonly|trigger_data_json_schema|values|attrs)(\.|\[|$)"
    r"|fields\[\d+\](\.\w+)?\.settings|input_schema\[\d+\]\.settings"
)
"""Where authors write what they like, or Knock's CLI writes for itself."""
VALUES = re.compile(r"\$schema|argument$|percentage$|settings\.(headers|query_params)$")
"""Scalars that take other types too."""


def everywhere(project: Path) -> Iterator[Mutation]:
    """One of each kind for each place that differs from the others."""
    seen: set[str] = set()
    for file in sorted(path for path in project.rglob("*.json") if path.name in RESOURCES):
        name = str(file.relative_to(project))
        at = _place_of(file, project)
        for path, value in nodes(read(file)):
            last = path.rpartition(".")[2]
            shape = f"{file.name} {_shape(path, file)}" if isinstance(value, dict) else last
            if FREE.search(path) or shape in seen or VALUES.search(path):
                continue
            seen.add(shape)
            full = f"{at}{path}" if path.startswith("[") else below(at, path)
            yield from _in(project, name, path, full, value)


def _in(project: Path, file: str, path: str, full: str, value: Any) -> Iterator[Mutation]:
    if isinstance(value, dict):
        unknown = below(full, "colour")
        yield put(file, below(path, "colour"), "red", "this key is unknown; remove it", re.escape(unknown))
    if path.endswith("@"):
        wanted = project / Path(file).parent / value
        if wanted.suffix == ".json" and wanted.name == "visual_blocks.json":
            return
        told_in = str(wanted.relative_to(project))
        yield text(told_in, "a\n{{ b | nope }}", LIQUID, re.escape(full.removesuffix("@")))
    elif isinstance(value, str) and ("{{" in value or "{%" in value):
        yield put(file, path, "a\n{% if %}", LIQUID, re.escape(full))
    elif isinstance(value, str | bool | int) and not isinstance(value, dict):
        yield put(
            file, path, {"a": [1]}, WRONG_TYPE, rf"{re.escape(full)}|{re.escape(full.rpartition('.')[0])}"
        )
    elif isinstance(value, list) and path:
        yield put(file, path, "many", WRONG_TYPE, re.escape(full))


LIQUID = r"Liquid error in line [12]: .+"
WRONG_TYPE = (
    r"Input should be .+|stays what it was .+|is unknown|.+ expected one of .+|.*must be .+|.*needs .+"
)


def _shape(path: str, file: Path) -> str:
    """Places alike but for where they are: objects of one type, or of one name where they have no type."""
    place, _, marks = _typed(path, read(file)).partition(" ")
    mark = marks.rpartition("/")[2]
    return mark or re.sub(r".*[.]|[0-9]+", "", place)


def _typed(path: str, said: Any) -> str:
    """The path with the type of each object on the way."""
    marks = []
    place = said
    for part in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        place = place[int(part[1:-1])] if part.startswith("[") else place[part]
        if isinstance(place, dict):
            marks.append(str(place.get("channel_type", place.get("type", ""))))
    return f"{path} {'/'.join(marks)}"


def _place_of(file: Path, project: Path) -> str:
    """Blocks have a file of their own, and their paths begin in the workflow."""
    if file.name != "visual_blocks.json":
        return ""
    workflow = file.parents[1] / "workflow.json"
    reference = str(file.relative_to(file.parents[1]))
    found = (path for path, value in nodes(read(workflow)) if value == reference)
    return next(found).removesuffix("@")
