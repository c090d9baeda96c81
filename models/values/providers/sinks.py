"""Development's sinks: a channel of every type that keeps what it is sent, for the mailbox page."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.values.kinds import ChannelType
from models.values.providers.settings import NoSettings, Provider

_TYPES = (
    ChannelType.EMAIL,
    ChannelType.IN_APP_FEED,
    ChannelType.IN_APP_GUIDE,
    ChannelType.SMS,
    ChannelType.PUSH,
    ChannelType.CHAT,
    ChannelType.HTTP,
    ChannelType.IN_APP,
)
"""The order that numbers the sinks' ids."""


@dataclass(frozen=True)
class Sink:
    """The channel of the account that every instance has for this type."""

    channel_id: UUID
    key: str
    name: str
    provider: Provider


def _sink(number: int, channel_type: ChannelType) -> Sink:
    words = channel_type.replace("_", "-")
    name = f"Development sink for {words}"
    return Sink(
        channel_id=UUID(f"5117c000-0000-4000-8000-{number:012}"),
        key=f"sink-{words}",
        name=name,
        provider=Provider(f"{channel_type}_sink", name, channel_type, NoSettings, is_built=True),
    )


SINK_OF: Final = {
    channel_type: _sink(number, channel_type) for number, channel_type in enumerate(_TYPES, start=1)
}
SINKS: Final = tuple(sink.provider for sink in SINK_OF.values())
SINK_CHANNELS: Final = frozenset(sink.channel_id for sink in SINK_OF.values())
