"""Lists of the management API: they page with `limit`, and their page info has no `__typename`."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import BaseModel

from api.pagination import read_page, slice_of
from api.query import Query
from models.queries.paging import Page, Position

LARGEST_LIMIT = 100

Row = TypeVar("Row")


class ManagementPageInfo(BaseModel):
    """As in Knock: a null cursor means that there is nothing more on that side."""

    after: str | None
    before: str | None
    page_size: int


def read_limited_page(query: Query, shape: tuple[type, ...]) -> Page:
    """Cursors that cannot be read count as absent; a limit out of range is brought into it."""
    return read_page(query, shape, LARGEST_LIMIT, size_name="limit")


def management_slice(
    rows: Sequence[Row], page: Page, position: Callable[[Row], Position]
) -> tuple[Sequence[Row], ManagementPageInfo]:
    """The page in `rows`, which were read in the page's direction and bounded by its limit."""
    found = slice_of(rows, page, position)
    info = found.info
    return found.rows, ManagementPageInfo(after=info.after, before=info.before, page_size=info.page_size)
