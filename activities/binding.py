"""Which channel a step is bound to: its own, or in development the sink of its type."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow

from activities.standing import Standing
from models.database import Connection
from models.tables.channels import find_channel, has_key
from models.values.development import ENVIRONMENT
from models.values.kinds import ChannelType
from models.values.providers import SINK_OF
from workflows_engine.steps.channel import ChannelStep

SINK_SENDER = "sink@tocsin.localhost"
"""Whom mails to the sink are from where nobody says otherwise."""
NO_GROUPS = "channel groups are not run by this release"


@dataclass(frozen=True)
class Bound:
    """The channel's row in this environment; `warning` says when it is not the one that was written."""

    channel: DictRow
    warning: str | None = None


@dataclass(frozen=True)
class Unbound:
    """Why there is no channel; `is_mistake` when the step names something that nobody created."""

    reason: str
    is_mistake: bool = False


async def bind(connection: Connection, standing: Standing, step: ChannelStep) -> Bound | Unbound:
    """The channel of a step, as the environment has it now (E-CHANNEL-2)."""
    environment_id = standing.facts["environment_id"]
    key = step.channel_key or step.channel_group_key or ""
    kind = "channel" if step.channel_key is not None else "channel group"
    if step.channel_key is not None:
        channel = await find_channel(connection, environment_id, step.channel_key)
        if channel is not None and channel["type"] == step.channel_type:
            return Bound(_sending(channel))
    missing = f'no {kind} "{key}" exists'
    if await has_key(connection, key):
        if step.channel_group_key is None:
            return Unbound(f'channel not configured: no {step.channel_type} channel "{key}" here')
        missing = NO_GROUPS
        if standing.facts["slug"] != ENVIRONMENT:
            return Unbound(NO_GROUPS)
    elif standing.facts["slug"] != ENVIRONMENT:
        return Unbound(f"{missing} in this account", is_mistake=True)
    sink = await find_channel(connection, environment_id, SINK_OF[ChannelType(step.channel_type)].key)
    if sink is None:
        return Unbound(f"{missing}, and the sink that would stand in for it was archived", is_mistake=True)
    return Bound(_sending(sink), f"{missing}: development's {step.channel_type} sink took the message")


def _sending(channel: DictRow) -> DictRow:
    """A mail needs a sender, also one that goes nowhere."""
    if channel["provider"] != SINK_OF[ChannelType.EMAIL].provider.id:
        return channel
    settings: dict[str, Any] = {"from_address": SINK_SENDER} | channel["channel_settings"]
    return {**channel, "channel_settings": settings}
