"""Performs channel steps: which channels, then each one's messages, written once (E-CHANNEL, D24)."""

from dataclasses import dataclass, field, replace
from typing import Any

from activities.binding import Bound, Unbound, bind
from activities.considering import Case, Passed, consider
from activities.destinations import Addresses, addresses_of
from activities.group_rules import choose
from activities.judging import judged, why_skipped
from activities.ledger import LedgerKey, Writing
from activities.messages import Drafted
from activities.performs import performs
from activities.runs import closing
from activities.scopes import build_scope
from activities.standing import Standing, load
from activities.step_log import failure
from activities.versions import Versions
from dispatch.temporal import Temporal
from dispatch.waking import wake_for_messages, wake_for_run
from models.database import Connection, Database
from models.parts import Part
from models.tables.audience_members import member_part
from models.tables.recipient_runs import Ending, status_part
from models.tables.run_events import LogLine, log_part
from models.tables.waits import awaited_message_part, awaited_run_part
from models.values.kinds import Outcome, RunStatus
from models.values.topics import message_topic
from rendering.environment import TemplateError
from workflows_engine import effects
from workflows_engine.conditions import Judgement
from workflows_engine.effects.steps import ComposeAnswer, Scheduled, StepAnswer, StepAsk, Verdict
from workflows_engine.scope import RunScope
from workflows_engine.steps.channel import InAppGuideStep

MESSAGE_AWAITED = "awaited"
END_AWAITED = "awaited_end"


@dataclass(frozen=True)
class Draft:
    """What was thought before anything is written: the answer, lines of the log, messages and the rest."""

    answer: ComposeAnswer
    lines: list[LogLine] = field(default_factory=list)
    messages: list[Drafted] = field(default_factory=list)
    others: list[Part] = field(default_factory=list)


class ChannelSteps:
    """Performs `compose_messages`."""

    def __init__(
        self,
        database: Database,
        versions: Versions,
        temporal: Temporal | None = None,
        *,
        settles: bool = True,
    ) -> None:
        """Without `temporal` nobody is told of messages that they wait for.

        `settles`: a last step may end its run.
        """
        self._database = database
        self._versions = versions
        self._temporal = temporal
        self._settles = settles

    @performs(effects.compose_messages)
    async def compose_messages(self, ask: StepAsk) -> ComposeAnswer:
        """Read, think, then one write; whoever comes second hears the first's message ids."""
        async with self._database.connection() as connection:
            standing, draft = await self._draft(connection, ask)
            if standing.facts["cancellation_key"] is None:
                draft = self._closed(ask, draft)
                writing = _writing(ask, standing, draft)
                stored = await writing.write(connection)
            else:
                async with connection.transaction():
                    stop = await standing.cancelled_meanwhile(connection)
                    draft = draft if stop is None else Draft(ComposeAnswer(**stop.model_dump()))
                    draft = self._closed(ask, draft)
                    writing = _writing(ask, standing, draft)
                    stored = await writing.write(connection)
        answer = draft.answer if stored is None else ComposeAnswer.model_validate(stored)
        await self._wake(ask, answer, writing.awaited)
        return answer

    async def _wake(self, ask: StepAsk, answer: ComposeAnswer, awaited: set[str]) -> None:
        if self._temporal is None:
            return
        place = (self._database, self._temporal, ask.environment_id)
        if MESSAGE_AWAITED in awaited:
            await wake_for_messages(*place, answer.message_ids)
        if END_AWAITED in awaited:
            await wake_for_run(*place, ask.recipient_run_id, "completed")

    def _closed(self, ask: StepAsk, draft: Draft) -> Draft:
        """The run finishes with its last step where nothing is left to be sent."""
        answer = draft.answer
        is_sent = not (answer.to_deliver or answer.scheduled)
        is_done = answer.verdict in (Verdict.DONE, Verdict.SKIP) and is_sent
        if not (self._settles and ask.closes and is_done):
            return draft
        return replace(draft, answer=answer.model_copy(update={"is_settled": True}))

    async def _draft(self, connection: Connection, ask: StepAsk) -> tuple[Standing, Draft]:
        standing = await load(connection, self._versions, ask)
        if standing.stop is not None:
            return standing, Draft(ComposeAnswer(**standing.stop.model_dump()))
        step = standing.version.definition.step(ask.step_ref)
        bound = await bind(connection, standing, step)
        scope = await build_scope(connection, standing)
        if isinstance(bound, Unbound):
            own = judged(step.conditions, scope, ask.now)
            # Where the conditions do not hold, nobody asks for a channel that does not exist.
            passes = bound.is_mistake and not own.holds
            return standing, _not_held(own) if passes else _unbound(ask, bound)
        addresses = await addresses_of(connection, standing, [one.channel for one in bound.members])
        return standing, think(ask, standing, bound, scope, addresses)


def _writing(ask: StepAsk, standing: Standing, draft: Draft) -> Writing:
    run = (ask.environment_id, ask.recipient_run_id)
    key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"compose:{ask.attempt}")
    writing = Writing(key, draft.answer, ask.now)
    if draft.answer.is_settled:
        ending = Ending(*run, Outcome.FINISHED, None, ask.now)
        writing.add(*closing(ending, None))
        writing.add(replace(awaited_run_part(*run, "completed"), name=END_AWAITED))
    elif standing.was_paused and draft.answer.verdict is not Verdict.STOP:
        writing.add(status_part(*run, RunStatus.PROCESSING, ask.now))
    for number, line in enumerate(draft.lines):
        full = replace(line, step_ref=ask.step_ref, step_type="channel")
        writing.add(replace(log_part(*run, full, ask.now), name=f"said_{number}"))
    for number, drafted in enumerate(draft.messages):
        writing.add(*drafted.parts(ask, number))
    writing.add(*draft.others)
    if draft.messages:
        told = {event for drafted in draft.messages for event in ("created", drafted.message.status)}
        topics = [message_topic("workflow", standing.version.key, event) for event in sorted(told)]
        writing.add(awaited_message_part(ask.environment_id, standing.ref, topics))
    return writing


def think(ask: StepAsk, standing: Standing, bound: Bound, scope: RunScope, addresses: Addresses) -> Draft:
    """The messages of every channel in use; the step is skipped when none of them sends (E-CHANNEL-10)."""
    step = standing.version.definition.step(ask.step_ref)
    if standing.facts["window_id"] is not None and scope.total_activities == 0:
        return _skipped("empty batch")
    own = judged(step.conditions, scope, ask.now)
    chosen = choose(bound, scope, ask.now)
    if not chosen.members:
        return _skipped("channel group no match", {"rules": chosen.trace}) if own.holds else _not_held(own)
    case = Case(ask, standing, step, scope, addresses, own)
    messages: list[Drafted] = []
    passed: list[tuple[str, Passed]] = []
    try:
        for member in chosen.members:
            found = consider(case, member)
            if isinstance(found, Passed):
                passed.append((member.channel["key"], found))
            else:
                messages += found
    except TemplateError as error:
        return _failed(ask, error)
    if not messages:
        return _all_passed(bound, passed)
    return _enqueued(case, messages, passed, bound.warning)


def _skipped(reason: str, seen: dict[str, Any] | None = None) -> Draft:
    line = LogLine(event="step_skipped", data={"reason": reason} | (seen or {}))
    return Draft(ComposeAnswer(verdict=Verdict.SKIP, reason=reason), [line])


def _not_held(own: Judgement) -> Draft:
    """The step's conditions come before anything about its channel (E-CHANNEL-4)."""
    return _skipped(why_skipped(own), {"conditions": {"step": own.trace}})


def _all_passed(bound: Bound, passed: list[tuple[str, Passed]]) -> Draft:
    """One channel says why; of a group the first does, beside what each of them said."""
    first = passed[0][1]
    if bound.group_key is None:
        return _skipped(first.reason, first.seen)
    channels = [{"channel": key, "reason": one.reason, **one.seen} for key, one in passed]
    return _skipped(first.reason, {"channels": channels})


def _unbound(ask: StepAsk, unbound: Unbound) -> Draft:
    """A channel that nobody created is the author's mistake, and no later try finds it."""
    if not unbound.is_mistake:
        return _skipped(unbound.reason)
    line = LogLine(event="step_failed", status="error", attempt=ask.attempt, data={"error": unbound.reason})
    return Draft(ComposeAnswer(verdict=Verdict.FAIL, reason="the step's channel does not exist"), [line])


def _failed(ask: StepAsk, error: TemplateError) -> Draft:
    where = f" in line {error.line}" if error.line else ""
    # What the template says may quote data: it belongs into our log, not into Temporal's history (D23).
    answer: StepAnswer = failure(ask, f"template error{where}")
    data = {"error": f"template error{where}: {error.message}"}
    line = LogLine(event="step_failed", status="error", attempt=ask.attempt, data=data)
    return Draft(ComposeAnswer(**answer.model_dump()), [line])


def _enqueued(
    case: Case, messages: list[Drafted], passed: list[tuple[str, Passed]], warning: str | None
) -> Draft:
    if warning is not None:
        messages = [
            replace(one, line=replace(one.line, data=(one.line.data or {}) | {"warning": warning}))
            for one in messages
        ]
    lines = [
        LogLine(event="channel_skipped", data={"channel": key, "reason": one.reason, **one.seen})
        for key, one in passed
    ]
    return Draft(_answer(messages), lines, messages, _joining(case))


def _answer(messages: list[Drafted]) -> ComposeAnswer:
    rows = [one.message for one in messages]
    told = f"message {rows[0].id} {rows[0].status}" if len(rows) == 1 else f"{len(rows)} messages"
    waiting = [row for row in rows if row.settled_at is None]
    return ComposeAnswer(
        reason=told,
        message_ids=[row.id for row in rows],
        to_deliver=[row.id for row in waiting if row.scheduled_at is None],
        scheduled=[
            Scheduled(message_id=row.id, due=row.scheduled_at)
            for row in waiting
            if row.scheduled_at is not None
        ],
    )


def _joining(case: Case) -> list[Part]:
    """A guide's step puts its reader among those whom the guide is shown to (E-CHANNEL-19)."""
    step, ask = case.step, case.ask
    if not isinstance(step, InAppGuideStep) or step.guide_key is None:
        return []
    tenant_id = case.standing.facts["tenant_id"]
    audience = guide_audience(step.guide_key)
    return [member_part(ask.environment_id, audience, case.standing.ref.id, tenant_id, ask.now)]


def guide_audience(guide_key: str) -> str:
    """The key of the audience behind a guide; no audience of people's own can have it."""
    return f"guide:{guide_key}"
