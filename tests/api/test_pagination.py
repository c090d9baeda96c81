import base64
import json
from datetime import UTC, datetime

import pytest

from api.pagination import BY_NUMBER, BY_TIME, by_time, encode, read_page, slice_of
from api.query import Query
from models.queries.paging import Page, Position


def read(values: dict[str, str], shape: tuple[type, ...] = BY_NUMBER, largest: int = 50) -> Page:
    return read_page(Query(dict(values)), shape, largest)


def number(row: int) -> Position:
    return (row,)


@pytest.mark.rule("E-LIMITS-42")
@pytest.mark.parametrize(
    ("given", "size"), [("10", 10), ("0", 50), ("-3", 50), ("1000", 50), ("ten", 50), ("", 50), ("1", 1)]
)
def test_a_page_size_is_brought_into_range(given: str, size: int) -> None:
    assert read({"page_size": given}).size == size


@pytest.mark.rule("E-LIMITS-42")
def test_a_feed_may_have_larger_pages() -> None:
    assert read({"page_size": "1000"}, largest=200).size == 200
    assert read({}, largest=200).size == 50


def test_a_cursor_comes_back_as_it_was_given_out() -> None:
    position = by_time(datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC), "m1")
    assert read({"after": encode(position)}, BY_TIME).after == position


@pytest.mark.parametrize(
    "cursor",
    [
        "after",
        "!!!",
        "",
        encode(("x",)),
        encode((1, 2)),
        encode((True,)),
        base64.urlsafe_b64encode(json.dumps({"a": 1}).encode()).decode(),
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
        "é",
    ],
)
def test_a_cursor_that_cannot_be_read_counts_as_absent(cursor: str) -> None:
    page = read({"after": cursor, "before": cursor})
    assert (page.after, page.before) == (None, None)


def test_a_cursor_with_something_else_than_a_time_counts_as_absent() -> None:
    assert read({"after": encode(("yesterday", "m1"))}, BY_TIME).after is None
    assert read({"after": encode(("2026-01-01T00:00:00", "m1"))}, BY_TIME).after is None


def test_the_first_of_several_pages_leads_on_but_not_back() -> None:
    found = slice_of([9, 8, 7], Page(2), number)
    assert found.rows == [9, 8]
    assert (found.info.after, found.info.before) == (encode((8,)), None)


def test_a_middle_page_leads_both_ways() -> None:
    found = slice_of([7, 6, 5], Page(2, after=(8,)), number)
    assert found.rows == [7, 6]
    assert (found.info.after, found.info.before) == (encode((6,)), encode((7,)))


def test_the_last_page_leads_back_only() -> None:
    found = slice_of([5], Page(2, after=(6,)), number)
    assert (found.info.after, found.info.before) == (None, encode((5,)))


def test_reading_backwards_keeps_the_order_of_the_list() -> None:
    found = slice_of([7, 8, 9], Page(2, before=(6,)), number)
    assert found.rows == [8, 7]
    assert (found.info.after, found.info.before) == (encode((7,)), encode((8,)))


def test_an_empty_page_leads_nowhere() -> None:
    rows: list[int] = []
    found = slice_of(rows, Page(2, before=(9,)), number)
    assert (found.info.after, found.info.before) == (None, None)
