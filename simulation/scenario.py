"""What happens in a simulation, as events.json says it: triggers, cancels, reactions, changes, events."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from models.values.given import GivenMistake, GivenRecipient, GivenTenant
from workflows_engine.steps.wait_for_event import AwaitedEvent

SPANS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SPAN = re.compile(r"(?:\d+[smhdw])+")
START = datetime(2035, 1, 1, 9, 0, tzinfo=UTC)
"""When a simulation begins unless somebody says otherwise: a Monday morning, the same one in every run."""

T = TypeVar("T")


class ScenarioMistake(Exception):
    """What is wrong with the events, and where."""


def read_span(text: str) -> timedelta:
    """`90s`, `36h`, `7d`, `1d12h`; raises ValueError."""
    if not SPAN.fullmatch(text):
        raise ValueError(f"{text!r} is no span of time: write it as 0s, 15m, 36h, 7d, 2w or 1d12h")
    spans = re.findall(r"(\d+)([smhdw])", text)
    return sum((timedelta(**{SPANS[unit]: int(value)}) for value, unit in spans), timedelta())


def _moment(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError("must be a text: a span of time since the start, or an ISO time")
    if SPAN.fullmatch(given):
        return read_span(given)
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError(f"{given!r} is neither a span of time (0s, 36h, 1d12h) nor an ISO time") from None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _read(reader: Callable[[Any], T]) -> Callable[[Any], T]:
    def read(given: Any) -> T:
        try:
            return reader(given)
        except GivenMistake as mistake:
            where = f"{mistake.field}: " if mistake.field else ""
            raise ValueError(f"{where}{mistake.message}") from None

    return read


Given = Annotated[GivenRecipient, BeforeValidator(_read(GivenRecipient.read))]
Tenant = Annotated[GivenTenant, BeforeValidator(_read(GivenTenant.read))]


class Strict(BaseModel):
    """Says no to what it does not know."""

    model_config = ConfigDict(extra="forbid")


class Settings(Strict):
    """Switches of one trigger (E-TRIGGER-9)."""

    sandbox_mode: bool | None = None
    skip_delay: bool | None = None


class Triggering(Strict):
    """A call of the trigger endpoint; without a workflow the simulated one is meant."""

    workflow: str | None = None
    recipients: list[Given] = Field(min_length=1, max_length=1000)
    actor: Given | None = None
    tenant: Tenant | None = None
    data: dict[str, Any] | None = None
    cancellation_key: str | None = Field(default=None, min_length=1)
    settings: Settings | None = None


class Cancelling(Strict):
    """A call of the cancel endpoint."""

    workflow: str | None = None
    cancellation_key: str = Field(min_length=1)
    recipients: list[Given] | None = None


class Engaging(Strict):
    """What a recipient does with the messages that a step sent it so far."""

    workflow: str | None = None
    recipient: Given
    step_ref: str
    status: Literal["seen", "read", "interacted", "archived", "unseen", "unread", "unarchived"]


class Setting(Strict):
    """New properties of one user, object or tenant, merged as identification merges them."""

    user: Given | None = None
    object: Given | None = None
    tenant: Tenant | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Setting":
        if sum(one is not None for one in (self.user, self.object, self.tenant)) != 1:
            raise ValueError("must name exactly one: a user, an object or a tenant")
        if self.user is not None and not self.user.ref.is_user:
            raise ValueError(f"user: {self.user.ref} is an object; set it as one")
        if self.object is not None and self.object.ref.is_user:
            raise ValueError("object: id and collection are needed; without a collection it is a user")
        return self


class Awaited(Strict):
    """An event that somebody may wait for, of a kind that nothing else in a simulation brings about.

    What happens to messages, runs and recipients tells itself.
    """

    event_type: Literal["integration_source", "audience"]
    event_key: str
    integration_source_key: str | None = None
    audience_key: str | None = None
    recipient: Given | None = None
    data: dict[str, Any] = {}

    @model_validator(mode="after")
    def _names_its_topic(self) -> "Awaited":
        assert self.topic
        return self

    @property
    def topic(self) -> str:
        """What waits for such an event are filed under."""
        return AwaitedEvent(**self.model_dump(exclude={"recipient", "data"})).topic

    def payload(self, now: datetime) -> dict[str, Any]:
        """What match conditions see of it as `event` (E-WAITEVENT-7)."""
        ref = None if self.recipient is None else self.recipient.ref
        stamp = now.isoformat()
        if self.event_type == "integration_source":
            return {"data": self.data, "user_id": None if ref is None else ref.id, "inserted_at": stamp}
        recipient = None if ref is None else ref.to_api()
        told = {"audience_id": self.audience_key, "transition": self.event_key, "happened_at": stamp}
        return self.data | told | {"recipient": recipient}


def _only_one(event: "Event") -> "Event":
    given = [name for name in KINDS if getattr(event, name) is not None]
    if len(given) != 1:
        raise ValueError(f"must say exactly one of {', '.join(KINDS)}")
    return event


class Event(Strict):
    """One thing that happens, so long after the start or at that time."""

    at: Annotated[timedelta | datetime, BeforeValidator(_moment)]
    trigger: Triggering | None = None
    cancel: Cancelling | None = None
    engage: Engaging | None = None
    set: Setting | None = None
    event: Awaited | None = None

    def moment(self, start: datetime) -> datetime:
        return (start + self.at if isinstance(self.at, timedelta) else self.at).astimezone(UTC)


KINDS = ("trigger", "cancel", "engage", "set", "event")
OneEvent = Annotated[Event, AfterValidator(_only_one)]


class _Events(BaseModel):
    events: list[OneEvent]


def read_events(file: Path, start: datetime, end: datetime | None = None) -> list[Event]:
    """The events in the order they happen; raises ScenarioMistake that names file and place.

    None of them may lie before the start, or after the end if there is one.
    """
    try:
        text = file.read_text()
        if "\\u0000" in text:
            raise ScenarioMistake(f"{file}: Postgres keeps no text with a \\u0000 in it")
        events = _Events.model_validate({"events": json.loads(text)}).events
    except FileNotFoundError:
        raise ScenarioMistake(f"{file} is not there") from None
    except (ValueError, OSError) as error:
        raise ScenarioMistake(_told(file, error)) from error
    for number, event in enumerate(events):
        if event.moment(start) < start:
            begins = f"{start:%Y-%m-%dT%H:%M:%SZ}"
            raise ScenarioMistake(f"{file}: [{number}].at lies before the start, {begins}; see --from")
        if end is not None and event.moment(start) > end:
            ends = f"{end:%Y-%m-%dT%H:%M:%SZ}"
            raise ScenarioMistake(f"{file}: [{number}].at lies after the end, {ends}; see --for")
    return sorted(events, key=lambda event: event.moment(start))


def _told(file: Path, error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return f"{file} is no JSON: {error}"
    lines = []
    for mistake in error.errors():
        path = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in mistake["loc"][1:])
        lines.append(f"{file}: {path.lstrip('.')}: {mistake['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)
