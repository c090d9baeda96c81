"""Windows that nobody goes on with are found again by the reconciler (D9)."""

from datetime import timedelta

import pytest
from psycopg.rows import DictRow

from activities.reconciling import runs, windows
from activities.window_closing import shut
from dispatch.looking import Condition
from models.tables.batches import lock_window
from models.tables.reconciliation import find_runs_of
from models.values.differences import Difference
from tests.builders import batch_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.rules.reading import body_of
from tests.runs import rows
from tests.virtual_time import VirtualTime

BODY = "{% for a in activities %}{{ a.n }}{% endfor %}"


@pytest.fixture
def place(environment: TestEnvironment) -> DictRow:
    return {"id": environment.id, "slug": environment.slug}


async def test_overdue_windows_whose_owners_run_hide_no_orphan(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), in_app_step()))
    for name in ("ada", "bob", "eve"):
        await virtual.trigger(environment, "batched", {"id": name}, cancellation_key=name)
    await virtual.cancel(environment, "batched", "eve")

    overdue = await virtual.now() + timedelta(minutes=12)
    await windows.hand_over(virtual.database, virtual.temporal, place, overdue, page_size=1)

    sql = "SELECT close_reason FROM batch_windows WHERE environment_id = %s ORDER BY closes_at"
    found = [window["close_reason"] for window in await rows(virtual.database, sql, environment.id)]
    assert found == [None, None, "empty"]


async def terminate_opener(virtual: VirtualTime, environment: TestEnvironment) -> None:
    opener = (await virtual.runs(environment))[0]
    workflow_id = f"{environment.slug}/batched/ada/{opener['id']}"
    await virtual.temporal.client.get_workflow_handle(workflow_id).terminate("a person did it")


async def test_the_window_of_a_terminated_opener_is_closed_by_the_next_without_its_activity(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), in_app_step(body=BODY)))
    for n in "abc":
        await virtual.trigger(environment, "batched", data={"n": n})
    await terminate_opener(virtual, environment)

    soon = await virtual.now() + timedelta(minutes=2)
    repaired = await runs.repair(virtual.database, virtual.temporal, place, soon)
    handed = await windows.hand_over(virtual.database, virtual.temporal, place, soon)
    await virtual.pass_time(environment, timedelta(minutes=11))

    assert repaired + handed == {Difference.RUNS_SETTLED: 1, Difference.WINDOWS_HANDED_OVER: 1}
    (message,) = await virtual.messages(environment)
    ended = await virtual.runs(environment)
    assert (body_of(message), message["recipient_run_id"]) == ("bc", ended[1]["id"])
    assert [one["outcome"] for one in ended] == ["terminated", "finished", "absorbed"]


@pytest.mark.rule("E-CANCEL-6")
async def test_a_window_is_never_inherited_by_a_run_that_was_cancelled_since(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), in_app_step(body=BODY)))
    for n in "abc":
        await virtual.trigger(environment, "batched", data={"n": n}, cancellation_key=n)
    await terminate_opener(virtual, environment)
    await virtual.cancel(environment, "batched", "b")

    soon = await virtual.now() + timedelta(minutes=2)
    await runs.repair(virtual.database, virtual.temporal, place, soon)
    handed = await windows.hand_over(virtual.database, virtual.temporal, place, soon)
    await virtual.pass_time(environment, timedelta(minutes=11))

    (message,) = await virtual.messages(environment)
    ended = await virtual.runs(environment)
    assert handed == {Difference.WINDOWS_HANDED_OVER: 1}
    assert (body_of(message), message["recipient_run_id"]) == ("c", ended[2]["id"])
    assert [(one["outcome"], one["incarnation"]) for one in ended] == [
        ("terminated", 0),
        ("absorbed", 0),
        ("finished", 1),
    ]


async def test_a_run_that_was_absorbed_since_it_was_listed_is_left_alone(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), in_app_step(body=BODY)))
    await virtual.trigger(environment, "batched", data={"n": "a"})
    trigger_id = await virtual.trigger(environment, "batched", data={"n": "b"})

    async with virtual.database.transaction() as connection:
        (absorbed,) = await find_runs_of(connection, environment.id, trigger_id)
        await runs.settle(connection, absorbed, Condition.CLOSED, await virtual.now())
    await virtual.pass_time(environment, timedelta(minutes=11))

    assert [body_of(message) for message in await virtual.messages(environment)] == ["ab"]
    assert [one["outcome"] for one in await virtual.runs(environment)] == ["finished", "absorbed"]
    assert await virtual.log(environment, "run_cancelled") == []


async def test_a_joiner_takes_the_window_of_a_terminated_opener_over_at_once(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), in_app_step(body=BODY)))
    await virtual.trigger(environment, "batched", data={"n": "a"})
    await terminate_opener(virtual, environment)

    await virtual.trigger(environment, "batched", data={"n": "b"})

    assert (await virtual.runs(environment))[1]["status"] == "paused"


@pytest.mark.rule("E-CANCEL-6")
async def test_an_empty_window_that_nobody_holds_is_closed(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), in_app_step()))
    await virtual.trigger(environment, "batched", cancellation_key="k")
    await virtual.cancel(environment, "batched", "k")

    overdue = await virtual.now() + timedelta(minutes=11)
    assert await windows.hand_over(virtual.database, virtual.temporal, place, overdue) == {}

    found = await rows(
        virtual.database, "SELECT * FROM batch_windows WHERE environment_id = %s", environment.id
    )
    assert [window["close_reason"] for window in found] == ["empty"]


@pytest.mark.rule("E-BATCH-14")
async def test_an_owner_that_never_heard_that_its_window_closed_is_told(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(
        environment, "batched", workflow(batch_step(seconds=86_400), in_app_step(body=BODY))
    )
    for n in range(2):
        await virtual.trigger(environment, "batched", data={"n": n})
    now = await virtual.now()
    async with virtual.database.transaction() as connection:
        (found,) = await rows(
            virtual.database, "SELECT id FROM batch_windows WHERE environment_id = %s", environment.id
        )
        window = await lock_window(connection, environment.id, found["id"])
        await shut(connection, environment.id, window, "max items", now)

    assert (
        await windows.hand_over(virtual.database, virtual.temporal, place, now + timedelta(minutes=2)) == {}
    )
    await virtual.idle(environment)

    assert [body_of(message) for message in await virtual.messages(environment)] == ["01"]
