"""Performs channel steps: conditions, address, render, and the message's rows, once (E-CHANNEL-4, D24)."""

from dataclasses import dataclass, replace
from typing import Any

from activities.binding import Bound, Unbound, bind
from activities.composition import compose
from activities.composition.composed import Composed, NotComposed, Occasion
from activities.flattening import flattened
from activities.judging import judged, why_skipped
from activities.ledger import LedgerKey, Writing
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load
from activities.step_log import failure
from activities.versions import Versions
from models.database import Connection, Database
from models.ids import new_ksuid
from models.tables.feeds import NewFeedItem, feed_parts
from models.tables.messages import NewMessage, events_part, message_part
from models.tables.recipient_runs import LogLine, log_part, status_part
from models.values.conditions import ConditionGroup
from models.values.kinds import ChannelType, MessageStatus, RunStatus
from models.values.providers import SINK_IDS
from rendering.environment import TemplateError
from workflows_engine import effects
from workflows_engine.effects.steps import ComposeAnswer, StepAnswer, StepAsk, Verdict
from workflows_engine.scope import RunScope
from workflows_engine.send_windows import never_wait


@dataclass(frozen=True)
class Draft:
    """What was thought before anything is written: the answer, its log line, perhaps a message."""

    answer: ComposeAnswer
    line: LogLine | None = None
    message: NewMessage | None = None
    scope: RunScope | None = None


class ChannelSteps:
    """Performs `compose_messages`."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    @performs(effects.compose_messages)
    async def compose_messages(self, ask: StepAsk) -> ComposeAnswer:
        """Read, think, then one write; whoever comes second hears the first's message ids."""
        async with self._database.connection() as connection:
            standing, draft = await self._draft(connection, ask)
            if standing.facts["cancellation_key"] is None:
                stored = await _writing(ask, standing, draft).write(connection)
            else:
                async with connection.transaction():
                    stop = await standing.cancelled_meanwhile(connection)
                    draft = draft if stop is None else Draft(ComposeAnswer(**stop.model_dump()))
                    stored = await _writing(ask, standing, draft).write(connection)
        return draft.answer if stored is None else ComposeAnswer.model_validate(stored)

    async def _draft(self, connection: Connection, ask: StepAsk) -> tuple[Standing, Draft]:
        standing = await load(connection, self._versions, ask)
        if standing.stop is not None:
            return standing, Draft(ComposeAnswer(**standing.stop.model_dump()))
        step = standing.version.definition.step(ask.step_ref)
        bound = await bind(connection, standing, step)
        scope = await build_scope(connection, standing)
        if isinstance(bound, Unbound):
            return standing, _unbound(ask, bound)
        return standing, think(ask, standing, step, bound, scope)


def _writing(ask: StepAsk, standing: Standing, draft: Draft) -> Writing:
    run = (ask.environment_id, ask.recipient_run_id)
    key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"compose:{ask.attempt}")
    writing = Writing(key, draft.answer, ask.now)
    if standing.was_paused and draft.answer.verdict is not Verdict.STOP:
        writing.add(status_part(*run, RunStatus.PROCESSING, ask.now))
    if draft.line is not None:
        line = replace(draft.line, step_ref=ask.step_ref, step_type="channel")
        writing.add(log_part(*run, line, ask.now))
    message = draft.message
    if message is not None and draft.scope is not None:
        types = ("message.created", f"message.{message.status}")
        writing.add(message_part(message), events_part(ask.environment_id, message.id, types, ask.now))
        if message.content["__typename"] == "MessageInAppFeedContent":
            writing.add(*feed_parts(_feed_item(message, draft.scope)))
    return writing


def think(ask: StepAsk, standing: Standing, step: Any, bound: Bound, scope: RunScope) -> Draft:
    """The order of checks of E-CHANNEL-4; the first that fails skips the step and says why."""
    channel = bound.channel
    if channel["provider"] not in SINK_IDS and not never_wait(step.send_windows):
        return _skipped("send windows are not run by this release")
    if standing.facts["window_id"] is not None and scope.total_activities == 0:
        return _skipped("empty batch")
    sandbox = step.channel_type not in IN_APP and (channel["is_sandbox"] or standing.setting("sandbox_mode"))
    own = judged(step.conditions, scope, ask.now)
    # A sandboxed channel does not evaluate its own conditions (E-CHANNEL-11).
    group = None if sandbox or channel["conditions"] is None else ConditionGroup(**channel["conditions"])
    channels = judged(group, scope, ask.now)
    if not (own.holds and channels.holds):
        return _skipped(why_skipped(own, channels), {"step": own.trace, "channel": channels.trace})
    message_id = new_ksuid()
    stamp = ask.now.isoformat()
    scope = replace(scope, current_message={"id": message_id, "inserted_at": stamp, "updated_at": stamp})
    occasion = Occasion(standing, channel, scope.for_templates(), ask.now)
    try:
        composed = compose(step, occasion)
    except TemplateError as error:
        return _failed(ask, error)
    if isinstance(composed, NotComposed):
        return _skipped(composed.reason)
    status = _status(step.channel_type, sandbox=sandbox)
    message = _message(ask, occasion, scope, composed, status)
    return _enqueued(message, step.channel_type, scope, bound.warning)


IN_APP = (ChannelType.IN_APP, ChannelType.IN_APP_FEED, ChannelType.IN_APP_GUIDE)
"""Channels without a vendor: their messages are read from our own rows."""


def _status(channel_type: str, *, sandbox: bool) -> MessageStatus:
    if channel_type in IN_APP:
        return MessageStatus.DELIVERED  # it is readable as soon as it is committed (E-MSG-4)
    return MessageStatus.NOT_SENT if sandbox else MessageStatus.QUEUED


def _skipped(reason: str, trace: dict[str, Any] | None = None) -> Draft:
    data: dict[str, Any] = {"reason": reason} | ({"conditions": trace} if trace else {})
    line = LogLine(event="step_skipped", data=data)
    return Draft(ComposeAnswer(verdict=Verdict.SKIP, reason=reason), line)


def _unbound(ask: StepAsk, unbound: Unbound) -> Draft:
    """A channel that nobody created is the author's mistake, and no later try finds it."""
    if not unbound.is_mistake:
        return _skipped(unbound.reason)
    line = LogLine(event="step_failed", status="error", attempt=ask.attempt, data={"error": unbound.reason})
    return Draft(ComposeAnswer(verdict=Verdict.FAIL, reason="the step's channel does not exist"), line)


def _failed(ask: StepAsk, error: TemplateError) -> Draft:
    where = f" in line {error.line}" if error.line else ""
    # What the template says may quote data: it belongs into our log, not into Temporal's history (D23).
    answer: StepAnswer = failure(ask, f"template error{where}")
    data = {"error": f"template error{where}: {error.message}"}
    line = LogLine(event="step_failed", status="error", attempt=ask.attempt, data=data)
    return Draft(ComposeAnswer(**answer.model_dump()), line)


def _enqueued(message: NewMessage, channel_type: str, scope: RunScope, warning: str | None) -> Draft:
    queued = message.status == MessageStatus.QUEUED
    answer = ComposeAnswer(
        reason=f"message {message.id} {message.status}",
        message_ids=[message.id],
        to_deliver=[message.id] if queued else [],
    )
    data = {"channel_type": channel_type, "message_id": message.id}
    if warning is not None:
        data["warning"] = warning
    return Draft(answer, LogLine(event="message_enqueued", data=data), message, scope)


def _message(
    ask: StepAsk, occasion: Occasion, scope: RunScope, composed: Composed, status: MessageStatus
) -> NewMessage:
    standing = occasion.standing
    facts = standing.facts
    assert scope.current_message is not None  # its id was drawn before rendering (E-TEMPLATE-3)
    return NewMessage(
        id=scope.current_message["id"],
        environment_id=ask.environment_id,
        channel_id=occasion.channel["id"],
        recipient_collection=standing.ref.collection,
        recipient_id=standing.ref.id,
        recipient_snapshot=NO_SNAPSHOT | composed.snapshot,
        actors=[_reference(actor) for actor in scope.actors[-10:]],
        tenant_id=facts["tenant_id"],
        data=scope.data,
        source_type="workflow",
        workflow_key=standing.version.key,
        workflow_version_id=standing.version.id,
        workflow_categories=standing.version.definition.categories,
        step_ref=ask.step_ref,
        workflow_run_id=facts["workflow_run_id"],
        recipient_run_id=ask.recipient_run_id,
        window_id=facts["window_id"],
        status=status.value,
        content=composed.content,
        sending=composed.sending,
        settled_at=None if status is MessageStatus.QUEUED else ask.now,
        inserted_at=ask.now,
    )


NO_SNAPSHOT: dict[str, Any] = {
    "channel_id": None,
    "email": None,
    "name": None,
    "user_id": None,
    "via_incoming_webhook": None,
}
"""The contract's `recipient_snapshot`, before a composer fills in what its channel knows."""


def _reference(actor: dict[str, Any]) -> Any:
    if actor["__typename"] == "User":
        return actor["id"]
    return {"id": actor["id"], "collection": actor["collection"]}


def _feed_item(message: NewMessage, scope: RunScope) -> NewFeedItem:
    return NewFeedItem(
        message_id=message.id,
        environment_id=message.environment_id,
        channel_id=message.channel_id,
        user_id=message.recipient_id,
        tenant_id=message.tenant_id,
        workflow_key=message.workflow_key,
        workflow_version_id=message.workflow_version_id,
        workflow_categories=message.workflow_categories,
        recipient_run_id=message.recipient_run_id,
        window_id=message.window_id,
        actors=message.actors,
        total_actors=scope.total_actors,
        total_activities=scope.total_activities,
        data=flattened(message.data),
        blocks=message.content["blocks"],
        inserted_at=message.inserted_at,
    )
