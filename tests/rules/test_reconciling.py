"""The reconciler's parts, each asked for one environment: what was lost is found again (D5, D9, D10)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from psycopg.rows import DictRow
from temporalio.client import WorkflowExecutionStatus

from activities.reconciling import cancels, deliveries, runs, triggers, waits
from activities.runs import Runs
from activities.steps.channel import ChannelSteps
from activities.versions import Versions
from dispatch.starting import StartableRun, start_recipient_run
from models.tables.cancels import NewCancel, insert_cancel
from models.tables.reconciliation import take_deaf
from models.tables.waits import NewAwaitedEvent, record_event
from models.values.differences import Difference
from models.values.kinds import Outcome
from models.values.refs import RecipientRef
from tests.builders import delay_step, email_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.houses import SEALER, Mailbox
from tests.runs import NOON, WrittenRun, rows, write_run
from tests.schedules import new_schedule, write
from tests.virtual_time import VirtualTime, place_of
from workflows_engine import names
from workflows_engine.effects.runs import BeginAsk, FinishAsk
from workflows_engine.recipient_run import RecipientRunWorkflow
from workflows_engine.run import RunInput
from workflows_engine.schedule import ScheduleInput, ScheduleWorkflow
from workflows_engine.steps.wait_for_event import AwaitedEvent

LATER = NOON + timedelta(hours=1)
ADA = RecipientRef(id="ada")


@pytest.fixture
def place(environment: TestEnvironment) -> DictRow:
    return {"id": environment.id, "slug": environment.slug}


async def unanswer(virtual: VirtualTime, run: WrittenRun) -> None:
    """As if the API had died before it answered."""
    async with virtual.database.transaction() as connection:
        await connection.execute("UPDATE triggers SET answered_at = NULL WHERE id = %s", (run.trigger_id,))


async def start(virtual: VirtualTime, environment: TestEnvironment, key: str, run: WrittenRun) -> None:
    startable = StartableRun(environment.id, environment.slug, key, run.trigger_id, run.id, ADA)
    await start_recipient_run(virtual.temporal, startable)
    await virtual.idle(environment)


@pytest.mark.rule("E-TRIGGER-6")
async def test_a_trigger_that_was_never_answered_is_withdrawn_and_its_run_does_nothing(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    run = await write_run(virtual.database, environment, "greet")
    await unanswer(virtual, run)

    retired = await triggers.retire_unanswered(virtual.database, virtual.temporal, place, LATER)
    await start(virtual, environment, "greet", run)

    assert retired == {Difference.TRIGGERS_WITHDRAWN: 1}
    assert [(one["status"], one["outcome"]) for one in await virtual.runs(environment)] == [
        ("cancelled", "terminated")
    ]
    assert await virtual.messages(environment) == []


async def test_a_trigger_whose_caller_may_still_be_waiting_is_left_alone(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    run = await write_run(virtual.database, environment, "greet")
    await unanswer(virtual, run)

    soon = NOON + timedelta(seconds=59)
    assert await triggers.retire_unanswered(virtual.database, virtual.temporal, place, soon) == {}

    await start(virtual, environment, "greet", run)
    assert len(await virtual.messages(environment)) == 1


async def test_an_unanswered_trigger_whose_workflow_runs_is_accepted_after_all(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(delay_step(), in_app_step()))
    run = await write_run(virtual.database, environment, "greet")
    await unanswer(virtual, run)
    await start(virtual, environment, "greet", run)

    accepted = await triggers.retire_unanswered(virtual.database, virtual.temporal, place, LATER)
    assert accepted == {Difference.TRIGGERS_ANSWERED_LATE: 1}

    (row,) = await rows(virtual.database, "SELECT * FROM triggers WHERE id = %s", run.trigger_id)
    assert (row["answered_at"], row["retired_at"]) == (LATER, None)
    assert [one["status"] for one in await virtual.runs(environment)] == ["paused"]


async def test_an_answered_run_that_temporal_lost_is_started_again(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    await write_run(virtual.database, environment, "greet")

    repaired = await runs.repair(virtual.database, virtual.temporal, place, LATER)
    await virtual.idle(environment)

    assert repaired == {Difference.RUNS_RESTARTED: 1}
    assert len(await virtual.messages(environment)) == 1


async def test_a_fan_out_that_temporal_lost_is_started_again(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    await write_run(virtual.database, environment, "greet", fan_out="pending")

    restarted = await triggers.restart_fan_outs(virtual.database, virtual.temporal, place, LATER)
    assert restarted == {Difference.FAN_OUTS_RESTARTED: 1}
    await virtual.idle(environment)

    assert len(await virtual.messages(environment)) == 1
    assert await triggers.restart_fan_outs(virtual.database, virtual.temporal, place, LATER) == {}


async def test_what_a_fan_out_has_written_is_left_to_it_until_it_is_done_or_given_up(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    run = await write_run(virtual.database, environment, "greet", fan_out="pending")

    assert await runs.repair(virtual.database, virtual.temporal, place, LATER) == {}

    async with virtual.database.transaction() as connection:
        await connection.execute("UPDATE triggers SET fan_out = 'abandoned' WHERE id = %s", (run.trigger_id,))
    repaired = await runs.repair(virtual.database, virtual.temporal, place, LATER)
    await virtual.idle(environment)
    assert repaired == {Difference.RUNS_RESTARTED: 1}


async def test_a_fan_out_that_was_ended_in_temporal_is_given_up(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    ended = await write_run(virtual.database, environment, "greet", fan_out="pending")
    workflow_id = names.workflow_run_workflow(environment.slug, "greet", ended.trigger_id)
    # Some workflow that sleeps, in its place: a fan-out of one is over before anybody could end it.
    now = await virtual.now()
    later = new_schedule("greet", scheduled_at=now + timedelta(days=30))
    made = await write(virtual.database, place_of(environment), later, now)
    handle = await virtual.temporal.client.start_workflow(
        ScheduleWorkflow.run,
        ScheduleInput(environment_id=environment.id, schedule_id=made),
        id=workflow_id,
        task_queue=names.RUNS,
    )
    await virtual.idle(environment)
    assert await triggers.restart_fan_outs(virtual.database, virtual.temporal, place, LATER) == {}
    await handle.terminate()

    given_up = await triggers.restart_fan_outs(virtual.database, virtual.temporal, place, LATER)
    assert given_up == {Difference.FAN_OUTS_GIVEN_UP: 1}

    (row,) = await rows(
        virtual.database, "SELECT fan_out FROM triggers WHERE environment_id = %s", environment.id
    )
    assert row["fan_out"] == "abandoned"


async def test_a_sleeping_run_is_left_to_its_workflow(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    await virtual.trigger(environment, "welcome")

    soon = await virtual.now() + timedelta(minutes=5)
    repaired = await runs.repair(virtual.database, virtual.temporal, place, soon)

    assert repaired == {}
    assert [one["status"] for one in await virtual.runs(environment)] == ["paused"]


@pytest.mark.rule("E-CANCEL-2")
async def test_a_cancel_whose_signal_was_lost_is_told_again(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    await virtual.trigger(environment, "welcome", cancellation_key="k")
    moment = await virtual.now()
    async with virtual.database.transaction() as connection:
        await insert_cancel(connection, NewCancel(environment.id, "welcome", "k", None, None), moment)

    soon = moment + timedelta(minutes=1)
    told = await cancels.tell_again(virtual.database, virtual.temporal, place, soon)
    assert told == {Difference.CANCELS_TOLD: 1}
    await virtual.idle(environment)

    assert [one["status"] for one in await virtual.runs(environment)] == ["cancelled"]
    assert await cancels.tell_again(virtual.database, virtual.temporal, place, soon) == {}


@pytest.mark.rule("E-CANCEL-2")
async def test_a_run_that_cannot_act_on_a_cancel_is_told_once_a_minute(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    # Its last message is being sent, say. Here nobody carries it on.
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    await virtual.trigger(environment, "welcome", cancellation_key="k")
    moment = await virtual.now()
    async with virtual.database.transaction() as connection:
        await insert_cancel(connection, NewCancel(environment.id, "welcome", "k", None, None), moment)
    soon = moment + timedelta(minutes=1)

    async def heard(after: timedelta) -> dict[str, int]:
        async with virtual.database.connection() as connection:
            now = soon + after
            stale = now - cancels.AGAIN
            return {
                str(run["id"]): run["later_cancel"]
                for run in await take_deaf(connection, environment.id, now, now - cancels.PATIENCE, stale)
            }

    assert len(await heard(timedelta())) == 1
    assert await heard(timedelta(seconds=10)) == {}
    assert len(await heard(timedelta(seconds=61))) == 1


@pytest.mark.rule("E-MSG-6")
async def test_a_message_of_a_finished_run_that_nobody_delivers_is_delivered(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow, mailbox: Mailbox
) -> None:
    address = f"ada@{environment.slug}.example.com"
    await virtual.publish(environment, "hello", workflow(email_step()))
    run = await write_run(virtual.database, environment, "hello", {"id": "ada", "email": address})
    versions = Versions(SEALER)
    await ChannelSteps(virtual.database, versions).compose_messages(run.ask("email_1"))
    finished = await Runs(virtual.database, versions).finish_run(finish(environment.id, run.id, NOON))
    assert len(finished.unsettled) == 1

    taken_up = await deliveries.take_up(virtual.database, virtual.temporal, place, LATER)
    assert taken_up == {Difference.DELIVERIES_RESTARTED: 1}
    await virtual.idle(environment)

    assert [message["status"] for message in await virtual.messages(environment)] == ["sent"]
    assert len(mailbox.mails_to(address)) == 1
    assert await deliveries.take_up(virtual.database, virtual.temporal, place, LATER) == {}


@pytest.mark.rule("E-CANCEL-3")
async def test_a_mail_whose_composer_was_lost_is_delivered_though_the_run_is_cancelled(
    virtual: VirtualTime, environment: TestEnvironment, mailbox: Mailbox
) -> None:
    address = f"ada@{environment.slug}.example.com"
    await virtual.publish(environment, "hello", workflow(email_step(), delay_step()))
    run = await write_run(
        virtual.database, environment, "hello", {"id": "ada", "email": address}, cancellation_key="k"
    )
    await compose_as_a_worker_that_is_lost(virtual, run)
    async with virtual.database.transaction() as connection:
        cancel = NewCancel(environment.id, "hello", "k", None, None)
        acceptance = await insert_cancel(connection, cancel, NOON)

    await carry_out_cancelled(virtual, environment, run, acceptance)
    await virtual.idle(environment)

    assert [one["outcome"] for one in await virtual.runs(environment)] == ["cancelled"]
    assert [message["status"] for message in await virtual.messages(environment)] == ["sent"]
    assert len(mailbox.mails_to(address)) == 1


async def compose_as_a_worker_that_is_lost(virtual: VirtualTime, run: WrittenRun) -> None:
    """The effects are committed, and their answers never reach Temporal."""
    versions = Versions(SEALER)
    begin = BeginAsk(environment_id=run.environment_id, recipient_run_id=run.id, now=NOON)
    assert (await Runs(virtual.database, versions).begin_run(begin)).outcome is None
    composed = await ChannelSteps(virtual.database, versions).compose_messages(run.ask("email_1"))
    assert len(composed.to_deliver) == 1


async def carry_out_cancelled(
    virtual: VirtualTime, environment: TestEnvironment, run: WrittenRun, acceptance: int
) -> None:
    """The run's workflow from start to end; it hears of its cancel with its very first task."""
    workflow_id = names.recipient_run_workflow(environment.slug, "hello", ADA, run.id)
    given = RunInput(
        environment_id=environment.id,
        environment=environment.slug,
        workflow_key="hello",
        workflow_run_id=run.trigger_id,
        recipient_run_id=run.id,
        recipient=ADA,
        is_listed=False,
    )
    handle = await virtual.temporal.client.start_workflow(
        RecipientRunWorkflow.run,
        given,
        id=workflow_id,
        task_queue=names.RUNS,
        start_signal=names.CANCEL,
        start_signal_args=[acceptance],
    )

    async def status() -> WorkflowExecutionStatus | None:
        return (await handle.describe()).status

    await eventually(status, until=lambda seen: seen == WorkflowExecutionStatus.COMPLETED)


def finish(environment_id: UUID, run_id: UUID, now: datetime) -> FinishAsk:
    return FinishAsk(
        environment_id=environment_id,
        recipient_run_id=run_id,
        incarnation=0,
        outcome=Outcome.FINISHED,
        now=now,
    )


PAID = {"event_type": "integration_source", "event_key": "Paid", "integration_source_key": "stripe"}


async def test_a_run_that_was_not_told_of_its_event_is_told_again(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    # E-WAITEVENT-2
    event = {"settings": {"event": PAID, "expires_after": {"unit": "days", "value": 1}}}
    step = {"type": "wait_for_event", "ref": "wait_1", **event}
    await virtual.publish(environment, "buy", workflow(step, in_app_step()))
    await virtual.trigger(environment, "buy")
    now = await virtual.now() + timedelta(minutes=2)
    assert await waits.tell_again(virtual.database, virtual.temporal, place, now) == {}

    topic = AwaitedEvent.model_validate(PAID).topic
    unheard = NewAwaitedEvent(environment.id, topic, ADA, {}, await virtual.now())
    async with virtual.database.transaction() as connection:
        await record_event(connection, unheard)
    # It was looked at less than a minute ago.
    assert await waits.tell_again(virtual.database, virtual.temporal, place, now) == {}
    assert await virtual.messages(environment) == []
    later = now + timedelta(minutes=2)
    told = await waits.tell_again(virtual.database, virtual.temporal, place, later)
    assert told == {Difference.WAITS_TOLD: 1}
    await virtual.idle(environment)

    assert [message["step_ref"] for message in await virtual.messages(environment)] == ["in_app_1"]


async def test_the_wait_of_a_run_that_was_terminated_is_over(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    step = {"type": "wait_for_event", "ref": "wait_1", "settings": {"event": PAID}}
    await virtual.publish(environment, "buy", workflow(step))
    await virtual.trigger(environment, "buy", cancellation_key="stop")
    async with virtual.database.transaction() as connection:
        await connection.execute(
            """
            UPDATE recipient_runs SET finished_at = now(), status = 'cancelled', outcome = 'terminated'
            WHERE environment_id = %s
            """,
            (environment.id,),
        )

    now = await virtual.now() + timedelta(minutes=2)
    ended = await waits.tell_again(virtual.database, virtual.temporal, place, now)
    assert ended == {Difference.WAITS_ENDED: 1}

    found = await rows(
        virtual.database, "SELECT result FROM event_waits WHERE environment_id = %s", environment.id
    )
    assert [wait["result"] for wait in found] == ["cancelled"]
