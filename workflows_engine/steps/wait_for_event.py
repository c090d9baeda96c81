"""The wait for event step: pauses until something happens (E-WAITEVENT)."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from models.values.conditions import AllOf, Condition, ConditionGroup
from models.values.durations import Duration
from models.values.topics import topic_of
from pydantic import model_validator
from temporalio import workflow

from workflows_engine.effects.pauses import LookAsk, look_for_event, register_wait
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Reference, Step, Written

LONGEST_WAIT = timedelta(days=30)
DEFAULT_WAIT = timedelta(minutes=15)
EPOCH = datetime(2024, 2, 1, tzinfo=UTC)

MESSAGE_EVENTS = (
    "created",
    "queued",
    "sent",
    "not_sent",
    "delivered",
    "delivery_attempted",
    "undelivered",
    "bounced",
    "read",
    "unread",
    "seen",
    "unseen",
    "archived",
    "unarchived",
    "interacted",
    "link_clicked",
)
EVENT_KEYS: dict[str, tuple[str, ...]] = {
    "message": MESSAGE_EVENTS,
    "workflow": ("started", "completed"),
    "audience": ("enter", "exit"),
    "recipient": ("updated",),
}
"""What may happen, by the type of event; a source's events have the names that it gives them."""
NEEDED: dict[str, frozenset[str]] = {
    "integration_source": frozenset({"event_key", "integration_source_key"}),
    "message": frozenset({"event_key", "source_type", "source_key"}),
    "workflow": frozenset({"event_key", "source_key"}),
    "audience": frozenset({"event_key", "audience_key"}),
    "recipient": frozenset(),
}


class AwaitedEvent(Written):
    """What is waited for. Which keys belong to it depends on `event_type`."""

    event_type: Literal["integration_source", "message", "workflow", "audience", "recipient"]
    event_key: str | None = None
    integration_source_key: str | None = None
    source_type: Literal["workflow", "broadcast", "guide"] | None = None
    source_key: str | None = None
    audience_key: str | None = None

    @model_validator(mode="after")
    def _has_its_keys(self) -> "AwaitedEvent":
        given = {key for key, value in self.model_dump(exclude={"event_type"}).items() if value}
        needed = NEEDED[self.event_type]
        if missing := sorted(needed - given):
            raise ValueError(f"an event of type {self.event_type} needs {' and '.join(missing)}")
        if beside := sorted(given - needed - {"event_key"}):
            raise ValueError(f"an event of type {self.event_type} has no {' and no '.join(beside)}")
        known = EVENT_KEYS.get(self.event_type)
        if self.event_key and known is not None and self.event_key not in known:
            raise ValueError(f"event_key of type {self.event_type} is one of {', '.join(known)}")
        return self

    @property
    def topic(self) -> str:
        """What an event must be filed under to be looked at."""
        names = {
            "message": (self.source_type, self.source_key, self.event_key),
            "workflow": (self.source_key, self.event_key),
            "integration_source": (self.integration_source_key, self.event_key),
            "audience": (self.audience_key, self.event_key),
            "recipient": ("updated",),
        }
        return topic_of(self.event_type, *names[self.event_type])


class MatchGroup(Written):
    """Conditions on the event that must all hold."""

    operator: Literal["and"] = "and"
    conditions: list[Condition] = []


class WaitSettings(Written):
    """What to wait for and how long, and what to do then: go on, or halt the run."""

    event: AwaitedEvent
    expires_after: Duration | None = None
    match_conditions: list[MatchGroup] | None = None
    on_match: Literal["continue", "halt"] | None = None
    on_timeout: Literal["continue", "halt"] | None = None

    @model_validator(mode="after")
    def _is_a_wait(self) -> "WaitSettings":
        if self.event.event_type in ("message", "workflow") and not self.match_conditions:
            raise ValueError(f"an event of type {self.event.event_type} needs match_conditions")
        wait = self.expires_after
        if wait is not None and not timedelta(0) < wait.after(EPOCH) - EPOCH <= LONGEST_WAIT:
            raise ValueError("a wait expires after more than nothing and at most 30 days")
        return self

    @property
    def matching(self) -> ConditionGroup | None:
        """The groups as one: any of them lets an event match (E-WAITEVENT-6)."""
        groups = [AllOf(all=group.conditions) for group in self.match_conditions or []]
        return ConditionGroup(any=list(groups)) if groups else None

    def expires_at(self, now: datetime) -> datetime:
        """At most 30 days ahead, also where the months between are long (E-WAITEVENT-3)."""
        if self.expires_after is None:
            return now + DEFAULT_WAIT
        return min(self.expires_after.after(now), now + LONGEST_WAIT)


class WaitForEventPlan(PlannedStep):
    """What travels: the ref; the wait, its event and what it said of others are rows."""

    type: Literal["wait_for_event"] = "wait_for_event"

    async def run(self, run: Run) -> Next:
        answer = await run.perform(self, register_wait)
        look = 0
        while answer.until is not None:
            if look > 0 and not answer.more:
                # The row says what happened (D31): the first look is for what came while it was written.
                await run.pause(self, answer.until, "waiting for an event")
            look += 1
            answer = await look_for_event(self._about(run, look), summary=f"{self.ref}: look for event")
            if answer.until is not None and (renewed := await run.renew(self, look)) is not None:
                return renewed
        return run.settle(self, answer) or GoOn()

    def _about(self, run: Run, look: int) -> LookAsk:
        wish = run.take_wish()
        now = workflow.now()
        return LookAsk(
            environment_id=run.given.environment_id,
            recipient_run_id=run.given.recipient_run_id,
            step_ref=self.ref,
            attempt=look,
            now=now,
            incarnation=run.given.incarnation,
            is_cancelled=run.cancel is not None,
            until=None if wish is None else wish.until or now,
        )


class WaitForEventStep(Step):
    """The first event that matches ends the wait (E-WAITEVENT-10)."""

    type: Literal["wait_for_event"]
    settings: WaitSettings

    def plan(self) -> WaitForEventPlan:
        return WaitForEventPlan(ref=self.ref)

    def references(self) -> list[Reference]:
        event = self.settings.event
        if event.audience_key:
            return [Reference("audience", event.audience_key, "settings.event.audience_key")]
        if event.integration_source_key:
            return [
                Reference("source", event.integration_source_key, "settings.event.integration_source_key")
            ]
        kind = "workflow" if event.event_type == "workflow" else event.source_type
        if event.source_key and kind in ("workflow", "guide"):
            named: Literal["workflow", "guide"] = "guide" if kind == "guide" else "workflow"
            return [Reference(named, event.source_key, "settings.event.source_key")]
        return []
