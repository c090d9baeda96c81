"""What a partial's schema makes of its inputs: E-TEMPLATE-12, E-TEMPLATE-14."""

import pytest
from liquid.exceptions import LiquidValueError

from rendering.content import Partial
from rendering.inputs import inputs


def read(field: dict[str, object], **given: object) -> object:
    return inputs(Partial("p", "html", "", ({"key": "x", **field},)), given)["x"]


@pytest.mark.parametrize(
    ("kind", "given", "seen"),
    [
        ("text", False, "false"),
        ("text", [1, 2], "12"),
        ("text", {"a": 1}, '{"a":1}'),
        ("number", 3, "3"),
        ("select", "a", "a"),
        ("boolean", False, False),
        ("boolean", "true", True),
        ("json", {"a": [1]}, {"a": [1]}),
        ("json", False, False),
        ("json", '{"a": 1}', {"a": 1}),
        ("json", "plain", "plain"),
        ("list", [1, {"a": 2}], [1, {"a": 2}]),
        ("list", '[{"a": 2}]', [{"a": 2}]),
        ("list", range(1, 3), [1, 2]),
        ("multi_select", '["a", "b"]', ["a", "b"]),
        ("multi_select", "a", ["a"]),
        ("markdown", "**b**", "<p><strong>b</strong></p>\n"),
        ("button", {"text": "Go", "action": "/x"}, {"text": "Go", "action": "/x"}),
        ("button", '{"text": "Go"}', {"text": "Go", "action": ""}),
        ("image", {"url": "/i", "alt": 1}, {"url": "/i", "alt": "1", "action": ""}),
    ],
)
def test_a_field_of_the_schema_reads_what_it_is_given(kind: str, given: object, seen: object) -> None:
    assert read({"type": kind}, x=given) == seen


@pytest.mark.parametrize(
    ("field", "seen"),
    [
        ({"type": "text"}, ""),
        ({"type": "text", "settings": {"default": "d"}}, "d"),
        ({"type": "boolean"}, False),
        ({"type": "boolean", "settings": {"default": True}}, True),
        ({"type": "json"}, None),
        ({"type": "json", "settings": {"default": {"a": 1}}}, {"a": 1}),
        ({"type": "list"}, []),
        ({"type": "multi_select", "settings": {"default": ["a"]}}, ["a"]),
        (
            {"type": "button", "text": {"type": "text", "settings": {"default": "Learn"}}},
            {"text": "Learn", "action": ""},
        ),
    ],
)
def test_a_field_that_is_not_given_has_its_default(field: dict[str, object], seen: object) -> None:
    assert read(field) == seen
    assert read(field, x=None) == seen


def test_an_input_outside_the_schema_is_text() -> None:
    assert inputs(Partial("p", "html", ""), {"a": False, "b": None}) == {"a": "false", "b": ""}


def test_a_list_field_refuses_what_is_no_list() -> None:
    with pytest.raises(LiquidValueError, match="the input 'x' is not a list"):
        read({"type": "list"}, x="plain")
