"""When a pause or a window ends that is given by a path into the run's scope (E-DELAY-3, E-THROTTLE-6)."""

from datetime import datetime, timedelta

from activities.standing import Standing
from models.values.durations import LONGEST, Duration
from models.values.wall_time import zone_of
from models.values.window_rules import MISSING, resolve_moment
from workflows_engine.conditions import resolve
from workflows_engine.operators import ABSENT
from workflows_engine.scope import RunScope


def moment_at(
    path: str,
    scope: RunScope,
    standing: Standing,
    now: datetime,
    offset: Duration | None = None,
    longest: timedelta = LONGEST,
) -> datetime | str:
    """The moment that the value under `path` names, `offset` added, or a sentence that says why not.

    A bare name is a property of `data`. Window rules are read in the recipient's zone, else the account's,
    else UTC (E-DELAY-11).
    """
    value = resolve(path if "." in path else f"data.{path}", scope.for_conditions())
    if value is ABSENT:
        return f"{path} {MISSING}"
    zone = zone_of([scope.recipient.get("timezone"), standing.facts["account_timezone"]])
    found = resolve_moment(value, now, zone, offset, longest=longest)
    return found if isinstance(found, datetime) else f"{path} {found}"
