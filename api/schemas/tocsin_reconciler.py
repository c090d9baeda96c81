"""The reconciler's report as operators see it."""

from datetime import datetime

from psycopg.rows import DictRow
from pydantic import BaseModel

from models.values.differences import Difference


class Healed(BaseModel):
    """One kind of difference: how many since the first round, and in the last round that had any."""

    kind: str
    meaning: str
    total: int
    last: int


class Report(BaseModel):
    """What was accepted, what became of it, and what had to be healed, in one environment."""

    environment: str
    rounds: int
    at: datetime
    """When the last round was made."""
    counted_at: datetime | None
    """When the runs below were counted: about a minute ago at most, while rounds are made."""
    accepted_runs: int
    finished_runs: int
    open_runs: int
    unexplained_runs: int
    """Open ones that wait for nothing to come and wrote nothing for 15 minutes."""
    running_in_temporal: int | None
    """Temporal's own count of the open ones, a moment late; null where it does not say."""
    unanswered_triggers: int
    starting_triggers: int
    found_at: datetime | None
    """When a round last found a difference."""
    differences: list[Healed]


def report(row: DictRow) -> Report:
    return Report(
        environment=row["slug"],
        rounds=row["rounds"],
        at=row["at"],
        counted_at=row["counted_at"],
        accepted_runs=row["accepted"],
        finished_runs=row["finished"],
        open_runs=row["open"],
        unexplained_runs=row["unexplained"],
        running_in_temporal=row["running"],
        unanswered_triggers=row["unanswered"],
        starting_triggers=row["fanning_out"],
        found_at=row["found_at"],
        differences=[
            Healed(
                kind=kind.value,
                meaning=kind.sentence,
                total=row["healed"].get(kind.value, 0),
                last=row["found"].get(kind.value, 0),
            )
            for kind in Difference
        ],
    )
