"""What conditions and templates may know of a run's earlier steps (E-COND-22, E-WAITEVENT-11)."""

from itertools import groupby
from typing import Any

from psycopg.rows import DictRow

from activities.standing import Standing
from models.database import Connection
from models.tables.message_statuses import list_sent
from models.tables.waits import find_wait_outputs
from models.values.kinds import EngagementStatus
from workflows_engine.statuses import GONE, SentMessage, telling


async def refs_of(connection: Connection, standing: Standing) -> dict[str, Any]:
    """By step ref, for workflows that ask; nothing is read for others."""
    version, run = standing.version, (standing.facts["environment_id"], standing.facts["id"])
    if not (version.mentions("refs.") or version.mentions("refs[")):
        return {}
    waits = await find_wait_outputs(connection, *run) if version.mentions("wait_for_event") else {}
    rows = await list_sent(connection, *run)
    return waits | {
        ref: telling(map(_sent, found)).as_ref() for ref, found in groupby(rows, lambda row: row["step_ref"])
    }


def _sent(row: DictRow) -> SentMessage:
    if row["status"] is None:
        return GONE
    marks = tuple(mark.value for mark in EngagementStatus if row[f"{mark}_at"] is not None)
    return SentMessage(row["status"], marks, row["inserted_at"])
