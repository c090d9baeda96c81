from typing import Any

import pytest
from pydantic import ValidationError

from models.values.kinds import ChannelType
from models.values.providers import CHANNEL_SETTINGS

SCHEMA = {"type": "object", "properties": {"severity": {"type": "string"}}}


@pytest.mark.parametrize(
    ("channel_type", "given"),
    [
        ("email", {"from_address": "{{ vars.from }}", "open_tracking": True, "json_overrides": '{"a": 1}'}),
        ("email", {"json_overrides": '{"a": {{ data.number }}}'}),
        ("sms", {"link_tracking": True, "payload_overrides": "{}"}),
        ("push", {"token_deregistration": False}),
        ("chat", {"link_tracking": True, "email_based_user_id_resolution": True}),
        ("http", {"url": "https://example.com/{{ recipient.id }}", "method": "post", "input_schema": SCHEMA}),
        ("http", {"url": "{{ data.url }}", "headers": [{"key": "a", "value": "{{ vars.token }}"}]}),
        ("in_app_feed", {"response_filters": {"vars": False, "data": {"only": ["a.b"]}}}),
        ("in_app_feed", {"response_filters": {"recipient": {"except": ["email"]}}}),
        ("in_app_guide", {}),
        ("in_app", {}),
    ],
)
def test_settings_of_each_channel_type_are_kept_as_given(channel_type: str, given: dict[str, Any]) -> None:
    settings = CHANNEL_SETTINGS[ChannelType(channel_type)].model_validate(given)
    assert settings.model_dump(exclude_none=True, by_alias=True) == given


@pytest.mark.parametrize(
    ("channel_type", "given", "told"),
    [
        ("email", {"sender": "a@b.c"}, "Extra inputs"),
        ("email", {"json_overrides": "no json"}, "must be a JSON object"),
        ("sms", {"payload_overrides": "[]"}, "must be a JSON object"),
        ("http", {"url": "http://example.com"}, "must begin with https"),
        ("http", {"method": "head"}, "Input should be"),
        ("http", {"input_schema": {"type": "string"}}, "must be a JSON Schema of an object"),
        ("in_app_feed", {"response_filters": {"data": {}}}, "must be true, false"),
        ("in_app_feed", {"response_filters": {"data": {"only": ["a"], "except": ["b"]}}}, "must be true"),
        ("in_app_feed", {"response_filters": {"tenant": True}}, "Extra inputs"),
        ("in_app", {"colour": "red"}, "Extra inputs"),
    ],
)
def test_what_a_channel_type_cannot_be_set_to_is_refused(
    channel_type: str, given: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        CHANNEL_SETTINGS[ChannelType(channel_type)].model_validate(given)
