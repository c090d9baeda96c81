"""What the reconciler found and healed is in its report, kind by kind (D5)."""

from datetime import timedelta

import pytest
from psycopg.rows import DictRow

from activities.reconciling.items import each
from models.tables.cancels import NewCancel, insert_cancel
from models.values.differences import Difference
from tests.builders import batch_step, delay_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.rules.healing import heals, round_of
from tests.runs import NOON, WrittenRun, write_run
from tests.virtual_time import VirtualTime

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def place(environment: TestEnvironment) -> DictRow:
    return {"id": environment.id, "slug": environment.slug}


async def unanswer(virtual: VirtualTime, run: WrittenRun) -> None:
    async with virtual.database.transaction() as connection:
        await connection.execute("UPDATE triggers SET answered_at = NULL WHERE id = %s", (run.trigger_id,))


async def terminate(virtual: VirtualTime, environment: TestEnvironment, key: str) -> None:
    opener = (await virtual.runs(environment))[0]
    workflow_id = f"{environment.slug}/{key}/ada/{opener['id']}"
    await virtual.temporal.client.get_workflow_handle(workflow_id).terminate("a person did it")


async def test_a_round_that_finds_nothing_says_so_and_counts_what_is_there(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    for key in ("greet", "greet", "welcome"):
        await virtual.trigger(environment, key)

    report = await round_of(virtual, place, await virtual.now())

    assert (report["rounds"], report["healed"], report["found_at"]) == (1, {}, None)
    assert (report["accepted"], report["finished"], report["open"], report["unexplained"]) == (3, 2, 1, 0)


@heals(Difference.TRIGGERS_WITHDRAWN, Difference.RUNS_RESTARTED)
async def test_lost_withdrawn_and_late_triggers_are_told_apart_and_added_up(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    await write_run(virtual.database, environment, "greet")
    await unanswer(virtual, await write_run(virtual.database, environment, "greet"))

    report = await round_of(virtual, place, LATER)
    await virtual.idle(environment)

    first = {"triggers_withdrawn": 1, "runs_restarted": 1}
    assert report["found"] == first
    assert (report["accepted"], report["unanswered"]) == (2, 0)

    await write_run(virtual.database, environment, "greet")
    report = await round_of(virtual, place, LATER + timedelta(minutes=2))
    await virtual.idle(environment)

    assert report["found"] == {"runs_restarted": 1}
    assert report["healed"] == {**first, "runs_restarted": 2}
    report = await round_of(virtual, place, LATER + timedelta(minutes=4))
    assert (report["rounds"], report["found"]) == (3, {"runs_restarted": 1})
    assert (report["accepted"], report["finished"], report["open"]) == (3, 3, 0)


@heals(Difference.FAN_OUTS_RESTARTED)
async def test_a_fan_out_that_was_lost_is_in_the_report(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    await write_run(virtual.database, environment, "greet", fan_out="pending")

    report = await round_of(virtual, place, LATER)
    await virtual.idle(environment)

    assert report["found"]["fan_outs_restarted"] == 1


@heals(Difference.RUNS_SETTLED, Difference.WINDOWS_HANDED_OVER)
async def test_a_terminated_run_and_the_window_it_held_are_in_the_report(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), in_app_step()))
    for n in "ab":
        await virtual.trigger(environment, "batched", data={"n": n})
    await terminate(virtual, environment, "batched")

    report = await round_of(virtual, place, await virtual.now() + timedelta(minutes=2))

    assert report["found"] == {"runs_settled": 1, "windows_handed_over": 1}


@heals(Difference.CANCELS_TOLD)
async def test_a_cancel_that_was_not_heard_is_in_the_report(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    await virtual.trigger(environment, "welcome", cancellation_key="k")
    moment = await virtual.now()
    async with virtual.database.transaction() as connection:
        await insert_cancel(connection, NewCancel(environment.id, "welcome", "k", None, None), moment)

    report = await round_of(virtual, place, moment + timedelta(minutes=1))

    assert report["found"] == {"cancels_told": 1}


async def test_an_open_run_that_waits_for_nothing_to_come_is_unexplained(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    await virtual.trigger(environment, "welcome")
    (run,) = await virtual.runs(environment)

    due = await round_of(virtual, place, run["waiting_until"] + timedelta(minutes=14))
    late = await round_of(virtual, place, run["waiting_until"] + timedelta(minutes=16))

    assert (due["open"], due["unexplained"]) == (1, 0)
    assert (late["open"], late["unexplained"]) == (1, 1)


async def test_a_row_that_cannot_be_repaired_is_counted_as_left_out() -> None:
    async def repair(row: DictRow) -> Difference | None:
        if row["id"] == 2:
            raise LookupError("gone")
        return Difference.RUNS_RESTARTED

    healed = await each([{"id": 1}, {"id": 2}, {"id": 3}], repair)

    assert healed == {Difference.RUNS_RESTARTED: 2, Difference.LEFT_OUT: 1}


def test_every_kind_of_difference_has_its_sentence() -> None:
    assert all(kind.sentence for kind in Difference)
