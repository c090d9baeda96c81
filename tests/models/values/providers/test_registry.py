from collections import Counter
from uuid import UUID

from models.values.kinds import ChannelType
from models.values.providers import (
    CHANNEL_SETTINGS,
    PROVIDER_OF_ID,
    PROVIDERS,
    SINK_IDS,
    SINK_OF,
    SINKS,
    WITHOUT_SETTINGS,
    providers_of,
)


def test_there_are_as_many_providers_as_knock_has() -> None:
    known = Counter(one.channel_type for one in PROVIDERS if one not in SINKS)
    assert known == {
        ChannelType.EMAIL: 13,
        ChannelType.SMS: 10,
        ChannelType.PUSH: 5,
        ChannelType.CHAT: 4,
        ChannelType.IN_APP_FEED: 1,
        ChannelType.IN_APP_GUIDE: 1,
        ChannelType.HTTP: 1,
    }


def test_no_two_providers_share_an_id_and_each_begins_with_its_channel_type() -> None:
    assert len(PROVIDER_OF_ID) == len(PROVIDERS)
    assert all(one.id.startswith(f"{one.channel_type}_") for one in PROVIDERS)


def test_every_channel_type_has_settings_and_a_provider() -> None:
    assert CHANNEL_SETTINGS.keys() == set(ChannelType)
    assert all(providers_of(one) for one in ChannelType)


def test_every_channel_type_has_a_sink_with_an_id_of_its_own() -> None:
    assert list(SINK_OF) == ["email", "in_app_feed", "in_app_guide", "sms", "push", "chat", "http", "in_app"]
    assert SINK_OF[ChannelType.IN_APP].channel_id == UUID("5117c000-0000-4000-8000-000000000008")
    assert SINK_OF[ChannelType.IN_APP_FEED].key == "sink-in-app-feed"
    assert [f"{one}_sink" for one in SINK_OF] == SINK_IDS


def test_only_providers_without_settings_work_everywhere() -> None:
    assert WITHOUT_SETTINGS == ["email_knock", "in_app_feed_knock", "in_app_guide_knock"]
