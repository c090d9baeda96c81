"""Cursors: `after` is further down the list, `before` further up; the next to the cursor come first."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from api.query import Query
from models.queries.paging import Page, Position

LARGEST_PAGE = 50

Row = TypeVar("Row")


class PageInfo(BaseModel):
    """As in Knock: a null cursor means that there is nothing more on that side."""

    model_config = ConfigDict(serialize_by_alias=True)

    typename: str = Field("PageInfo", alias="__typename")
    after: str | None = None
    before: str | None = None
    page_size: int


@dataclass(frozen=True)
class Slice(Generic[Row]):
    """The rows of one page, in the list's order."""

    rows: Sequence[Row]
    info: PageInfo


def read_page(
    query: Query, shape: tuple[type, ...], largest: int = LARGEST_PAGE, size_name: str = "page_size"
) -> Page:
    """Cursors that cannot be read count as absent; a page size out of range is brought into it."""
    given = query.integer(size_name)
    size = min(given, largest) if given and given > 0 else LARGEST_PAGE
    return Page(size, _decode(query.text("after"), shape), _decode(query.text("before"), shape))


def slice_of(rows: Sequence[Row], page: Page, position: Callable[[Row], Position]) -> Slice[Row]:
    """The page in `rows`, which were read in the page's direction and bounded by its limit."""
    has_more = len(rows) > page.size
    kept = list(rows[: page.size])
    if page.is_backwards:
        kept.reverse()
    has_above = has_more if page.is_backwards else page.after is not None
    has_below = page.before is not None if page.is_backwards else has_more
    info = PageInfo(
        after=encode(position(kept[-1])) if kept and has_below else None,
        before=encode(position(kept[0])) if kept and has_above else None,
        page_size=page.size,
    )
    return Slice(kept, info)


def encode(position: Position) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode()


def by_time(moment: datetime, element_id: object) -> Position:
    """The position in a list that is sorted by time, then by id. Read it again with shape `BY_TIME`."""
    return moment.isoformat(), str(element_id)


BY_TIME = (datetime, str)
BY_NUMBER = (int,)


def _decode(cursor: str | None, shape: tuple[type, ...]) -> Position | None:
    if cursor is None:
        return None
    try:
        position = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(position, list) or len(position) != len(shape):
        return None
    return tuple(position) if all(map(_fits, position, shape)) else None


def _fits(value: object, wanted: type) -> bool:
    if wanted is str:
        return isinstance(value, str) and _is_text(value)
    if wanted is not datetime:
        return type(value) is wanted
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_text(value: str) -> bool:
    """Whether the database can hold it: neither NUL nor half a character."""
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)
