"""Schedules, in virtual time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dispatch.schedules import ScheduleChanges, change_schedules, rouse
from models.tables.recipients import identify
from models.tables.schedules import delete_schedules
from models.tables.subscriptions import subscribe
from models.values.refs import RecipientRef
from models.values.repeats import RepeatRule
from tests.builders import in_app_step, workflow
from tests.environments import TestEnvironment
from tests.rules.reading import body_of
from tests.schedules import ADA, schedule, standing
from tests.virtual_time import VirtualTime
from workflows_engine import names

DAY = timedelta(days=1)
TOKYO = ZoneInfo("Asia/Tokyo")
NINE = RepeatRule(frequency="daily", hours=9)


@pytest.mark.rule("E-SCHED-1", "E-SCHED-3", "E-SCHED-11", "E-TRIGGER-29")
async def test_a_daily_schedule_runs_each_day_at_its_recipients_nine_oclock(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    body = "{{ recipient.name }} {{ data.topic }} {{ actor.name }} {{ tenant.id }}"
    await virtual.publish(environment, "digest", workflow(in_app_step(body=body)))
    made = await schedule(
        virtual,
        environment,
        recipient={**ADA, "timezone": "Asia/Tokyo"},
        actor={"id": "bob", "name": "Bob"},
        tenant="acme",
        data={"topic": "dinosaurs"},
    )

    await virtual.pass_time(environment, 2 * DAY)

    messages = await virtual.messages(environment)
    assert [body_of(message) for message in messages] == ["Ada dinosaurs Bob acme"] * 2
    nine = [message["inserted_at"].astimezone(TOKYO) for message in messages]
    assert all((at.hour, at.minute) == (9, 0) for at in nine)
    runs = await virtual.runs(environment)
    assert {(run["trigger_source"], run["tenant_id"]) for run in runs} == {("schedule", "acme")}
    row = await standing(virtual.database, environment, made)
    assert row["last_occurrence_at"].astimezone(TOKYO).replace(minute=0) == nine[-1].replace(
        second=0, microsecond=0
    )
    assert row["next_occurrence_at"] == row["last_occurrence_at"] + DAY
    assert {run["workflow_run_id"] for run in runs} == {
        names.scheduled_run_id(made, row["last_occurrence_at"] - DAY * back) for back in (0, 1)
    }


@pytest.mark.rule("E-SCHED-1", "E-SCHED-11")
async def test_a_one_off_runs_once_and_its_workflow_ends(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "digest", workflow(in_app_step()))
    at = await virtual.now() + timedelta(hours=3)
    made = await schedule(virtual, environment, scheduled_at=at)

    await virtual.pass_time(environment, timedelta(hours=2))
    assert await virtual.messages(environment) == []
    await virtual.pass_time(environment, 2 * DAY)

    (message,) = await virtual.messages(environment)
    assert timedelta(0) <= message["inserted_at"] - at < timedelta(seconds=2)
    row = await standing(virtual.database, environment, made)
    assert (row["last_occurrence_at"], row["next_occurrence_at"]) == (at, None)
    handle = virtual.temporal.client.get_workflow_handle(names.schedule_workflow(made))
    assert await handle.result() is None


@pytest.mark.rule("E-SCHED-9")
async def test_an_update_turns_a_recurring_schedule_into_a_one_off_and_back(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "digest", workflow(in_app_step(body="{{ data.n }}")))
    made = await schedule(virtual, environment, data={"n": "recurring"})
    at = await virtual.now() + 3 * DAY

    await change(virtual, environment, made, repeats=(), scheduled_at=at, data=None)
    await virtual.pass_time(environment, 4 * DAY)
    assert [body_of(message) for message in await virtual.messages(environment)] == [""]

    # Its workflow has ended; the update starts it again.
    await change(virtual, environment, made, repeats=(NINE,), scheduled_at=None, data={"n": "daily"})
    await virtual.pass_time(environment, 2 * DAY)
    assert [body_of(message) for message in await virtual.messages(environment)] == ["", "daily", "daily"]


@pytest.mark.rule("E-SCHED-10")
async def test_deleting_a_schedule_cancels_what_is_pending_and_ends_its_workflow(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "digest", workflow(in_app_step()))
    made = await schedule(virtual, environment)
    await virtual.pass_time(environment, DAY)
    assert len(await virtual.messages(environment)) == 1

    async with virtual.database.transaction() as connection:
        await delete_schedules(connection, environment.id, [made])
    await rouse(virtual.temporal, environment.id, [made])
    await virtual.pass_time(environment, 3 * DAY)

    assert len(await virtual.messages(environment)) == 1
    handle = virtual.temporal.client.get_workflow_handle(names.schedule_workflow(made))
    assert await handle.result() is None


@pytest.mark.rule("E-SCHED-12", "E-RUN-9")
async def test_an_inactive_workflow_skips_its_occurrence_and_the_current_version_runs(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "digest", workflow(in_app_step(body="old")))
    made = await schedule(virtual, environment)
    await switch(virtual, environment, on=False)

    await virtual.pass_time(environment, DAY)
    row = await standing(virtual.database, environment, made)
    assert await virtual.runs(environment) == []
    assert row["last_occurrence_at"] is None
    assert row["skip_reason"] == 'the workflow "digest" is inactive'
    assert row["next_occurrence_at"] == row["skipped_at"] + DAY

    await switch(virtual, environment, on=True)
    await virtual.publish(environment, "digest", workflow(in_app_step(body="new")))
    await virtual.pass_time(environment, DAY)
    assert [body_of(message) for message in await virtual.messages(environment)] == ["new"]


@pytest.mark.rule("E-SCHED-4")
async def test_a_recipient_who_moves_is_notified_at_nine_in_the_new_zone(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "digest", workflow(in_app_step()))
    made = await schedule(virtual, environment, recipient={**ADA, "timezone": "America/New_York"})
    async with virtual.database.transaction() as connection:
        moved = {"timezone": "Asia/Tokyo"}
        await identify(connection, environment.id, RecipientRef(id="ada"), moved, datetime.now(UTC))

    await rouse(virtual.temporal, environment.id, [made])
    await virtual.idle(environment)

    row = await standing(virtual.database, environment, made)
    assert row["next_occurrence_at"].astimezone(TOKYO).hour == 9
    await virtual.pass_time(environment, DAY)
    (message,) = await virtual.messages(environment)
    assert message["inserted_at"].astimezone(TOKYO).hour == 9


@pytest.mark.rule("E-SCHED-8")
async def test_a_scheduled_object_runs_for_itself_and_not_for_its_subscribers(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "digest", workflow(in_app_step()))
    project = {"collection": "projects", "id": "p1", "name": "Apollo"}
    async with virtual.database.transaction() as connection:
        to, now = RecipientRef(collection="projects", id="p1"), datetime.now(UTC)
        await subscribe(connection, environment.id, to, [RecipientRef(id="ada")], None, now)
    await schedule(virtual, environment, recipient=project)

    await virtual.pass_time(environment, DAY)

    runs = await virtual.runs(environment)
    assert [(run["recipient_collection"], run["recipient_id"]) for run in runs] == [("projects", "p1")]


@pytest.mark.rule("E-RUN-14")
async def test_a_template_sees_the_schedule_that_its_run_comes_from(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    body = "{{ recipient.schedule.id }} {{ recipient.schedule.next_occurrence_at }}"
    await virtual.publish(environment, "digest", workflow(in_app_step(body=body)))
    made = await schedule(virtual, environment)

    await virtual.pass_time(environment, DAY)

    row = await standing(virtual.database, environment, made)
    (message,) = await virtual.messages(environment)
    assert body_of(message) == f"{made} {row['next_occurrence_at'].isoformat()}"


async def change(virtual: VirtualTime, environment: TestEnvironment, schedule_id: Any, **given: Any) -> None:
    async with virtual.database.transaction() as connection:
        changes = ScheduleChanges(given=frozenset(given), **given)
        await change_schedules(connection, environment.id, [schedule_id], changes, await virtual.now())
    await rouse(virtual.temporal, environment.id, [schedule_id])
    await virtual.idle(environment)


async def switch(virtual: VirtualTime, environment: TestEnvironment, *, on: bool) -> None:
    async with virtual.database.transaction() as connection:
        await connection.execute(
            "UPDATE resources SET active = %s WHERE environment_id = %s", (on, environment.id)
        )
