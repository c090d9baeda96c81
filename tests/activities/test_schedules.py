"""Keeping schedules on Postgres: what a look does, whatever was cut off before it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from temporalio.testing import ActivityEnvironment

from activities.reconciling.schedules import keep_up
from activities.schedules import Kept, Schedules, keep
from dispatch.crowds import Crowds
from dispatch.looking import Condition, condition_of
from models.database import Database
from models.tables.recipients import identify
from models.tables.schedules import delete_schedules, lock_schedule
from models.values.differences import Difference
from models.values.refs import RecipientRef
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.rules.test_schedules import switch
from tests.runs import rows
from tests.schedules import ADA, new_schedule, standing, write
from tests.virtual_time import VirtualTime, place_of
from workflows_engine import names
from workflows_engine.effects.schedules import KeepScheduleAsk

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
DUE = datetime(2026, 1, 6, 9, tzinfo=UTC)
DAY = timedelta(days=1)
NUMBERED = {"trigger_data_json_schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}
UNLIKE_ITS_SCHEMA = "skipped 2026-01-06 09:00:00 UTC: the data does not follow its schema"


@pytest.fixture(autouse=True)
async def published(database: Database, environment: TestEnvironment) -> None:
    await publish(database, environment, "digest", workflow(in_app_step()))


async def look(database: Database, environment: TestEnvironment, schedule_id: UUID, now: datetime) -> Kept:
    async with database.transaction() as connection:
        row = await lock_schedule(connection, environment.id, schedule_id)
        assert row is not None
        return await keep(connection, row, now)


async def triggers(database: Database, environment: TestEnvironment) -> list[dict[str, Any]]:
    return await rows(
        database, "SELECT * FROM triggers WHERE environment_id = %s ORDER BY acceptance", environment.id
    )


@pytest.mark.rule("E-SCHED-11")
async def test_however_many_were_missed_in_an_outage_one_fires_and_the_rhythm_stays(
    database: Database, environment: TestEnvironment
) -> None:
    made = await write(database, place_of(environment), new_schedule(), NOW)

    kept = await look(database, environment, made, DUE + 5 * DAY + timedelta(hours=2))

    assert (kept.firing, kept.due) == (DUE, DUE + 6 * DAY)
    assert (await standing(database, environment, made))["last_occurrence_at"] == DUE


@pytest.mark.rule("E-SCHED-7", "E-SCHED-11")
async def test_an_occurrence_missed_before_the_end_fires_after_it_and_is_the_last(
    database: Database, environment: TestEnvironment
) -> None:
    made = await write(database, place_of(environment), new_schedule(ending_at=DUE + DAY), NOW)

    kept = await look(database, environment, made, DUE + 9 * DAY)

    assert (kept.firing, kept.due) == (DUE, None)


async def test_a_look_before_the_time_changes_nothing(
    database: Database, environment: TestEnvironment
) -> None:
    made = await write(database, place_of(environment), new_schedule(), NOW)
    before = await standing(database, environment, made)

    assert await look(database, environment, made, DUE - timedelta(microseconds=1)) == Kept(DUE)
    assert await standing(database, environment, made) == before


@pytest.mark.rule("E-SCHED-11")
async def test_what_was_cut_off_between_claim_and_trigger_is_made_good_and_fires_once(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    database = virtual.database
    made = await write(database, place_of(environment), new_schedule(), NOW)
    schedules = Schedules(database, virtual.temporal)
    await look(database, environment, made, DUE)
    assert await triggers(database, environment) == []

    for later in (timedelta(seconds=30), timedelta(seconds=31)):
        ask = KeepScheduleAsk(environment_id=environment.id, schedule_id=made, now=DUE + later)
        assert (await schedules.keep_schedule(ask)).due == DUE + DAY

    (trigger,) = await triggers(database, environment)
    assert trigger["id"] == names.scheduled_run_id(made, DUE)
    assert trigger["inserted_at"] == DUE + timedelta(seconds=30)
    assert (trigger["source"], trigger["schedule_id"], trigger["expands"]) == ("schedule", made, False)
    assert (await standing(database, environment, made))["firing_at"] is None


async def test_a_trigger_that_was_retired_in_an_outage_is_replaced(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    database = virtual.database
    made = await write(database, place_of(environment), new_schedule(), NOW)
    schedules = Schedules(database, virtual.temporal)
    ask = KeepScheduleAsk(environment_id=environment.id, schedule_id=made, now=DUE)
    await schedules.keep_schedule(ask)
    async with database.transaction() as connection:
        # As if its worker had died before it could mark the trigger, and the reconciler had withdrawn it.
        await connection.execute(
            "UPDATE triggers SET answered_at = NULL, retired_at = now() WHERE environment_id = %s",
            (environment.id,),
        )
        await connection.execute(
            "UPDATE schedules SET firing_at = last_occurrence_at WHERE environment_id = %s", (environment.id,)
        )

    await schedules.keep_schedule(ask)

    retired, again = await triggers(database, environment)
    assert (retired["retired_at"] is None, again["retired_at"], again["answered_at"] is None) == (
        False,
        None,
        False,
    )


@pytest.mark.rule("E-SCHED-12")
async def test_a_switched_off_workflow_skips_and_says_why(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    made = await write(virtual.database, place_of(environment), new_schedule(), NOW)
    await switch(virtual, environment, on=False)

    kept = await look(virtual.database, environment, made, DUE)

    reason = 'the workflow "digest" is inactive'
    assert kept == Kept(DUE + DAY, said=f"skipped 2026-01-06 09:00:00 UTC: {reason}")
    row = await standing(virtual.database, environment, made)
    assert (row["skipped_at"], row["skip_reason"], row["last_occurrence_at"]) == (DUE, reason, None)


@pytest.mark.rule("E-SCHED-12", "E-TRIGGER-7")
async def test_data_that_a_later_version_refuses_skips_and_is_no_last_occurrence(
    database: Database, environment: TestEnvironment
) -> None:
    made = await write(database, place_of(environment), new_schedule(data={"n": "one"}), NOW)
    await publish(database, environment, "digest", workflow(in_app_step()) | NUMBERED)

    kept = await look(database, environment, made, DUE)

    assert kept == Kept(DUE + DAY, said=UNLIKE_ITS_SCHEMA)
    row = await standing(database, environment, made)
    assert (row["skipped_at"], row["last_occurrence_at"], row["firing_at"]) == (DUE, None, None)
    assert "'one' is not of type 'integer'" in row["skip_reason"]


@pytest.mark.rule("E-SCHED-12", "E-TRIGGER-7")
async def test_a_refused_occurrence_tells_temporal_nothing_of_the_schedules_data(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    database = virtual.database
    made = await write(database, place_of(environment), new_schedule(data={"n": "one"}), NOW)
    await look(database, environment, made, DUE)
    await publish(database, environment, "digest", workflow(in_app_step()) | NUMBERED)

    ask = KeepScheduleAsk(environment_id=environment.id, schedule_id=made, now=DUE)
    answer = await ActivityEnvironment().run(Schedules(database, virtual.temporal).keep_schedule, ask)

    assert answer.said == UNLIKE_ITS_SCHEMA
    assert "'one'" in (await standing(database, environment, made))["skip_reason"]


@pytest.mark.rule("E-SCHED-4")
@pytest.mark.parametrize(
    ("now", "firing", "due"),
    [
        # Heard in time: what nine o'clock in Tokyo has passed today counts for nothing.
        (NOW + timedelta(hours=1), None, datetime(2026, 1, 6, 0, tzinfo=UTC)),
        # Heard only at the old time: nine in Tokyo was missed, and is made good.
        (DUE, datetime(2026, 1, 6, 0, tzinfo=UTC), datetime(2026, 1, 7, 0, tzinfo=UTC)),
    ],
)
async def test_a_change_of_zone_moves_the_next_occurrence(
    database: Database, environment: TestEnvironment, now: datetime, firing: Any, due: datetime
) -> None:
    made = await write(database, place_of(environment), new_schedule(), NOW)
    async with database.transaction() as connection:
        ada = RecipientRef(id="ada")
        await identify(connection, environment.id, ada, {"timezone": "Asia/Tokyo"}, NOW)

    kept = await look(database, environment, made, now)

    assert (kept.firing, kept.due) == (firing, due)


@pytest.mark.rule("E-SCHED-4")
async def test_a_moment_that_was_given_is_not_looked_at_again_for_a_change_of_zone(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    database = virtual.database
    made = await write(database, place_of(environment), new_schedule(scheduled_at=DUE), NOW)
    async with database.transaction() as connection:
        ada = RecipientRef(id="ada")
        await identify(connection, environment.id, ada, {"timezone": "Asia/Tokyo"}, NOW)

    assert await look(database, environment, made, NOW + timedelta(hours=1)) == Kept(DUE)

    row = await standing(database, environment, made)
    assert (row["zone"], row["next_occurrence_at"]) == ("Asia/Tokyo", DUE)


@pytest.mark.rule("E-SCHED-10")
async def test_a_deleted_schedule_fires_nothing(virtual: VirtualTime, environment: TestEnvironment) -> None:
    database = virtual.database
    made = await write(database, place_of(environment), new_schedule(), NOW)
    async with database.transaction() as connection:
        await delete_schedules(connection, environment.id, [made])

    ask = KeepScheduleAsk(environment_id=environment.id, schedule_id=made, now=DUE)
    answer = await Schedules(database, virtual.temporal).keep_schedule(ask)

    assert (answer.due, answer.said) == (None, "the schedule was deleted")
    assert await triggers(database, environment) == []


@pytest.mark.rule("E-SCHED-11")
async def test_the_reconciler_starts_schedules_whose_workflow_is_gone(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    database, now = virtual.database, await virtual.now()
    later = new_schedule(recipient=ADA, scheduled_at=now + 30 * DAY)
    made = await write(database, place_of(environment), later, now)
    workflow_id = names.schedule_workflow(made)
    place: Any = {"id": environment.id, "slug": environment.slug}

    assert await keep_up(database, virtual.temporal, place, now + timedelta(seconds=10)) == {
        Difference.SCHEDULES_RESTARTED: 1
    }
    assert await condition_of(virtual.temporal, workflow_id) is Condition.RUNNING
    # Once a minute is enough, and one that runs is left alone.
    assert await keep_up(database, virtual.temporal, place, now + timedelta(seconds=20)) == {}
    assert await keep_up(database, virtual.temporal, place, now + timedelta(seconds=90)) == {}

    # The test server's clock stands still for good once a workflow is terminated at its first task.
    await virtual.idle(environment)
    await virtual.temporal.client.get_workflow_handle(workflow_id).terminate()
    assert await keep_up(database, virtual.temporal, place, now + timedelta(seconds=180)) == {
        Difference.SCHEDULES_RESTARTED: 1
    }
    assert await condition_of(virtual.temporal, workflow_id) is Condition.RUNNING


@pytest.mark.parametrize(("most", "queue"), [(1, names.RUNS), (0, names.BULK)])
async def test_a_herd_of_schedules_is_a_crowd(
    virtual: VirtualTime, environment: TestEnvironment, most: int, queue: str
) -> None:
    made = await write(virtual.database, place_of(environment), new_schedule(), NOW)
    ask = KeepScheduleAsk(environment_id=environment.id, schedule_id=made, now=DUE)

    await Schedules(virtual.database, virtual.temporal, Crowds(most)).keep_schedule(ask)

    (trigger,) = await triggers(virtual.database, environment)
    assert await virtual.queues(environment, trigger["workflow_key"]) == [queue]
