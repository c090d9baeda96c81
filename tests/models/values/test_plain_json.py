import json
import math
from typing import Any

import pytest

from models.values.plain_json import read_json, storable


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        "1e400",
        '{"a": -1e999}',
        r'"\u0000"',
        r'"\ud800"',
        r'{"\uDFFF": 1}',
        "[" * 100_000,
    ],
)
def test_what_postgres_refuses_is_no_json(text: str) -> None:
    with pytest.raises(ValueError):
        read_json(text)


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert read_json(r'"\ud83d\ude00"') == "\U0001f600"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (math.nan, "nan"),
        ([-math.inf, 1.5], ["-inf", 1.5]),
        ({"a\x00": {"b": "c\ud800d"}}, {"a\ufffd": {"b": "c\ufffdd"}}),
        ({"a": [True, None, 7, "ä"]}, {"a": [True, None, 7, "ä"]}),
    ],
)
def test_what_cannot_be_stored_is_replaced(value: Any, kept: Any) -> None:
    assert storable(value) == kept
    assert read_json(json.dumps(storable(value))) == kept
