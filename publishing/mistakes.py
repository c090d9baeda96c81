"""What is wrong with content: where, why, and what was expected."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from models.values.content import Name

VALUE_TAGS = {"str", "list[Pair]"}
"""What pydantic puts behind a key that takes values of several types."""

NESTED = "channel"
"""The one union that holds another: channel steps are of several types, told by a second tag."""


@dataclass(frozen=True)
class Mistake:
    """Where in the content (a JSON path), what is wrong and was expected; `name` says in which resource."""

    path: str
    message: str
    name: Name | None = None

    def of(self, name: Name) -> "Mistake":
        return replace(self, name=name)


class NotPublishable(Exception):
    """The content was refused; nothing was changed."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = list(mistakes)
        super().__init__(f"{len(self.mistakes)} mistakes")


class Blocked(Exception):
    """The state of the environment does not allow it; `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str, mistakes: Iterable[Mistake] = ()) -> None:
        self.code = code
        self.message = message
        self.mistakes = list(mistakes)
        super().__init__(message)


class Missing(Exception):
    """There is nothing of that name."""


def mistakes_of(error: ValidationError, tags: frozenset[str] = frozenset(), at: str = "") -> list[Mistake]:
    """A validation's errors as people can use them; `tags` are the names of union members to leave out."""
    found = [_mistake(one, tags, at) for one in error.errors(include_url=False)]
    return list(dict.fromkeys(found))


def _mistake(found: Any, tags: frozenset[str], at: str) -> Mistake:
    message = found["msg"].removeprefix("Value error, ")
    kind = found["type"]
    if kind == "union_tag_invalid":
        given = found["ctx"]["tag"]
        message = f'"{given}" is unknown; expected one of {found["ctx"]["expected_tags"]}'
    elif kind == "union_tag_not_found":
        message = f"the key {found['ctx']['discriminator']} is missing"
    elif kind == "extra_forbidden":
        message = "this key is unknown; remove it"
    elif kind == "missing":
        message = "is required"
    elif "input" in found and not isinstance(found["input"], (dict, list)):
        message = f"{message}, got {str(found['input'])[:60]!r}"
    return Mistake(_path(found["loc"], tags, at), message)


def _path(location: tuple[int | str, ...], tags: frozenset[str], at: str) -> str:
    """As people write JSON paths; the tags that pydantic adds for unions are left out."""
    path, after_index = at, False
    for part in location:
        if isinstance(part, int):
            path, after_index = f"{path}[{part}]", True
        elif part in VALUE_TAGS or part.startswith(("function-", "list[", "tagged-union", "constrained-")):
            continue
        elif after_index and part in tags:
            after_index = part == NESTED
        else:
            path, after_index = f"{path}.{part}" if path else part, False
    return path
