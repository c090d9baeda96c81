"""The wait for event step: pauses until something happens (E-WAITEVENT). Accepted, not run yet."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from models.values.conditions import Condition
from models.values.durations import Duration
from pydantic import model_validator

from workflows_engine.passing_over import not_run, unjudged
from workflows_engine.step import Reference, Step, Unsupported, Written

LONGEST_WAIT = timedelta(days=30)
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


class WaitForEventStep(Step):
    """The first event that matches ends the wait."""

    type: Literal["wait_for_event"]
    settings: WaitSettings

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

    def unsupported(self) -> list[Unsupported]:
        return not_run(self.type) + unjudged(self.conditions)
