"""What one channel of a step comes to: the checks of E-CHANNEL-4 in their order, then its messages."""

from dataclasses import dataclass, field, replace
from typing import Any

from activities.binding import Member
from activities.composition import compose, lacks
from activities.composition.composed import Occasion
from activities.destinations import MOST, Addresses, Destination
from activities.judging import judged, why_skipped
from activities.messages import IN_APP, Drafted, Sending, Totals, new_message
from activities.preferences import decide
from activities.standing import Standing
from models.ids import new_ksuid
from models.tables.run_events import LogLine
from models.values.conditions import ConditionGroup
from models.values.wall_time import zone_of
from workflows_engine.conditions import Judgement
from workflows_engine.effects.steps import StepAsk
from workflows_engine.scope import RunScope
from workflows_engine.send_windows import opening


@dataclass(frozen=True)
class Case:
    """One step of one run, as it stands now; `own` is what the step's own conditions came to."""

    ask: StepAsk
    standing: Standing
    step: Any
    scope: RunScope
    addresses: Addresses
    own: Judgement


@dataclass(frozen=True)
class Passed:
    """Why a channel sends nothing to this recipient (E-CHANNEL-7), and what was looked at."""

    reason: str
    seen: dict[str, Any] = field(default_factory=dict)


def consider(case: Case, member: Member) -> list[Drafted] | Passed:
    """One channel's messages; the first check that fails says why there are none. Raises TemplateError."""
    channel = member.channel
    if not member.is_configured:
        return Passed(f'channel not configured: no {case.step.channel_type} channel "{channel["key"]}" here')
    is_sandboxed = _is_sandboxed(case, member)
    conditions = _conditions(case, member, is_sandboxed=is_sandboxed)
    if isinstance(conditions, Passed):
        return conditions
    destinations = case.addresses.of(channel)
    if not destinations:
        what = "push tokens" if case.step.channel_type == "push" else "chat connections"
        return Passed(f"missing recipient data: the recipient has no {what} on this channel")
    occasion = Occasion(case.standing, channel, case.scope.for_templates(), case.ask.now)
    lacking = lacks(case.step, occasion)
    if lacking is not None:
        return Passed(lacking)
    decision = decide(case.standing, channel, case.scope, case.ask.now)
    seen = conditions | ({"preferences": decision.trace} if decision.trace else {})
    if not decision.allowed:
        return Passed("preferences", seen)
    if len(destinations) > MOST:
        seen["warning"] = f"sent to the first {MOST} of {len(destinations)} destinations"
    return [_drafted(case, occasion, one, seen, is_sandboxed=is_sandboxed) for one in destinations[:MOST]]


def _is_sandboxed(case: Case, member: Member) -> bool:
    """In-app channels know no sandbox (E-CHANNEL-11); a trigger can only switch it on (E-TRIGGER-9)."""
    if case.step.channel_type in IN_APP:
        return False
    return bool(member.channel["is_sandbox"]) or case.standing.setting("sandbox_mode")


def _conditions(case: Case, member: Member, *, is_sandboxed: bool) -> dict[str, Any] | Passed:
    """Those of the step and of the channel together (E-COND-28, E-COND-30); a sandbox has none of its own."""
    written = None if is_sandboxed else member.channel["conditions"]
    if written is None and case.step.conditions is None:
        return {}
    group = None if written is None else ConditionGroup(**written)
    channels = judged(group, case.scope, case.ask.now, knows_messages=False)
    holds = case.own.holds and channels.holds
    seen = {"conditions": {"result": holds, "step": case.own.trace, "channel": channels.trace}}
    return seen if holds else Passed(why_skipped(case.own, channels), seen)


def _drafted(
    case: Case, at: Occasion, destination: Destination, seen: dict[str, Any], *, is_sandboxed: bool
) -> Drafted:
    ask, step = case.ask, case.step
    message_id, stamp = new_ksuid(), ask.now.isoformat()
    scope = replace(case.scope, current_message={"id": message_id, "inserted_at": stamp, "updated_at": stamp})
    occasion = replace(at, scope=scope.for_templates(), destination=destination)
    composed = compose(step, occasion)
    opens = None if is_sandboxed else opening(step.send_windows, ask.now, _zone(case, destination))
    message = new_message(ask, occasion, scope, composed, Sending(is_sandboxed, opens))
    data: dict[str, Any] = {"channel_type": step.channel_type, "message_id": message_id} | seen
    if opens is not None:
        data["scheduled_at"] = opens.isoformat()
    line = LogLine(event="message_enqueued", data=data)
    return Drafted(message, line, Totals(scope.total_actors, scope.total_activities))


def _zone(case: Case, destination: Destination) -> Any:
    """A push device's zone goes before its owner's, that before the account's (E-CHANNEL-13)."""
    own = case.scope.recipient.get("timezone")
    return zone_of([destination.timezone, own, case.standing.facts["account_timezone"]])
