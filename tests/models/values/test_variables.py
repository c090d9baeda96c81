from typing import Any

import pytest

from models.values.variables import text_of, value_of


@pytest.mark.rule("E-VARS-2")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("TRUE", "TRUE"),
        ("123", 123),
        ("12.5", 12.5),
        ("007", "007"),
        ("null", None),
        ("[1, 2]", [1, 2]),
        ('{"a": 1}', {"a": 1}),
        ('"quoted"', "quoted"),
        ("plain", "plain"),
        ("", ""),
        ("NaN", "NaN"),
        ("1e400", "1e400"),
        (r'"a\ud800b"', r'"a\ud800b"'),
        ("[-1e999]", "[-1e999]"),
        (r'"a\u0000b"', r'"a\u0000b"'),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_a_text_means_its_json_where_it_has_one(text: str, value: Any) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize(("value", "text"), [("a", "a"), ("12", "12"), (12, "12"), ({"ä": 1}, '{"ä": 1}')])
def test_a_value_is_kept_as_the_text_that_means_it(value: Any, text: str) -> None:
    assert text_of(value) == text
