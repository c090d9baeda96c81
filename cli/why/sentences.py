"""The run log in a person's words: a sentence for each kind of line, and what was looked at below it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cli.why.traces import about_conditions, about_preferences


@dataclass(frozen=True)
class Line:
    """A line of a run's log as the API shows it (E-DEBUG-2)."""

    event: str
    step_ref: str | None = None
    status: str = "ok"
    attempt: int = 1
    data: Mapping[str, Any] = field(default_factory=dict)

    def get(self, name: str, otherwise: Any = "") -> Any:
        value = self.data.get(name)
        return otherwise if value is None else value

    @property
    def reason(self) -> str:
        return str(self.get("reason", None) or self.get("error", None) or "no reason is written down")


def sentence(line: Line) -> str:
    """What happened; a kind of line that nobody knows is told by its name."""
    known = SENTENCES.get(line.event)
    told = known(line) if known is not None else line.event.replace("_", " ")
    warning = f" (warning: {line.get('warning')})" if line.get("warning") else ""
    where = f"{line.step_ref}: " if line.step_ref else ""
    return f"{where}{told}{warning}"


def because(line: Line) -> Iterator[str]:
    """What was looked at: conditions, preferences, channels of a group, an exchange with a server."""
    yield from about_conditions(line.data.get("conditions"))
    yield from about_conditions(line.data.get("rules"))
    yield from _branches(line)
    if isinstance(preferences := line.data.get("preferences"), Mapping):
        yield from about_preferences(preferences)
    for channel in line.get("channels", []):
        yield f"channel {channel.get('channel')}: {channel.get('reason')}"
        yield from about_conditions(channel.get("conditions"))
    yield from _exchange(line)


def _branches(line: Line) -> Iterator[str]:
    for branch in line.get("branches", []):
        conditions = list(about_conditions(branch))
        if conditions:
            yield f"branch “{branch.get('branch') or branch.get('name')}”:"
            yield from (f"  {condition}" for condition in conditions)


def _exchange(line: Line) -> Iterator[str]:
    request, response = line.data.get("request"), line.data.get("response")
    if isinstance(request, Mapping) and "url" in request:
        answer = response.get("status") if isinstance(response, Mapping) else "no answer"
        took = f" after {line.get('duration_ms'):.0f} ms" if line.get("duration_ms") else ""
        yield f"{request.get('method', 'GET')} {request['url']} → {answer}{took}"


# --- one for each kind ----------------------------------------------------------------------------------


def _skipped(line: Line) -> str:
    reasons = {
        "conditions": "its conditions did not hold",
        "preferences": "the recipient prefers not to get it",
        "empty batch": "everything that was gathered has been cancelled",
        "channel group no match": "no channel of its group applies",
    }
    return f"skipped, since {reasons.get(line.reason, line.reason)}"


def _failed(line: Line) -> str:
    retried = ", to be tried again" if line.get("retryable", None) is True and line.attempt < 3 else ""
    return f"attempt {line.attempt} failed{retried}: {line.reason}"


def _ended(line: Line) -> str:
    """Why a run ended; one that ran its course needs no reason."""
    outcome, by = line.get("outcome"), line.get("cancelled_by")
    endings = {
        "finished": "the run finished",
        "absorbed": "the run ended here, since its activity joined a batch",
        "halted": "the run was halted",
        "failed": "the run failed, and no later step ran",
        "cancelled": "the run was cancelled",
        "workflow_inactive": "the run was ended, since the workflow is inactive or archived",
        "recipient_missing": "the run could not begin, since nobody knows the recipient",
        "recipient_deleted": "the run was ended, since the recipient was deleted",
        "terminated": "the run was terminated",
    }
    told = endings.get(str(outcome), f"the run ended ({outcome})")
    who = f", by {_canceller(line)}" if by else ""
    said = str(line.get("reason"))
    is_said_already = bool(who) and said.startswith(f"cancelled by {by}")
    return f"{told}{who}" if not said or is_said_already else f"{told}{who}: {said}"


def _came_late(line: Line) -> str:
    by = f" by {_canceller(line)}" if line.get("cancelled_by") else ""
    return f"a cancel{by} came too late, when the run had ended ({line.get('outcome')})"


def _canceller(line: Line) -> str:
    told = [f"cancel {line.get('cancel')}"] if line.get("cancel") else []
    told += [f"accepted at {moment(line.get('cancelled_at'))}"] if line.get("cancelled_at") else []
    told += [f"API key {line.get('api_key_id')}"] if line.get("api_key_id") else []
    beside = f" ({', '.join(told)})" if told else ""
    return f"{line.get('cancelled_by')}{beside}"


def _enqueued(line: Line) -> str:
    waits = line.get("scheduled_at")
    when = f", to be sent when its window opens at {moment(waits)}" if waits else ""
    return f"made the {line.get('channel_type')} message {line.get('message_id')}{when}"


def _batch_opened(line: Line) -> str:
    return f"opened a batch that closes at {moment(line.get('closes_at'))}{_closed_by(line)}"


def _batch_joined(line: Line) -> str:
    moved = f", moved from {moment(line.get('closed_before_at'))}" if line.get("closed_before_at") else ""
    return (
        f"joined the batch of run {line.get('owner_run_id')} as number {line.get('count')}; "
        f"it closes at {moment(line.get('closes_at'))}{moved}{_closed_by(line)}"
    )


def _closed_by(line: Line) -> str:
    return f", and closed at once: {line.get('closed_by')}" if line.get("closed_by") else ""


def _batch_closed(line: Line) -> str:
    total = line.get("total_activities", 0)
    return f"the batch closed with {total} {'activity' if total == 1 else 'activities'} ({line.reason})"


def _batch_left(line: Line) -> str:
    return f"its activity was taken out of the batch; {line.get('remaining', 0)} remain"


def _throttled(line: Line) -> str:
    return (
        f"stopped by the throttle: {line.get('limit')} passed already until {moment(line.get('closes_at'))}"
    )


def _chosen(line: Line) -> str:
    if line.get("cohort"):
        return f"drew the cohort “{line.get('cohort')}” for the key {line.get('key')}"
    return f"took the branch “{line.get('branch')}”"


def _trigger_conditions(line: Line) -> str:
    held = "held" if line.get("held") else "did not hold, so no step ran"
    return f"the workflow's trigger conditions {held}"


def _wait_evaluated(line: Line) -> str:
    return "an event came that matches" if line.get("result") else "an event came that does not match"


def _wait_started(line: Line) -> str:
    return f"waits until {_awaited(line)} (until {moment(line.get('until'))})"


def _awaited(line: Line) -> str:
    key = str(line.get("event_key")).replace("_", " ")
    match line.get("event_type"):
        case "message":
            done = {"link clicked": "has a link clicked", "delivery attempted": "is attempted to deliver"}
            return f"a message of {line.get('source_key')} {done.get(key, f'is {key}')}"
        case "workflow":
            return f"a run of {line.get('source_key')} has {key}"
        case "audience":
            done = {"enter": "enters", "exit": "leaves"}
            return f"the recipient {done.get(key, key)} the audience {line.get('audience_key')}"
        case "integration_source":
            return f"{line.get('integration_source_key')} tells of {line.get('event_key')}"
        case "recipient":
            return "the recipient is updated"
    return f"{line.get('topic') or 'its event'} comes"


def _changed(what: str) -> Callable[[Line], str]:
    def told(line: Line) -> str:
        keys = sorted({*(line.get("before", {}) or {}), *(line.get("after", {}) or {})})
        named = f": {', '.join(keys)}" if keys else ""
        whom = f" of {line.get('recipient_gid')}" if line.get("recipient_gid") else ""
        return f"changed {what}{whom}{named}"

    return told


def _audience(line: Line) -> str:
    done = {"add": "added to", "remove": "removed from"}.get(str(line.get("action")), "changed in")
    already = "" if line.get("changed") else ", which changed nothing"
    return f"the recipient was {done} the audience {line.get('audience_key')}{already}"


SENTENCES: dict[str, Callable[[Line], str]] = {
    "agent_answered": lambda line: "the model answered",
    "audience_updated": _audience,
    "batch_closed": _batch_closed,
    "batch_item_removed": lambda line: "an operator took this activity out of the batch",
    "batch_joined": _batch_joined,
    "batch_leader_flushed": lambda line: (
        f"went on at once as the first of a batch that closes at {moment(line.get('closes_at'))}"
    ),
    "batch_left": _batch_left,
    "batch_opened": _batch_opened,
    "batch_taken_over": lambda line: "took over a batch whose run was gone",
    "branch_chosen": _chosen,
    "cancel_came_late": _came_late,
    "channel_skipped": lambda line: f"nothing on channel {line.get('channel')}: {line.reason}",
    "data_updated": _changed("the run's data"),
    "delay_started": lambda line: f"waits until {moment(line.get('until'))}",
    "fetch_succeeded": lambda line: "the fetch succeeded",
    "message_enqueued": _enqueued,
    "pause_moved": lambda line: f"{line.get('by')} moved the end of the pause to {moment(line.get('until'))}",
    "properties_left_out": lambda line: (
        f"the recipient's properties were left as they were: with those given they would take "
        f"{line.get('bytes')} bytes, more than {line.get('most')}"
    ),
    "random_cohort_chosen": _chosen,
    "recipient_updated": _changed("the properties"),
    "run_again": lambda line: "carried out again, since Postgres lost how it had gone on",
    "run_cancelled": _ended,
    "run_completed": _ended,
    "step_failed": _failed,
    "step_skipped": _skipped,
    "step_stopped": lambda line: f"stopped: {line.reason}",
    "throttle_closed": _throttled,
    "throttle_passed": lambda line: f"let through by the throttle until {moment(line.get('closes_at'))}",
    "trigger_conditions_evaluated": _trigger_conditions,
    "wait_cancelled": lambda line: f"stopped waiting: {line.reason}",
    "wait_conditions_evaluated": _wait_evaluated,
    "wait_expired": lambda line: "the awaited event did not come in time",
    "wait_matched": lambda line: "the awaited event came",
    "wait_started": _wait_started,
    "workflow_triggered": lambda line: (
        f"triggered {line.get('workflow_key')} for {line.get('recipient_count')} "
        f"(run {line.get('workflow_run_id')})"
    ),
}
"""By kind of line. Whoever writes a new kind adds its sentence; a test asks for it."""


def moment(text: Any) -> str:
    """A time in words, in UTC; what is none stays as it is."""
    try:
        return f"{datetime.fromisoformat(str(text)):%a %d %b %Y %H:%M:%S} UTC"
    except ValueError:
        return str(text)
