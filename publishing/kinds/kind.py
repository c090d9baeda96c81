"""What publishing asks of a kind of content."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from models.values.content import ContentType


@dataclass(frozen=True)
class Reference:
    """Something else that the content needs. `detail` narrows it: a channel's type, a message type's version.

    `is_soft` marks what is looked for only when people ask (`tocsin doctor`), e.g. another workflow.
    """

    type: str
    key: str
    path: str
    detail: str | None = None
    is_soft: bool = False


@dataclass(frozen=True)
class Checked:
    """Content in which nothing is wrong by itself: what it refers to, and what publishing compiled."""

    references: list[Reference] = field(default_factory=list)
    compiled: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """One kind of content.

    `check(key, content)` raises NotPublishable; `readonly` are the fields that reading adds and writing
    ignores; `shown` are fields that reading always shows, with their values when nothing was written.
    """

    type: ContentType
    readonly: Collection[str]
    check: Callable[[str, dict[str, Any]], Checked]
    shown: dict[str, Any] = field(default_factory=dict)
    assumed: Callable[[dict[str, Any], dict[str, Any] | None], dict[str, Any]] = lambda _raw, _saved: {}
    """From what was sent and what is saved: fields that Knock's CLI never sends and that content needs."""
    never_null: Collection[str] = ()
    """Fields that answers leave out when they are null: the contract has them as plain optional ones.

    Files of a project keep their nulls as they were written.
    """
    frozen_fields: tuple[str, ...] = ()
    """Fields that never change once saved; a write may leave them out (e.g. a partial's type)."""

    def without_nulls(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Without those that are null and must not be."""
        return {
            key: value for key, value in fields.items() if value is not None or key not in self.never_null
        }

    @property
    def title(self) -> str:
        return self.type.value.replace("_", " ")
