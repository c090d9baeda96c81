"""A simulation's timeline for people: the moment, who, and what happened to them, in words."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby

from cli.mailbox.rendered import shown_of
from cli.why.sentences import Line, because, sentence
from models.values.given import GivenRecipient
from simulation.scenario import Cancelling, Engaging, Event, Setting, Triggering
from simulation.simulate import Happened, Played, Simulation
from simulation.timeline import Entry

MOST_LINES = 12
"""Of one message's text."""
MOST_NAMES = 5
QUIET = ("run_completed",)
"""Lines of runs that only say that all is over, unless that was before its time."""


def as_text(simulation: Simulation, played: Played) -> str:
    """One paragraph a moment: what happened from outside, then what came of it for each recipient."""
    lines = [
        f"{simulation.workflow} from {_time(simulation.start)}, {_span(simulation.duration)}; times are UTC"
    ]
    told: list[tuple[datetime, int, list[str]]] = []
    told += [(one.at, number, list(_of_event(one))) for number, one in enumerate(played.happened)]
    first = len(told)
    shown = [entry for entry in played.entries if entry.outcome is not None or entry.event not in QUIET]
    told += [(one.at, number, list(_of_entry(one))) for number, one in enumerate(shown, start=first)]
    told.sort(key=lambda one: one[:2])
    for at, happenings in groupby(told, key=lambda one: one[0]):
        lines += ["", f"{_time(at)}  (+{_span(at - simulation.start)})"]
        lines += [f"  {line}" for _, _, several in happenings for line in several]
    return "\n".join([*lines, "", _total(played)])


def _of_event(happened: Happened) -> Iterator[str]:
    yield f"» {_told(happened.event)}"
    if happened.refusal is not None:
        yield f"    came to nothing: {happened.refusal}"


def _told(event: Event) -> str:
    for given in (event.trigger, event.cancel, event.engage, event.set):
        match given:
            case Triggering():
                by = f" by {given.actor.ref}" if given.actor else ""
                tenant = f", tenant {given.tenant.id}" if given.tenant else ""
                return f"trigger {given.workflow or ''} for {_names(given.recipients)}{by}{tenant}".replace(
                    "  ", " "
                )
            case Cancelling():
                whom = f" for {_names(given.recipients)}" if given.recipients else ""
                return f"cancel “{given.cancellation_key}”{whom}"
            case Engaging():
                return f"{given.recipient.ref}: {given.status} {given.step_ref}"
            case Setting():
                one = given.user or given.object or given.tenant
                return (
                    f"set {one.ref if one else ''}: {', '.join(sorted(one.properties or {}) if one else [])}"
                )
    assert event.event is not None  # the scenario was checked
    whom = f" for {event.event.recipient.ref}" if event.event.recipient else ""
    return f"event {event.event.event_type} {event.event.event_key}{whom}"


def _of_entry(entry: Entry) -> Iterator[str]:
    who = str(entry.recipient)
    if entry.content is None:
        # Who cancels does so at the moment it stands below; its row carries the time of the real clock.
        data = {name: value for name, value in entry.data.items() if name != "cancelled_at"}
        line = Line(entry.event, entry.step_ref, data=data)
        yield f"{who}  {sentence(line)}"
        yield from (f"{' ' * len(who)}    · {reason}" for reason in because(line))
        return
    yield f"{who}  {entry.step_ref}: {entry.channel_type} {entry.outcome}"
    shown = shown_of(entry.channel_type, entry.content)
    lines = [*filter(None, [str(shown.get("subject") or "")]), *str(shown.get("text") or "").splitlines()]
    lines = [line.rstrip() for line in lines if line.strip()]
    yield from (f"{' ' * len(who)}    | {line}" for line in lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        yield f"{' ' * len(who)}    | … and {len(lines) - MOST_LINES} lines more"


def _total(played: Played) -> str:
    messages = sum(entry.content is not None for entry in played.entries)
    skipped = sum(entry.outcome == "skipped" for entry in played.entries)
    failed = sum(entry.outcome == "failed" for entry in played.entries)
    failures = f", {failed} failed" if failed else ""
    return f"{messages} {'message' if messages == 1 else 'messages'}, {skipped} skipped{failures}"


def _names(recipients: list[GivenRecipient]) -> str:
    names = [str(one.ref) for one in recipients[:MOST_NAMES]]
    more = len(recipients) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _time(moment: datetime) -> str:
    return f"{moment:%a %d %b %Y %H:%M:%S}"


def _span(span: timedelta) -> str:
    """As events.json spells it, e.g. 1d12h."""
    left, parts = int(span.total_seconds()), []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        value, left = divmod(left, seconds)
        if value:
            parts.append(f"{value}{unit}")
    return "".join(parts) or "0s"
