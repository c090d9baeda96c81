"""Channel groups as Knock's management API takes and shows them."""

from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field

from api.errors import InvalidParams
from api.management_pages import ManagementPageInfo
from api.schemas import channels
from api.schemas.channels import Channel, VisibleIn
from api.schemas.resource import Moment
from models.values.channel_groups import GroupOperator, RuleOperator, RuleType, rule_mistake
from models.values.kinds import ChannelType


class ChannelGroupRuleRequest(BaseModel):
    """When a group uses a channel; without `index` the rule's place in the list counts."""

    model_config = ConfigDict(extra="forbid")

    channel_key: str = Field(min_length=1)
    rule_type: RuleType
    index: int | None = Field(default=None, ge=0, le=10_000)
    variable: str | None = None
    operator: RuleOperator | None = None
    argument: str | None = None


class ChannelGroupRequest(BaseModel):
    """A group; absent `channel_rules` and `visible_in` stay as they are."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=255)
    channel_type: ChannelType
    operator: GroupOperator = GroupOperator.ANY
    channel_rules: list[ChannelGroupRuleRequest] | None = None
    visible_in: list[VisibleIn] | None = None


class WrappedChannelGroupRequestRequest(BaseModel):
    channel_group: ChannelGroupRequest


class ChannelGroupRule(BaseModel):
    index: int
    rule_type: str
    channel: Channel
    variable: str | None
    operator: str | None
    argument: str | None
    created_at: Moment
    updated_at: Moment


class ChannelGroup(BaseModel):
    key: str
    name: str
    channel_type: str
    operator: str
    source: str
    visible_in: list[VisibleIn]
    channel_rules: list[ChannelGroupRule]
    created_at: Moment
    updated_at: Moment
    archived_at: Moment | None


class WrappedChannelGroupResponse(BaseModel):
    channel_group: ChannelGroup


class PaginatedChannelGroupResponse(BaseModel):
    entries: list[ChannelGroup]
    page_info: ManagementPageInfo


def group(row: DictRow, rules: list[DictRow]) -> ChannelGroup:
    """`rules` are those of the group, in order."""
    same = ("key", "name", "channel_type", "operator", "source", "visible_in", "archived_at")
    return ChannelGroup(
        **{name: row[name] for name in same},
        channel_rules=[_rule(one) for one in rules],
        created_at=row["inserted_at"],
        updated_at=row["updated_at"],
    )


def checked_rules(
    request: ChannelGroupRequest, known: dict[str, DictRow]
) -> list[tuple[int, ChannelGroupRuleRequest]]:
    """The rules with their indexes, in order; `known` are the channels by key. Raises InvalidParams."""
    errors: list[dict[str, str]] = []
    indexed: dict[int, ChannelGroupRuleRequest] = {}
    for place, rule in enumerate(request.channel_rules or []):
        index = place if rule.index is None else rule.index
        mistake = _channel_mistake(rule, request.channel_type, known) or rule_mistake(
            rule.rule_type, rule.variable, rule.operator, rule.argument
        )
        if mistake is None and index in indexed:
            mistake = ("index", f"{index} is that of another rule")
        if mistake is not None:
            field, message = mistake
            errors.append(
                {
                    "field": f"channel_group.channel_rules[{place}].{field}",
                    "message": message,
                    "type": "invalid",
                }
            )
        indexed[index] = rule
    if errors:
        told = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
        raise InvalidParams(f"The channel group is not valid. {told}", errors)
    return sorted(indexed.items(), key=lambda item: item[0])


def _channel_mistake(
    rule: ChannelGroupRuleRequest, channel_type: ChannelType, known: dict[str, DictRow]
) -> tuple[str, str] | None:
    channel = known.get(rule.channel_key)
    if channel is None:
        return "channel_key", f'there is no channel "{rule.channel_key}"'
    if channel["type"] != channel_type:
        return (
            "channel_key",
            f'"{rule.channel_key}" is of type {channel["type"]}, the group of {channel_type}',
        )
    return None


def _rule(row: DictRow) -> ChannelGroupRule:
    same = ("index", "rule_type", "variable", "operator", "argument")
    return ChannelGroupRule(
        **{name: row[name] for name in same},
        channel=channels.channel(_with_moments(row["channel"])),
        created_at=row["inserted_at"],
        updated_at=row["updated_at"],
    )


def _with_moments(channel: dict[str, Any]) -> dict[str, Any]:
    """Moments inside the database's JSON are texts."""
    moments = ("inserted_at", "updated_at", "archived_at")
    return channel | {name: channel[name] and datetime.fromisoformat(channel[name]) for name in moments}
