"""Channel data as callers give it, and the one form it is stored in (E-TRIGGER-12)."""

from typing import Any

import pytest

from models.values.channel_data import ChannelDataMistake, channel_data_of, check_wanted
from models.values.kinds import ChannelType


def device(address: str, name: str = "token", **more: Any) -> dict[str, Any]:
    return {name: address, "locale": None, "timezone": None, **more}


@pytest.mark.rule("E-TRIGGER-12")
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"tokens": ["a", "b", "a"]}, {"tokens": ["a", "b"], "devices": [device("a"), device("b")]}),
        (
            {"devices": [{"token": "a", "timezone": "Europe/Paris"}]},
            {"tokens": ["a"], "devices": [device("a", timezone="Europe/Paris")]},
        ),
        (
            {"tokens": ["a", "b"], "devices": [{"token": "b", "locale": "fr", "model": "X"}]},
            {"tokens": ["b", "a"], "devices": [device("b", locale="fr", model="X"), device("a")]},
        ),
        ({"tokens": []}, {"tokens": [], "devices": []}),
        ({"target_arns": ["arn"]}, {"target_arns": ["arn"], "devices": [device("arn", "target_arn")]}),
        (
            {"devices": [{"target_arn": "arn"}]},
            {"target_arns": ["arn"], "devices": [device("arn", "target_arn")]},
        ),
        (
            {"player_ids": ["7E9DC78C-b3b1-4127-a54e-71f1899b831a"]},
            {"player_ids": ["7e9dc78c-b3b1-4127-a54e-71f1899b831a"]},
        ),
        ({"connections": [{"channel_id": "C1"}]}, {"connections": [{"channel_id": "C1"}]}),
        ({"token": {"access_token": "t"}}, {"token": {"access_token": "t"}}),
        ({"anything": [1]}, {"anything": [1]}),
    ],
)
def test_data_is_kept_in_one_form(given: dict[str, Any], kept: dict[str, Any]) -> None:
    assert channel_data_of(given) == kept
    assert channel_data_of(kept) == kept


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("token", ""),
        (None, ""),
        ({"tokens": "a"}, "tokens"),
        ({"tokens": [7]}, "tokens[0]"),
        ({"devices": [{"locale": "fr"}]}, "devices[0]"),
        ({"devices": ["a"]}, "devices[0]"),
        ({"player_ids": ["not a uuid"]}, "player_ids[0]"),
        ({"connections": ["C1"]}, "connections[0]"),
        ({"token": "xoxb"}, "token"),
    ],
)
def test_data_of_another_shape_is_refused_at_its_field(given: Any, field: str) -> None:
    with pytest.raises(ChannelDataMistake) as mistake:
        channel_data_of(given)
    assert (mistake.value.field, bool(mistake.value.message)) == (field, True)


@pytest.mark.parametrize(
    ("channel_type", "data", "is_enough"),
    [
        (ChannelType.PUSH, {"tokens": []}, True),
        (ChannelType.PUSH, {"connections": []}, False),
        (ChannelType.CHAT, {"connections": []}, True),
        (ChannelType.CHAT, {"token": {"access_token": "t"}}, True),
        (ChannelType.CHAT, {"tokens": []}, False),
        (ChannelType.HTTP, {}, True),
    ],
)
def test_pushes_and_chats_need_something_they_can_use(
    channel_type: ChannelType, data: dict[str, Any], is_enough: bool
) -> None:
    if is_enough:
        check_wanted(data, channel_type)
        return
    with pytest.raises(ChannelDataMistake):
        check_wanted(data, channel_type)
