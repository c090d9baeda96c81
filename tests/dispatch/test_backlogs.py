"""A tenant whose runs wait too long for a worker is given no more of them, and nobody else notices."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from activities.backlogs import NEAR_SECONDS, PAUSE_SECONDS, SHORTEST_SECONDS, Backlogs
from dispatch.errors import Backlogged
from dispatch.temporal import Temporal
from dispatch.triggers import Idempotency, Place, TriggerRequest, accept
from models.database import Database
from models.tables.backlogs import FRESH_SECONDS
from models.values.given import GivenRecipient, GivenTenant
from tests.activities.test_leading import Beginner
from tests.backlogs import tell_for_long
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.runs import NOON, rows, write_run
from workflows_engine.effects.runs import BeginAsk

LONGEST = 10.0
TOLD = "SELECT tenant_id, waited_seconds FROM backlogs WHERE environment_id = %s"


@dataclass(frozen=True)
class Door:
    """Where triggers of one environment come in, and what its workers tell."""

    database: Database
    temporal: Temporal
    environment: TestEnvironment

    async def trigger(self, tenant: str | None = None, **more: Any) -> UUID:
        request = TriggerRequest(
            workflow_key="greet",
            recipients=[GivenRecipient.read({"id": "ada"})],
            request_id="test",
            tenant=GivenTenant.read(tenant) if tenant else None,
            **{"longest_wait": LONGEST} | more,
        )
        place = Place(self.environment.id, self.environment.slug)
        return (await accept(self.database, self.temporal, place, request)).workflow_run_id

    async def tell(self, tenant: str | None, seconds: float) -> None:
        await tell_for_long(self.database, self.environment, tenant, seconds)

    async def make_old(self) -> None:
        async with self.database.connection() as connection:
            sql = "UPDATE backlogs SET seen_at = now() - %s WHERE environment_id = %s"
            await connection.execute(sql, (timedelta(seconds=FRESH_SECONDS), self.environment.id))


@pytest.fixture
async def door(database: Database, temporal: Temporal, environment: TestEnvironment) -> Door:
    await publish(database, environment, "greet", workflow(in_app_step()))
    return Door(database, temporal, environment)


@pytest.mark.parametrize(("late", "other"), [("acme", "globex"), ("acme", None), (None, "acme")])
async def test_who_waits_too_long_already_is_refused_and_others_are_not(
    door: Door, late: str | None, other: str | None
) -> None:
    await door.tell(late, LONGEST + 1)

    with pytest.raises(Backlogged) as refused:
        await door.trigger(late)

    assert refused.value.retry_after_seconds > 1
    assert await door.trigger(other)
    # A trigger of a step or a schedule has nobody who could come again.
    assert await door.trigger(late, longest_wait=None)


async def test_a_backlog_that_is_short_or_over_keeps_nobody_out(door: Door) -> None:
    await door.tell("acme", LONGEST - 1)
    assert await door.trigger("acme")

    await door.tell("acme", LONGEST + 1)
    await door.make_old()
    assert await door.trigger("acme")


@pytest.mark.rule("E-TRIGGER-26")
async def test_what_was_written_before_is_answered_whatever_waits_since(door: Door) -> None:
    key = Idempotency("order-7", b"what was asked")
    first = await door.trigger("acme", idempotency=key)
    async with door.database.connection() as connection:
        await connection.execute("UPDATE triggers SET answered_at = NULL WHERE id = %s", (first,))
    await door.tell("acme", LONGEST + 1)

    assert await door.trigger("acme", idempotency=key) == first


async def test_a_run_that_was_called_for_alone_tells_once_how_long_it_waited_and_no_other_does(
    database: Database, environment: TestEnvironment
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    beginner = Beginner(database)

    async def begin(**trigger: Any) -> BeginAsk:
        run = await write_run(database, environment, "greet", **trigger)
        ask = BeginAsk(
            environment_id=run.environment_id, recipient_run_id=run.id, waited_seconds=17.0, now=NOON
        )
        await beginner.runs.begin_run(ask)
        return ask

    await begin(tenant_id="acme", fan_out="pending")
    await begin(tenant_id="acme", source="schedule")
    assert await rows(database, TOLD, environment.id) == []
    begun = await begin(tenant_id="globex")
    assert await rows(database, TOLD, environment.id) == [{"tenant_id": "globex", "waited_seconds": 17.0}]

    async with database.connection() as connection:
        await connection.execute("DELETE FROM backlogs WHERE environment_id = %s", (environment.id,))
    await beginner.runs.begin_run(begun)
    assert await rows(database, TOLD, environment.id) == []


async def test_a_worker_tells_of_a_tenant_once_a_second_and_of_a_short_wait_only_after_a_long_one(
    database: Database, environment: TestEnvironment
) -> None:
    now = 0.0
    backlogs = Backlogs(lambda: now)

    async def note(seconds: float) -> list[float]:
        async with database.connection() as connection:
            await backlogs.note(connection, (environment.id, None), seconds)
        return [row["waited_seconds"] for row in await rows(database, TOLD, environment.id)]

    assert await note(SHORTEST_SECONDS / 2) == []
    assert await note(5) == [5]
    assert await note(6) == [5]
    now += PAUSE_SECONDS
    assert await note(7) == [7]
    now += PAUSE_SECONDS
    assert await note(0.1) == [0.1]
    now += PAUSE_SECONDS
    assert await note(0.2) == [0.1]


@dataclass
class Begins:
    """Runs that begin one after the other in one worker, each after 30 s of waiting."""

    database: Database
    environment: TestEnvironment
    now: float = 0.0

    def __post_init__(self) -> None:
        self.backlogs = Backlogs(lambda: self.now)

    async def told(self, tenant: str | None, times: int = 1, *, is_single: bool = True) -> set[str]:
        """Of whom a backlog was told by then."""
        async with self.database.connection() as connection:
            for _ in range(times):
                key = (self.environment.id, tenant)
                await self.backlogs.note(connection, key, 30.0, is_single=is_single)
        return {row["tenant_id"] for row in await rows(self.database, TOLD, self.environment.id)}


@pytest.fixture
def begins(database: Database, environment: TestEnvironment) -> Begins:
    return Begins(database, environment)


async def test_a_worker_does_not_tell_of_who_waits_for_what_another_tenant_asked(begins: Begins) -> None:
    assert await begins.told("flood", 6) == {"flood"}
    assert await begins.told("quiet", 2) == {"flood"}
    # Turns are equal once it has a backlog of its own.
    assert await begins.told("quiet") == {"flood", "quiet"}
    assert await begins.told("other") == {"flood", "quiet"}
    begins.now += NEAR_SECONDS
    assert await begins.told("other") == {"flood", "quiet", "other"}


async def test_who_waits_for_runs_that_no_call_asked_for_alone_has_no_backlog(begins: Begins) -> None:
    assert await begins.told("acme", 5, is_single=False) == set()
    assert await begins.told("acme", 2) == set()
    # As many as a large fan-out leaves to its tenant's other runs.
    assert await begins.told("acme") == {"acme"}


async def test_triggers_without_a_tenant_hide_no_tenant_s_backlog(begins: Begins) -> None:
    assert await begins.told(None, 20) == {""}
    assert await begins.told("acme") == {"", "acme"}
