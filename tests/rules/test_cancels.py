"""Cancelling, in virtual time."""

from datetime import timedelta
from uuid import UUID

import pytest

from activities.steps.batch import BatchSteps
from activities.versions import Versions
from dispatch.cancels import tell_run
from models.tables.cancels import NewCancel, find_cancellable, insert_cancel
from models.values.kinds import Outcome
from tests.builders import batch_step, delay_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.rules.reading import body_of
from tests.runs import NOON, WrittenRun, rows, write_run
from tests.virtual_time import VirtualTime
from workflows_engine.effects.steps import Verdict, WindowAsk

WINDOW = timedelta(minutes=10)
BODY = "{{ total_activities }}: {% for a in activities %}{{ a.n }}{% endfor %}"
BATCHED = workflow(batch_step(seconds=600), in_app_step(body=BODY))
BATCHED_AND_DELAYED = workflow(batch_step(seconds=600), delay_step(), in_app_step(body=BODY))


async def gather(virtual: VirtualTime, environment: TestEnvironment, *keys: str) -> None:
    """One trigger a key, each with its key in its data."""
    for key in keys:
        await virtual.trigger(environment, "batched", cancellation_key=key, data={"n": key})


async def outcomes(virtual: VirtualTime, environment: TestEnvironment) -> list[str | None]:
    return [run["outcome"] for run in await virtual.runs(environment)]


async def bodies(virtual: VirtualTime, environment: TestEnvironment) -> list[str]:
    return [body_of(message) for message in await virtual.messages(environment)]


@pytest.mark.rule("E-CANCEL-2", "E-CANCEL-5", "E-DELAY-9")
async def test_a_cancel_stops_the_paused_runs_of_its_workflow_and_key_and_no_others(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    for key in ("welcome", "farewell"):
        await virtual.publish(environment, key, workflow(delay_step(), in_app_step()))
    await virtual.accept(environment, "welcome", {"id": "ada"}, {"id": "bob"}, cancellation_key="k")
    await virtual.accept(environment, "welcome", {"id": "eve"}, cancellation_key="k")
    await virtual.accept(environment, "welcome", {"id": "other-key"}, cancellation_key="other")
    await virtual.trigger(environment, "farewell", {"id": "other-workflow"}, cancellation_key="k")

    await virtual.cancel(environment, "welcome", "k")

    stopped = {run["recipient_id"]: run["status"] for run in await virtual.runs(environment)}
    assert stopped == {
        "ada": "cancelled",
        "bob": "cancelled",
        "eve": "cancelled",
        "other-key": "paused",
        "other-workflow": "paused",
    }


@pytest.mark.rule("E-CANCEL-2")
async def test_a_cancel_that_names_recipients_stops_theirs_alone(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    await virtual.trigger(environment, "welcome", {"id": "ada"}, {"id": "bob"}, cancellation_key="k")

    await virtual.cancel(environment, "welcome", "k", "bob")
    await virtual.pass_time(environment, timedelta(days=1))

    assert [message["recipient_id"] for message in await virtual.messages(environment)] == ["ada"]


@pytest.mark.rule("E-CANCEL-4")
async def test_a_cancel_does_not_reach_triggers_that_come_after_it(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    await virtual.cancel(environment, "welcome", "k")
    await virtual.trigger(environment, "welcome", cancellation_key="k")

    await virtual.pass_time(environment, timedelta(days=1))

    assert len(await virtual.messages(environment)) == 1


@pytest.mark.rule("E-CANCEL-6")
async def test_cancelling_the_lone_opener_leaves_its_window_open_until_its_time(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", BATCHED)
    opened = await virtual.now()
    await gather(virtual, environment, "a")
    await virtual.cancel(environment, "batched", "a")
    assert await outcomes(virtual, environment) == ["cancelled"]
    await virtual.pass_time(environment, timedelta(minutes=5))
    await gather(virtual, environment, "b")

    await virtual.pass_time(environment, timedelta(minutes=6))

    (message,) = await virtual.messages(environment)
    assert body_of(message) == "1: b"
    assert WINDOW <= message["inserted_at"] - opened < WINDOW + timedelta(seconds=5)


@pytest.mark.rule("E-CANCEL-7")
async def test_a_window_goes_on_with_the_run_of_its_cancelled_opener(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", BATCHED)
    await gather(virtual, environment, "a", "b", "c")

    await virtual.cancel(environment, "batched", "a")
    await virtual.pass_time(environment, WINDOW)

    opener = (await virtual.runs(environment))[0]
    (message,) = await virtual.messages(environment)
    assert (body_of(message), message["recipient_run_id"]) == ("2: bc", opener["id"])
    assert await outcomes(virtual, environment) == ["finished", "absorbed", "absorbed"]


@pytest.mark.rule("E-CANCEL-6")
async def test_cancelling_an_absorbed_run_takes_its_activity_out(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", BATCHED)
    await gather(virtual, environment, "a", "b")

    await virtual.cancel(environment, "batched", "b")
    await virtual.pass_time(environment, WINDOW)

    assert await bodies(virtual, environment) == ["1: a"]


@pytest.mark.rule("E-BATCH-26")
@pytest.mark.parametrize("order", ["ab", "ba"])
async def test_a_window_whose_activities_were_all_cancelled_sends_nothing(
    virtual: VirtualTime, environment: TestEnvironment, order: str
) -> None:
    await virtual.publish(environment, "batched", BATCHED)
    await gather(virtual, environment, "a", "b")

    for key in order:
        await virtual.cancel(environment, "batched", key)
    await virtual.pass_time(environment, WINDOW)

    assert await virtual.messages(environment) == []
    assert await outcomes(virtual, environment) == ["cancelled", "absorbed"]


@pytest.mark.rule("E-CANCEL-8")
@pytest.mark.parametrize(
    ("before", "after", "sent"),
    [
        ((), ("a",), []),
        (("a",), ("a",), []),
        (("a",), (), ["1: b"]),
        ((), ("b",), ["2: ab"]),
        (("b",), ("b",), ["1: a"]),
    ],
)
async def test_after_the_close_only_the_openers_key_stops_the_run(
    virtual: VirtualTime,
    environment: TestEnvironment,
    before: tuple[str, ...],
    after: tuple[str, ...],
    sent: list[str],
) -> None:
    await virtual.publish(environment, "batched", BATCHED_AND_DELAYED)
    await gather(virtual, environment, "a", "b")
    for key in before:
        await virtual.cancel(environment, "batched", key)
    await virtual.pass_time(environment, WINDOW + timedelta(minutes=1))
    assert [run["status"] for run in await virtual.runs(environment)] == ["paused", "completed"]

    for key in after:
        await virtual.cancel(environment, "batched", key)
    await virtual.pass_time(environment, timedelta(days=1))

    assert await bodies(virtual, environment) == sent
    assert await outcomes(virtual, environment) == ["finished" if sent else "cancelled", "absorbed"]


@pytest.mark.rule("E-CANCEL-7", "E-CANCEL-8")
async def test_a_cancel_from_before_the_close_that_is_heard_after_it_takes_one_activity_only(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", BATCHED_AND_DELAYED)
    await gather(virtual, environment, "a", "b")
    async with virtual.database.transaction() as connection:
        cancel = NewCancel(environment.id, "batched", "a", None, None)
        acceptance = await insert_cancel(connection, cancel, await virtual.now())
        (opener,) = await find_cancellable(connection, environment.id, acceptance, limit=2)
    await virtual.pass_time(environment, WINDOW + timedelta(minutes=1))
    assert [run["status"] for run in await virtual.runs(environment)] == ["paused", "completed"]

    assert await tell_run(virtual.temporal, opener, acceptance)
    await virtual.pass_time(environment, timedelta(days=1))

    assert await bodies(virtual, environment) == ["1: b"]
    assert await outcomes(virtual, environment) == ["finished", "absorbed"]


@pytest.mark.rule("E-CANCEL-8")
async def test_a_window_that_was_closed_cannot_be_left(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", BATCHED)
    run = await write_run(virtual.database, environment, "batched")
    steps = BatchSteps(virtual.database, Versions(SEALER), virtual.temporal)
    window_id = (await steps.join_batch(run.ask("batch_1"))).window_id
    assert window_id is not None
    ask = about(run, window_id)
    closed = await steps.close_batch(ask)
    before = await members(virtual, window_id)

    left = await steps.leave_batch(ask)

    assert (closed.verdict, closed.total_activities) == (Verdict.DONE, 1)
    assert (left.verdict, left.outcome) == (Verdict.STOP, Outcome.CANCELLED)
    assert await members(virtual, window_id) == before
    assert [member["left_at"] for member in before] == [None]


async def test_a_window_that_another_run_holds_cannot_be_left(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", BATCHED)
    first = await write_run(virtual.database, environment, "batched")
    second = await write_run(virtual.database, environment, "batched")
    steps = BatchSteps(virtual.database, Versions(SEALER), virtual.temporal)
    window_id = (await steps.join_batch(first.ask("batch_1"))).window_id
    assert window_id is not None
    # The first has no workflow, so the second takes the window over.
    assert (await steps.join_batch(second.ask("batch_1"))).is_owner
    before = await members(virtual, window_id)

    left = await steps.leave_batch(about(first, window_id))

    assert (left.verdict, left.outcome) == (Verdict.STOP, Outcome.ABSORBED)
    assert await members(virtual, window_id) == before
    assert [member["left_at"] for member in before] == [None, None]


def about(run: WrittenRun, window_id: UUID) -> WindowAsk:
    """What the run asks about its window, once the window's time is over."""
    ask = run.ask("batch_1", NOON + WINDOW)
    return WindowAsk(**ask.model_dump(), window_id=window_id)


async def members(virtual: VirtualTime, window_id: UUID) -> list[dict[str, object]]:
    sql = "SELECT * FROM batch_members WHERE window_id = %s ORDER BY acceptance"
    return await rows(virtual.database, sql, window_id)


@pytest.mark.rule("E-CANCEL-3")
async def test_what_was_sent_is_not_recalled(virtual: VirtualTime, environment: TestEnvironment) -> None:
    await virtual.publish(environment, "welcome", workflow(in_app_step(), delay_step(), in_app_step("late")))
    await virtual.trigger(environment, "welcome", cancellation_key="k")

    await virtual.cancel(environment, "welcome", "k")
    await virtual.pass_time(environment, timedelta(days=1))

    assert [(one["step_ref"], one["status"]) for one in await virtual.messages(environment)] == [
        ("in_app_1", "delivered")
    ]


@pytest.mark.rule("E-CANCEL-10", "E-TRIGGERWF-8")
async def test_a_nested_run_outlives_the_cancel_of_its_parent(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    nest = {"type": "trigger_workflow", "ref": "nest", "settings": {"workflow_key": "child"}}
    await virtual.publish(environment, "child", workflow(delay_step(), in_app_step()))
    await virtual.publish(environment, "parent", workflow(nest, delay_step(), in_app_step()))
    await virtual.trigger(environment, "parent", cancellation_key="c")
    await virtual.cancel(environment, "parent", "c")
    await virtual.pass_time(environment, timedelta(days=2))

    assert [message["workflow_key"] for message in await virtual.messages(environment)] == ["child"]
