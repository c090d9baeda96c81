"""Which channels of a group a run uses (E-CHANNEL-9)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from activities.binding import Bound, Member, Rule
from activities.judging import judged
from models.values.channel_groups import GroupOperator, RuleOperator, RuleType
from models.values.conditions import ConditionGroup
from workflows_engine.scope import RunScope


@dataclass(frozen=True)
class Chosen:
    """The channels used, in order and each once; of a group, what its rules came to."""

    members: list[Member]
    trace: list[dict[str, Any]]


def choose(bound: Bound, scope: RunScope, now: datetime) -> Chosen:
    """`any`: each channel whose own rule passes. `all`: every channel, if every rule passes."""
    if bound.group_key is None:
        return Chosen(bound.members, [])
    trace = [_judge(member.rule, bound.group_key, scope, now) for member in bound.members]
    for line, member in zip(trace, bound.members, strict=True):
        line["channel"] = member.channel["key"]
    passes = [bool(line["result"]) for line in trace]
    if bound.operator is GroupOperator.ALL:
        passes = [all(passes)] * len(passes)
    used = {
        member.channel["id"]: member for member, passed in zip(bound.members, passes, strict=True) if passed
    }
    return Chosen(list(used.values()), trace)


def is_in_cohort(group_key: str, recipient_id: str, percentage: Decimal) -> bool:
    """Whether a recipient is in so many per cent of a group's recipients, always the same ones."""
    digest = hashlib.sha256(f"{group_key}:{recipient_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % 1000 < percentage * 10


def _judge(rule: Rule, group_key: str, scope: RunScope, now: datetime) -> dict[str, Any]:
    """`result` says whether the rule passes; a condition that cannot be judged lets neither kind pass."""
    if rule.type is RuleType.ALWAYS:
        return {"rule": rule.type.value, "result": True}
    if rule.operator is RuleOperator.IS_IN_RANDOM_COHORT:
        held = is_in_cohort(group_key, scope.recipient["id"], Decimal(rule.argument or 0))
        told: list[Any] = [{"operator": rule.operator.value, "argument": rule.argument, "result": held}]
    else:
        leaf = {"variable": rule.variable, "operator": rule.operator, "argument": rule.argument}
        try:
            group = ConditionGroup.model_validate({"all": [leaf]})
        except ValidationError:
            return {"rule": rule.type.value, "result": False, "reason": "the rule cannot be read"}
        judgement = judged(group, scope, now, knows_messages=False)
        if judgement.unjudged is not None:
            return {"rule": rule.type.value, "result": False, "reason": judgement.unjudged}
        held, told = judgement.holds, judgement.trace
    return {"rule": rule.type.value, "result": held is (rule.type is RuleType.IF), "conditions": told}
