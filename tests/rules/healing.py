"""Which test produces which kind of difference and sees it healed: none may be without one (D5)."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, ParamSpec

from psycopg.rows import DictRow

from activities.reconciling.rounds import make_round
from models.tables.reconciliations import find_report
from models.values.differences import Difference
from tests.houses import House
from tests.virtual_time import VirtualTime

HEALED: Counter[Difference] = Counter()
"""How many tests there are of each kind."""

Given = ParamSpec("Given")
Test = Callable[Given, Awaitable[None]]


def heals(*kinds: Difference) -> Callable[[Test[Given]], Test[Given]]:
    """Says of a test that it reads these kinds in the report of a whole round."""

    def keep(test: Test[Given]) -> Test[Given]:
        HEALED.update(kinds)
        return test

    return keep


async def round_of(house: House | VirtualTime, place: DictRow, now: datetime) -> dict[str, Any]:
    """The report after a round, with what was healed in it."""
    healed = await make_round(house.database, house.temporal, place, now)
    async with house.database.connection() as connection:
        report = await find_report(connection, place["id"])
    assert report is not None
    assert {kind.value: many for kind, many in healed.items()} == (report["found"] if healed else {})
    return report
