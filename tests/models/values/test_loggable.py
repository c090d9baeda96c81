import json

import pytest

from models.values.loggable import loggable

pytestmark = pytest.mark.rule("E-DEBUG-4", "E-LIMITS-4")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a" * 1024, "a" * 1024),
        ("a" * 1025, "a" * 1024 + "[TRUNCATED]"),
        ("é" * 513, "é" * 512 + "[TRUNCATED]"),
        ("a" + "é" * 512, "a" + "é" * 511 + "[TRUNCATED]"),
        ("a\x00\ud800", "a\ufffd\ufffd"),
    ],
)
def test_a_text_is_cut_at_1024_bytes_wherever_it_stands(text: str, kept: str) -> None:
    assert loggable({"a": [{text: text}]}) == {"a": [{kept: kept}]}


def test_an_object_with_many_keys_says_that_some_were_dropped() -> None:
    whole = {str(number): number for number in range(100)}
    assert loggable(whole) == whole
    assert loggable({**whole, "one more": 1}) == {**whole, "__knock_truncated__": True}


def test_a_list_with_many_items_says_so_at_its_end() -> None:
    assert loggable({"l": list(range(100))}) == {"l": list(range(100))}
    assert loggable({"l": list(range(101))}) == {"l": [*range(100), "[TRUNCATED]"]}


def test_channel_data_are_never_shown() -> None:
    quoted = {"after": {"channel_data": {"push": {"tokens": ["t0k3n"]}}, "name": "Ada"}}
    assert loggable(quoted) == {"after": {"channel_data": "[REDACTED]", "name": "Ada"}}


def test_what_was_cut_is_not_cut_again() -> None:
    once = loggable({"t": "a" * 2000, "l": list(range(200)), "o": {str(n): n for n in range(200)}})
    assert loggable(once) == once


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "", "a", [], {}, {"a": {"b": [1, None]}}])
def test_what_is_short_stays_as_it_is(value: object) -> None:
    assert json.dumps(loggable(value)) == json.dumps(value)
