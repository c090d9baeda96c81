from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from api.schemas.preferences import NodeSetting
from models.values.field_paths import field_path
from models.values.preferences import PreferenceSetRequest
from models.values.unfitting import unfitting


def told(kind: Any, value: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    return [(field_path(one.location), one.message) for one in unfitting(caught.value.errors(), value)]


CONDITION = {"variable": "data.a", "operator": "resembles", "argument": "x"}


@pytest.mark.parametrize(
    ("value", "field", "message"),
    [
        ({"channel_types": {"email": "no"}}, "channel_types.email", "must be true or false or an object"),
        ({"channel_types": 7}, "channel_types", "must be an object"),
        ({"categories": {"a": {"b": 1}}}, "categories.a.b", "is unknown; remove it"),
        ({"categories": {"a": 7}}, "categories.a", "must be true or false or an object"),
        (
            {"categories": {"a": {"channel_types": {"email": {"conditions": [CONDITION]}}}}},
            "categories.a.channel_types.email.conditions[0].operator",
            None,
        ),
        (
            {"categories": {"a": {"channel_types": {"email": {}}}}},
            "categories.a.channel_types.email.conditions",
            "is required",
        ),
        ({"channels": {"x": True}}, "channels", '"x" is not the id of a channel, which is a UUID'),
    ],
)
def test_a_mistake_is_where_it_stands_in_what_was_sent(
    value: dict[str, Any], field: str, message: str | None
) -> None:
    ((path, said),) = told(PreferenceSetRequest, value)
    assert path == field
    assert said == message or (message is None and said.startswith("must be "))


@pytest.mark.parametrize(
    ("value", "field"), [({"subscribed": "maybe"}, "subscribed"), ({"channels": 7}, "channels"), (7, "")]
)
def test_the_branch_that_knows_what_was_sent_is_the_one_that_speaks(value: Any, field: str) -> None:
    assert [path for path, _ in told(NodeSetting, value)] == [field]


@pytest.mark.parametrize(
    ("kind", "value"),
    [(list[int], [1, "x"]), (dict[str, str], 7), (float, "x"), (bytes, 7), (int, None), (list[int], 7)],
)
def test_no_message_speaks_of_inputs(kind: Any, value: Any) -> None:
    ((_, message),) = told(kind, value)
    assert message.startswith("must be ")
