"""Reading a list page by page, by the place of an element rather than by counting."""

from dataclasses import dataclass
from typing import LiteralString

from models.queries.where import Where

Position = tuple[str | int, ...]
"""Where an element stands in its list: the values it is sorted by."""


@dataclass(frozen=True)
class Page:
    """What of a list was asked for; `after` is further down, `before` further up."""

    size: int
    after: Position | None = None
    before: Position | None = None

    @property
    def is_backwards(self) -> bool:
        """Whether rows are read towards the top of the list; the next to the cursor come first."""
        return self.before is not None and self.after is None

    @property
    def limit(self) -> int:
        """One row more than the page holds shows whether another page follows."""
        return self.size + 1


def paged(
    where: Where, page: Page, columns: tuple[LiteralString, ...], *, is_descending: bool
) -> LiteralString:
    """Bound `where` by the page's cursors; answers the ORDER BY and LIMIT that go with it."""
    down, up = ("<", ">") if is_descending else (">", "<")
    _bound(where, columns, down, "after", page.after)
    _bound(where, columns, up, "before", page.before)
    direction = "DESC" if is_descending != page.is_backwards else "ASC"
    order = ", ".join(f"{column} {direction}" for column in columns)
    where.values["page_limit"] = page.limit
    return f"ORDER BY {order} LIMIT %(page_limit)s"


def _bound(
    where: Where,
    columns: tuple[LiteralString, ...],
    sign: LiteralString,
    name: str,
    position: Position | None,
) -> None:
    if position is None:
        return
    values = {f"{name}_{number}": value for number, value in enumerate(position)}
    places = ", ".join(f"%({place})s" for place in values)
    where.add(f"({', '.join(columns)}) {sign} ({places})", **values)
