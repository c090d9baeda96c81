"""Which channels a step is bound to: its own, its group's, or in development the sink of its type."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow

from activities.standing import Standing
from models.database import Connection
from models.tables.channel_groups import find_members
from models.tables.channels import find_channel, has_key
from models.values.channel_groups import GroupOperator, RuleOperator, RuleType
from models.values.development import ENVIRONMENT
from models.values.kinds import ChannelType
from models.values.providers import SINK_OF
from workflows_engine.steps.channel import ChannelStep

SINK_SENDER = "sink@tocsin.localhost"
"""Whom mails to the sink are from where nobody says otherwise."""


@dataclass(frozen=True)
class Rule:
    """When a group uses a channel (E-CHANNEL-9)."""

    type: RuleType = RuleType.ALWAYS
    variable: str | None = None
    operator: RuleOperator | None = None
    argument: str | None = None


@dataclass(frozen=True)
class Member:
    """A channel's row in this environment, and when the step's group uses it."""

    channel: DictRow
    rule: Rule = Rule()
    is_configured: bool = True


@dataclass(frozen=True)
class Bound:
    """The channels of a step in order; `warning` says when they are not the ones that were written."""

    members: list[Member]
    group_key: str | None = None
    operator: GroupOperator = GroupOperator.ANY
    warning: str | None = None


@dataclass(frozen=True)
class Unbound:
    """Why there is no channel; `is_mistake` when the step names something that nobody created."""

    reason: str
    is_mistake: bool = False


async def bind(connection: Connection, standing: Standing, step: ChannelStep) -> Bound | Unbound:
    """The channels of a step, as the environment has them now (E-CHANNEL-1, E-CHANNEL-2)."""
    environment_id = standing.facts["environment_id"]
    if step.channel_key is not None:
        channel = await find_channel(connection, environment_id, step.channel_key)
        if channel is not None and channel["type"] == step.channel_type:
            return Bound([Member(_sending(channel))])
        if await has_key(connection, step.channel_key):
            return Unbound(
                f'channel not configured: no {step.channel_type} channel "{step.channel_key}" here'
            )
        return await _sink(connection, standing, step, f'no channel "{step.channel_key}" exists')
    key = step.channel_group_key or ""
    rows = await find_members(connection, environment_id, key)
    if not rows:
        return await _sink(connection, standing, step, f'no channel group "{key}" exists')
    return _group(key, step.channel_type, rows)


def _group(key: str, channel_type: str, rows: list[DictRow]) -> Bound:
    members = [
        Member(
            channel=_sending(row),
            rule=Rule(
                type=RuleType(row["rule_type"]),
                variable=row["variable"],
                operator=None if row["operator"] is None else RuleOperator(row["operator"]),
                argument=row["argument"],
            ),
            is_configured=bool(row["is_configured"]) and row["type"] == channel_type,
        )
        for row in rows
        if row["rule_type"] is not None
    ]
    return Bound(members, key, GroupOperator(rows[0]["group_operator"]))


async def _sink(
    connection: Connection, standing: Standing, step: ChannelStep, missing: str
) -> Bound | Unbound:
    """In development the sink of the step's type stands in for what nobody created."""
    if standing.facts["slug"] != ENVIRONMENT:
        return Unbound(f"{missing} in this account", is_mistake=True)
    key = SINK_OF[ChannelType(step.channel_type)].key
    sink = await find_channel(connection, standing.facts["environment_id"], key)
    if sink is None:
        return Unbound(f"{missing}, and the sink that would stand in for it was archived", is_mistake=True)
    warning = f"{missing}: development's {step.channel_type} sink took the message"
    return Bound([Member(_sending(sink))], warning=warning)


def _sending(channel: DictRow) -> DictRow:
    """A mail needs a sender, also one that goes nowhere."""
    if channel["provider"] != SINK_OF[ChannelType.EMAIL].provider.id:
        return channel
    settings: dict[str, Any] = {"from_address": SINK_SENDER} | channel["channel_settings"]
    return {**channel, "channel_settings": settings}
