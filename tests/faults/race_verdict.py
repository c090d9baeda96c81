"""Judges a trial of cancel races by the order in which Postgres committed (D10).

A run that a cancel applies to must have been stopped with nothing sent, or have written its message in a
transaction that committed before the cancel's did: then it had passed its last pause.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from models.tables.cancels import LATER_CANCEL

LATE = timedelta(seconds=1)
"""How long after the answer to its schedule's deletion a trigger may be written that was claimed before."""

# The first cancel that applies: one that was answered 503 stands, and its caller tried again.
FIRST_CANCEL = LATER_CANCEL.replace("max(", "min(").replace(", coalesce(r.cancel_spent, 0)", "")

# The ledger's row is written once, in the transaction of the message, so its commit is the message's.
RUNS = f"""
    WITH found AS (
        SELECT r.*, t.schedule_id, {FIRST_CANCEL} AS first_cancel
        FROM recipient_runs r JOIN triggers t ON t.id = r.workflow_run_id
    )
    SELECT f.id, f.workflow_key, f.workflow_run_id, f.recipient_collection, f.recipient_id, f.outcome,
           f.cancel_spent, f.schedule_id, f.first_cancel, f.inserted_at,
           f.cancellation_key IS NOT NULL AS is_raced,
           pg_xact_commit_timestamp(c.xmin) AS cancelled_at,
           (SELECT pg_xact_commit_timestamp(l.xmin) FROM step_ledger l
            WHERE l.recipient_run_id = f.id AND l.phase = 'compose:1') AS composed_at,
           (SELECT count(*) FROM messages m WHERE m.recipient_run_id = f.id) AS messages,
           (SELECT count(*) FROM feed_items i WHERE i.recipient_run_id = f.id) AS items
    FROM found f LEFT JOIN cancels c ON c.acceptance = f.first_cancel
"""
MEMBERS = f"""
    SELECT r.id, m.left_at, w.id AS window_id, w.closed_at, w.total_activities, w.owner_run_id,
           pg_xact_commit_timestamp(c.xmin) AS cancelled_at
    FROM batch_members m
    JOIN batch_windows w ON w.id = m.window_id
    JOIN recipient_runs r ON r.id = m.recipient_run_id
    LEFT JOIN cancels c ON c.acceptance = {FIRST_CANCEL}
"""
FAN_OUTS = """
    SELECT r.workflow_run_id, t.recipients -> 0 -> 'ref' ->> 'id' AS team, count(*) AS runs
    FROM recipient_runs r JOIN triggers t ON t.id = r.workflow_run_id
    WHERE r.workflow_key = 'fan_out' GROUP BY 1, 2
"""

Row = dict[str, Any]


@dataclass(frozen=True)
class Unscheduled:
    """A schedule that was deleted, when its run was due, and when the deletion was answered."""

    schedule_id: str
    due: datetime
    answered_at: datetime


@dataclass
class RaceVerdict:
    """Runs by workflow and by what became of them, and every run that should have ended otherwise."""

    totals: Counter[tuple[str, str]] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        lines = [f"{key:>12}  {count:>6} {what}" for (key, what), count in sorted(self.totals.items())]
        return "\n".join([*lines, f"violations: {len(self.violations)}", *self.violations[:20]])

    def take(self, key: str, what: str) -> None:
        self.totals[key, what] += 1


def judge(
    database_url: str, sizes: dict[str, int], unscheduled: list[Unscheduled], still_open: list[Row]
) -> RaceVerdict:
    """`sizes` are the runs of a fan-out to each team; `still_open` the runs that never ended."""
    verdict = RaceVerdict(violations=[f"never ended: {run}" for run in still_open])
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        runs = connection.execute(RUNS).fetchall()
        members = connection.execute(MEMBERS).fetchall()
        fan_outs = connection.execute(FAN_OUTS).fetchall()
    for run in (one for one in runs if one["outcome"] is not None):
        wrong = _wrong_with(run, verdict)
        if wrong is not None:
            verdict.violations.append(f"{wrong}: {run}")
    verdict.violations += _wrong_members(members, verdict)
    for found in fan_outs:
        if found["runs"] != sizes[found["team"]]:
            verdict.violations.append(f"a fan-out has {found['runs']} runs: {found}")
    verdict.violations += _wrong_schedules(runs, unscheduled, verdict)
    return verdict


def _wrong_with(run: Row, verdict: RaceVerdict) -> str | None:
    """Why a run ended otherwise than it had to; counts it where it did not."""
    key, cancel = run["workflow_key"], run["first_cancel"]
    if run["messages"] > 1 or run["items"] > 1:
        return "sent twice"
    if run["outcome"] == "absorbed" or (cancel is not None and (run["cancel_spent"] or 0) >= cancel):
        verdict.take(key, "gathered, see members")
        return None
    if cancel is None:
        return _wrong_unless_sent(run, verdict)
    if run["messages"] == 0:
        verdict.take(key, "cancelled, nothing sent")
        return None if run["outcome"] == "cancelled" else "a cancelled run ended otherwise"
    if run["composed_at"] <= run["cancelled_at"]:
        verdict.take(key, "had passed its last pause")
        return None
    return "sent after its cancel was accepted"


def _wrong_unless_sent(run: Row, verdict: RaceVerdict) -> str | None:
    """No cancel applies: it came before the trigger, or meant somebody else. The run must be carried out."""
    is_person = run["recipient_collection"] == "$users"
    if run["outcome"] != "finished" or (is_person and run["messages"] != 1):
        return "a run was stopped by a cancel that does not apply"
    why = "fired" if run["schedule_id"] else "no cancel applies" if run["is_raced"] else "never cancelled"
    verdict.take(run["workflow_key"], f"sent, {why}")
    return None


def _wrong_members(members: list[Row], verdict: RaceVerdict) -> Iterator[str]:
    """Whoever was cancelled before the window closed is not gathered; everybody else is (E-CANCEL-6)."""
    kept: Counter[Any] = Counter()
    for member in members:
        kept[member["window_id"]] += member["left_at"] is None
        cancelled, closed = member["cancelled_at"], member["closed_at"]
        if member["left_at"] is None and cancelled is not None and cancelled < closed:
            yield f"gathered though cancelled before the close: {member}"
        elif member["left_at"] is not None and cancelled is None:
            yield f"left out though nobody cancelled it: {member}"
        else:
            verdict.take("batch", "members left out" if member["left_at"] else "members gathered")
    for member in members:
        if member["total_activities"] != kept[member["window_id"]]:
            yield f"a window tells another total than it holds: {member}"


def _wrong_schedules(runs: list[Row], unscheduled: list[Unscheduled], verdict: RaceVerdict) -> Iterator[str]:
    fired = Counter(str(run["schedule_id"]) for run in runs)
    written = {str(run["schedule_id"]): run["inserted_at"] for run in runs}
    for one in unscheduled:
        times = fired[one.schedule_id]
        if times == 0:
            verdict.take("schedule", "unscheduled, nothing sent")
        elif times > 1:
            yield f"a schedule fired {times} times: {one}"
        elif one.answered_at < one.due or written[one.schedule_id] > one.answered_at + LATE:
            yield f"a schedule fired after it was deleted, at {written[one.schedule_id]}: {one}"
        elif written[one.schedule_id] > one.answered_at:
            verdict.take("schedule", "of these claimed before, written after the deletion was answered")
