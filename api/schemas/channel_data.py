"""Channel data as the API shows it."""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import Field

from api.schemas.resource import Resource
from models.values.kinds import ChannelType

KNOCKS = {
    "push_fcm",
    "push_apns",
    "push_aws_sns",
    "push_expo",
    "push_one_signal",
    "chat_slack",
    "chat_ms_teams",
    "chat_discord",
}
"""Providers that Knock's clients know of in channel data; they refuse answers with others."""


class ChannelData(Resource):
    """What one channel knows of a recipient."""

    typename: str = Field("ChannelData", alias="__typename")
    channel_id: UUID
    provider: str | None
    data: dict[str, Any]

    @classmethod
    def of(cls, channel: DictRow, data: dict[str, Any]) -> "ChannelData":
        """Chat channels always list connections: a tenant whose app is installed may have none."""
        is_chat = channel["type"] == ChannelType.CHAT
        shown = {"connections": [], **data} if is_chat else data
        provider = channel["provider"] if channel["provider"] in KNOCKS else None
        return cls(channel_id=channel["id"], provider=provider, data=shown)
