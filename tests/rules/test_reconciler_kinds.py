"""Each kind of difference, produced on purpose, healed by a whole round and read in its report (D5)."""

import importlib
from datetime import timedelta
from typing import Any

import pytest
from psycopg.rows import DictRow

from activities.runs import Runs
from activities.steps.channel import ChannelSteps
from activities.versions import Versions
from dispatch.looking import Condition, condition_of
from dispatch.starting import StartableRun, start_delivery, start_recipient_run
from models.tables.recipients import identify
from models.tables.waits import NewAwaitedEvent, record_event
from models.values.differences import Difference
from models.values.kinds import Outcome
from models.values.refs import RecipientRef
from tests.builders import delay_step, email_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.houses import SEALER, Mailbox
from tests.rules.healing import HEALED, heals, round_of
from tests.runs import NOON, WrittenRun, rows, write_run
from tests.schedules import new_schedule, schedule, standing, write
from tests.virtual_time import VirtualTime, place_of
from workflows_engine import names
from workflows_engine.effects.runs import FinishAsk
from workflows_engine.schedule import ScheduleInput, ScheduleWorkflow
from workflows_engine.steps.wait_for_event import AwaitedEvent

LATER = NOON + timedelta(hours=1)
MUCH_LATER = timedelta(hours=1)
ADA = RecipientRef(id="ada")
PAID = {"event_type": "integration_source", "event_key": "Paid", "integration_source_key": "stripe"}


@pytest.fixture
def place(environment: TestEnvironment) -> DictRow:
    return {"id": environment.id, "slug": environment.slug}


async def found_by(virtual: VirtualTime, place: DictRow, now: Any) -> dict[str, int]:
    report = await round_of(virtual, place, now)
    found: dict[str, int] = report["found"]
    return found


async def change(virtual: VirtualTime, sql: str, *values: Any) -> None:
    async with virtual.database.transaction() as connection:
        await connection.execute(sql, values)


async def unanswer(virtual: VirtualTime, run: WrittenRun) -> None:
    await change(virtual, "UPDATE triggers SET answered_at = NULL WHERE id = %s", run.trigger_id)


@heals(Difference.TRIGGERS_ANSWERED_LATE)
async def test_a_trigger_that_runs_though_nobody_was_answered(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(delay_step(), in_app_step()))
    run = await write_run(virtual.database, environment, "greet")
    await unanswer(virtual, run)
    startable = StartableRun(environment.id, environment.slug, "greet", run.trigger_id, run.id, ADA)
    await start_recipient_run(virtual.temporal, startable)
    await virtual.idle(environment)

    assert await found_by(virtual, place, LATER) == {"triggers_answered_late": 1}


@heals(Difference.FAN_OUTS_GIVEN_UP)
async def test_a_fan_out_that_a_person_ended(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    ended = await write_run(virtual.database, environment, "greet", fan_out="pending")
    # Some workflow that sleeps, in its place: a fan-out of one is over before anybody could end it.
    now = await virtual.now()
    later = new_schedule("greet", scheduled_at=now + timedelta(days=30))
    made = await write(virtual.database, place_of(environment), later, now)
    handle = await virtual.temporal.client.start_workflow(
        ScheduleWorkflow.run,
        ScheduleInput(environment_id=environment.id, schedule_id=made),
        id=names.workflow_run_workflow(environment.slug, "greet", ended.trigger_id),
        task_queue=names.RUNS,
    )
    await virtual.idle(environment)
    await handle.terminate()

    assert (await found_by(virtual, place, LATER))["fan_outs_given_up"] == 1


async def wait_for_payment(virtual: VirtualTime, environment: TestEnvironment) -> None:
    event = {"settings": {"event": PAID, "expires_after": {"unit": "days", "value": 1}}}
    step = {"type": "wait_for_event", "ref": "wait_1", **event}
    await virtual.publish(environment, "buy", workflow(step, in_app_step()))
    await virtual.trigger(environment, "buy")


@heals(Difference.WAITS_TOLD)
async def test_a_run_that_was_not_told_of_its_event(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await wait_for_payment(virtual, environment)
    topic = AwaitedEvent.model_validate(PAID).topic
    unheard = NewAwaitedEvent(environment.id, topic, ADA, {}, await virtual.now())
    async with virtual.database.transaction() as connection:
        await record_event(connection, unheard)

    assert await found_by(virtual, place, await virtual.now() + timedelta(minutes=2)) == {"waits_told": 1}
    await virtual.idle(environment)

    assert len(await virtual.messages(environment)) == 1


@heals(Difference.WAITS_ENDED)
async def test_the_wait_of_a_run_that_is_over(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await wait_for_payment(virtual, environment)
    await change(
        virtual,
        """
        UPDATE recipient_runs SET finished_at = now(), status = 'cancelled', outcome = 'terminated'
        WHERE environment_id = %s
        """,
        environment.id,
    )

    assert await found_by(virtual, place, await virtual.now() + timedelta(minutes=2)) == {"waits_ended": 1}


async def leave_undelivered(virtual: VirtualTime, environment: TestEnvironment, address: str) -> str:
    """A mail of a finished run that nobody delivers; its id."""
    await virtual.publish(environment, "hello", workflow(email_step()))
    run = await write_run(virtual.database, environment, "hello", {"id": "ada", "email": address})
    versions = Versions(SEALER)
    await ChannelSteps(virtual.database, versions).compose_messages(run.ask("email_1"))
    ended = FinishAsk(
        environment_id=environment.id,
        recipient_run_id=run.id,
        incarnation=0,
        outcome=Outcome.FINISHED,
        now=NOON,
    )
    (message_id,) = (await Runs(virtual.database, versions).finish_run(ended)).unsettled
    return message_id


def address_of(environment: TestEnvironment) -> str:
    return f"ada@{environment.slug}.example.com"


@heals(Difference.DELIVERIES_RESTARTED, Difference.DELIVERIES_REMEMBERED)
async def test_a_mail_that_nobody_delivers_and_one_whose_delivery_postgres_lost(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow, mailbox: Mailbox
) -> None:
    message_id = await leave_undelivered(virtual, environment, address_of(environment))
    assert await found_by(virtual, place, LATER) == {"deliveries_restarted": 1}
    await virtual.idle(environment)
    assert len(mailbox.mails_to(address_of(environment))) == 1

    await change(virtual, "DELETE FROM delivery_attempts WHERE message_id = %s", message_id)
    await change(
        virtual,
        """
        UPDATE messages SET status = 'queued', settled_at = NULL, attempts = 0, updated_at = inserted_at
        WHERE id = %s
        """,
        message_id,
    )
    assert await found_by(virtual, place, LATER + MUCH_LATER) == {"deliveries_remembered": 1}
    await virtual.idle(environment)

    assert [one["status"] for one in await virtual.messages(environment)] == ["sent"]
    assert len(mailbox.mails_to(address_of(environment))) == 1


@heals(Difference.DELIVERIES_GIVEN_UP)
async def test_a_mail_whose_delivery_a_person_ended(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow, mailbox: Mailbox
) -> None:
    message_id = await leave_undelivered(virtual, environment, address_of(environment))
    due = await virtual.now() + timedelta(days=1)
    await start_delivery(virtual.temporal, environment.id, message_id, 1, due)
    workflow_id = names.delivery_workflow(message_id)
    await virtual.idle(environment)
    assert await condition_of(virtual.temporal, workflow_id) is Condition.RUNNING
    await virtual.temporal.client.get_workflow_handle(workflow_id).terminate("a person did it")

    assert await found_by(virtual, place, LATER) == {"deliveries_given_up": 1}

    assert [one["status"] for one in await virtual.messages(environment)] == ["undelivered"]
    assert mailbox.mails_to(address_of(environment)) == []


async def send_and_forget_the_end(virtual: VirtualTime, environment: TestEnvironment) -> None:
    """A run sends a mail and ends; Postgres loses that it was sent, and that it has ended."""
    await virtual.publish(environment, "hello", workflow(email_step()))
    await virtual.trigger(environment, "hello", {"id": "ada", "email": address_of(environment)})
    await change(
        virtual,
        """
        UPDATE recipient_runs SET finished_at = NULL, outcome = NULL, status = 'processing'
        WHERE environment_id = %s
        """,
        environment.id,
    )
    (run,) = await virtual.runs(environment)
    await change(
        virtual, "DELETE FROM step_ledger WHERE recipient_run_id = %s AND step_ref = '$finish'", run["id"]
    )
    (message,) = await virtual.messages(environment)
    await change(virtual, "DELETE FROM delivery_attempts WHERE message_id = %s", message["id"])
    sql = "UPDATE messages SET status = 'queued', settled_at = NULL, attempts = 0 WHERE id = %s"
    await change(virtual, sql, message["id"])


@heals(Difference.RUNS_RUN_AGAIN, Difference.DELIVERIES_REMEMBERED)
async def test_a_run_whose_end_postgres_lost_sends_nothing_again_that_it_has_a_row_of(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow, mailbox: Mailbox
) -> None:
    await send_and_forget_the_end(virtual, environment)

    found = await found_by(virtual, place, await virtual.now() + timedelta(minutes=5))
    await virtual.idle(environment)

    assert found == {"runs_run_again": 1, "deliveries_remembered": 1}
    assert [one["outcome"] for one in await virtual.runs(environment)] == ["finished"]
    assert [one["status"] for one in await virtual.messages(environment)] == ["sent"]
    assert len(mailbox.mails_to(address_of(environment))) == 1


@heals(Difference.MESSAGES_SENT_AGAIN)
async def test_a_mail_that_postgres_lost_and_that_goes_out_again_is_counted_and_named(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow, mailbox: Mailbox
) -> None:
    await send_and_forget_the_end(virtual, environment)
    (run,), (lost,) = await virtual.runs(environment), await virtual.messages(environment)
    await change(virtual, "DELETE FROM messages WHERE id = %s", lost["id"])
    await change(virtual, "DELETE FROM step_ledger WHERE recipient_run_id = %s", run["id"])

    found = await found_by(virtual, place, await virtual.now() + timedelta(minutes=5))
    await virtual.idle(environment)

    assert found == {"runs_run_again": 1, "messages_sent_again": 1}
    assert [one["outcome"] for one in await virtual.runs(environment)] == ["finished"]
    assert len(mailbox.mails_to(address_of(environment))) == 2
    named = [line["data"] for line in await virtual.log(environment, "run_again")]
    assert named == [{"sent_before": [lost["id"]]}]


async def test_a_run_that_was_cancelled_is_not_run_again_because_postgres_lost_its_end(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    await virtual.trigger(environment, "welcome", cancellation_key="k")
    await virtual.cancel(environment, "welcome", "k")
    await change(virtual, "DELETE FROM cancels WHERE environment_id = %s", environment.id)
    await change(
        virtual,
        "UPDATE recipient_runs SET finished_at = NULL, outcome = NULL WHERE environment_id = %s",
        environment.id,
    )

    found = await found_by(virtual, place, await virtual.now() + timedelta(minutes=5))

    assert found == {"runs_settled": 1}
    assert await virtual.messages(environment) == []


async def test_a_fan_out_whose_end_postgres_lost_is_done_again_and_reaches_nobody_twice(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    await virtual.trigger(environment, "greet", {"id": "ada"}, {"id": "bob"})
    await change(virtual, "UPDATE triggers SET fan_out = 'pending' WHERE environment_id = %s", environment.id)
    bob = (await virtual.runs(environment))[1]
    for table in ("messages", "step_ledger"):
        await change(virtual, f"DELETE FROM {table} WHERE recipient_run_id = %s", bob["id"])
    await change(virtual, "DELETE FROM recipient_runs WHERE id = %s", bob["id"])

    later = await virtual.now() + timedelta(minutes=5)
    assert await found_by(virtual, place, later) == {"fan_outs_restarted": 1}
    await virtual.idle(environment)
    assert await found_by(virtual, place, later + MUCH_LATER) == {"runs_run_again": 1}
    await virtual.idle(environment)

    messages = await virtual.messages(environment)
    assert sorted(one["recipient_id"] for one in messages) == ["ada", "bob"]
    assert [one["outcome"] for one in await virtual.runs(environment)] == ["finished", "finished"]


@heals(Difference.SCHEDULES_RESTARTED, Difference.SCHEDULES_MOVED)
async def test_a_schedule_whose_workflow_is_gone_and_one_whose_recipient_moved(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "digest", workflow(in_app_step()))
    made = await schedule(virtual, environment)
    now = await virtual.now()
    async with virtual.database.transaction() as connection:
        await identify(connection, environment.id, ADA, {"timezone": "Asia/Tokyo"}, now)

    assert await found_by(virtual, place, now + timedelta(minutes=2)) == {"schedules_moved": 1}
    await virtual.idle(environment)
    assert (await standing(virtual.database, environment, made))["zone"] == "Asia/Tokyo"

    handle = virtual.temporal.client.get_workflow_handle(names.schedule_workflow(made))
    await handle.terminate("a person did it")
    assert await found_by(virtual, place, now + timedelta(minutes=4)) == {"schedules_restarted": 1}
    assert await condition_of(virtual.temporal, handle.id) is Condition.RUNNING


@heals(Difference.LEFT_OUT)
async def test_a_row_that_nobody_can_repair(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    run = await write_run(virtual.database, environment, "greet")
    await unanswer(virtual, run)
    await change(virtual, "DELETE FROM recipient_runs WHERE id = %s", run.id)

    assert await found_by(virtual, place, LATER) == {"left_out": 1}
    left = await rows(virtual.database, "SELECT retired_at FROM triggers WHERE id = %s", run.trigger_id)
    assert left == [{"retired_at": None}]


def test_every_kind_is_produced_and_healed_by_some_test() -> None:
    for module in ("test_reconciler_report", "test_reconciler_restored"):
        importlib.import_module(f"tests.rules.{module}")

    assert set(HEALED) == set(Difference)
