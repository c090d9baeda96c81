"""Being absorbed by an open window in one statement, as nearly every joiner of a busy one is (D9, D30)."""

from dataclasses import dataclass, replace
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Json

from activities.batch_windows import Wanted, joined_line
from activities.ledger import LedgerKey, Writing
from activities.runs import FINISH, closing
from activities.standing import Standing
from models.database import Connection, Database
from models.parts import Part, execute
from models.tables import batches
from models.tables.recipient_runs import Ending
from models.tables.run_events import LogLine, counted_log_part
from models.tables.waits import awaited_run_part
from models.values.kinds import Outcome
from workflows_engine.effects.runs import FinishAnswer
from workflows_engine.effects.steps import JoinAnswer, StepAsk

SIGNALLED_JOINS = 200
"""Joins that the owner's workflow hears of, so that the gathering is seen in Temporal (D9)."""


@dataclass(frozen=True)
class Absorbed:
    """What the run is told, whether anybody waits for its end, and whether it may end with the join."""

    answer: JoinAnswer
    is_awaited: bool
    may_end: bool


async def absorb(
    connection: Connection,
    ask: StepAsk,
    key: LedgerKey,
    standing: Standing,
    wanted: Wanted,
    *,
    settles: bool,
) -> Absorbed | None:
    """Join a window that this changes nothing about but its count; None when it is not as simple as that.

    Then nothing is written. Where `settles` allows it, a run that has composed nothing and that nobody is
    signalled of ends with it.
    """
    if _is_special(standing, wanted):
        return None
    window = await batches.find_open(connection, ask.environment_id, wanted.window.key)
    if window is None or not _stays_as_it_is(window, ask):
        return None
    may_end = settles and _is_first_step(standing, ask)
    ends = may_end and window["member_count"] >= SIGNALLED_JOINS
    answer = JoinAnswer(
        window_id=window["id"],
        closes_at=window["closes_at"],
        owner_run_id=window["owner_run_id"],
        count=window["member_count"] + 1,
        is_settled=ends,
    )
    parts = [
        batches.held_part(window),
        Part("claimed", _CLAIM, _claim_values(key, answer, ask)),
        batches.member_part(window["id"], ask.recipient_run_id, standing.facts["acceptance"], ask.now),
        batches.counted_part(window["id"]),
        _said(ask, joined_line(wanted, window, window)),
    ]
    if ends:
        parts += _settling(ask, answer)
    row = await execute(connection, parts, _SETTLED if ends else _JOINED)
    if row is None or not row["is_first"]:
        return None
    return Absorbed(answer, row["is_awaited"], may_end)


async def end_absorbed(database: Database, ask: StepAsk, answer: JoinAnswer) -> bool:
    """End a run whose owner was told of it, as `finish_run` would; answers whether anybody waits for that.

    A second try of its beginning may have made it the holder of the window meanwhile: then it stays open.
    """
    writing = Writing(LedgerKey(ask.recipient_run_id, FINISH, "absorbed"), FinishAnswer(), ask.now)
    writing.add(*_settling(ask, answer))
    async with database.connection() as connection:
        await writing.write(connection)
    return writing.is_awaited


def _is_special(standing: Standing, wanted: Wanted) -> bool:
    """Whether joining takes more: the key's lock, a row that was paused, a window that moves or fills up."""
    return (
        standing.facts["cancellation_key"] is not None
        or standing.was_paused
        or wanted.settings.is_sliding
        or wanted.settings.batch_items_max_limit is not None
    )


def _stays_as_it_is(window: DictRow, ask: StepAsk) -> bool:
    """Whether another run holds the window and it is not due."""
    others = ask.recipient_run_id not in (window["owner_run_id"], window["leader_run_id"])
    return others and window["owner_run_id"] is not None and ask.now < window["closes_at"]


def _is_first_step(standing: Standing, ask: StepAsk) -> bool:
    """Whether nothing before the step can have composed a message that is still to be handed over (D11)."""
    return (
        bool(standing.version.plan["steps"][0]["ref"] == ask.step_ref) and not standing.facts["incarnation"]
    )


_CLAIM = """
    INSERT INTO step_ledger (recipient_run_id, step_ref, phase, answer, at)
    SELECT %(run_id)s::uuid, %(step_ref)s, %(phase)s, %(answer)s::json, %(now)s::timestamptz FROM held
    ON CONFLICT DO NOTHING RETURNING 1
"""
_JOINED = "SELECT EXISTS (SELECT FROM claimed) AS is_first, false AS is_awaited"
_SETTLED = "SELECT EXISTS (SELECT FROM claimed) AS is_first, EXISTS (SELECT FROM awaited) AS is_awaited"


def _claim_values(key: LedgerKey, answer: JoinAnswer, ask: StepAsk) -> dict[str, Any]:
    return {
        "run_id": key.recipient_run_id,
        "step_ref": key.step_ref,
        "phase": key.phase,
        "answer": Json(answer.model_dump(mode="json")),
        "now": ask.now,
    }


def _said(ask: StepAsk, line: LogLine) -> Part:
    full = replace(line, step_ref=ask.step_ref, step_type="batch")
    return counted_log_part(ask.environment_id, ask.recipient_run_id, full, ask.now)


def _settling(ask: StepAsk, answer: JoinAnswer) -> list[Part]:
    """What `finish_run` would write."""
    run = (ask.environment_id, ask.recipient_run_id)
    ending = Ending(*run, Outcome.ABSORBED, f"gathered by run {answer.owner_run_id}", ask.now)
    return [*closing(ending, None, unless_it_holds=True), awaited_run_part(*run, "completed")]
