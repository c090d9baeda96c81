"""What is past retention is erased, and nothing that is open, shown in a feed, or younger (D13)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from psycopg.rows import DictRow

from activities.reconciling.erasing import AT_ONCE, erase
from activities.reconciling.rounds import make_round
from models.queries.activities import list_feed_activities
from models.tables.cancels import NewCancel, insert_cancel
from models.tables.erasure import Erased
from models.tables.reconciliations import find_report
from models.values.retention import RETENTION
from tests.builders import batch_step, delay_step, email_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.runs import rows
from tests.virtual_time import VirtualTime

MOMENT = timedelta(microseconds=1)
OF_A_RUN = {"triggers", "recipient_runs", "step_ledger", "run_events", "messages", "message_events"}


@pytest.fixture
def place(environment: TestEnvironment) -> DictRow:
    return {"id": environment.id, "slug": environment.slug}


async def last_end(virtual: VirtualTime, environment: TestEnvironment) -> datetime:
    ends: list[datetime] = [
        run["finished_at"] for run in await virtual.runs(environment) if run["finished_at"]
    ]
    return max(ends)


async def erased(virtual: VirtualTime, place: DictRow, at: datetime) -> Erased:
    return await erase(virtual.database, place, at, RETENTION)


async def feed(virtual: VirtualTime, environment: TestEnvironment) -> list[dict[str, Any]]:
    """What the environment's feed items show of their runs."""
    async with virtual.database.connection() as connection:
        sql = "SELECT * FROM feed_items WHERE environment_id = %s"
        items = await (await connection.execute(sql, (environment.id,))).fetchall()
        return await list_feed_activities(connection, environment.id, items, 10)


@pytest.mark.rule("E-MSG-15")
@pytest.mark.rule("E-DEBUG-5")
@pytest.mark.rule("E-LIMITS-46")
async def test_a_run_goes_with_its_messages_and_logs_once_it_ended_before_the_border(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "mail", workflow(email_step()))
    await virtual.trigger(environment, "mail")
    border = await last_end(virtual, environment) + RETENTION

    assert await erased(virtual, place, border) == {}
    gone = await erased(virtual, place, border + MOMENT)

    assert set(gone) >= OF_A_RUN
    assert await virtual.runs(environment) == await virtual.messages(environment) == []
    for table in ("triggers", "run_events", "message_events", "delivery_logs"):
        assert (
            await rows(virtual.database, f"SELECT * FROM {table} WHERE environment_id = %s", place["id"])
            == []
        )


@pytest.mark.rule("E-MSG-15")
async def test_a_feed_item_outlives_its_run_and_shows_what_it_showed(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    await virtual.trigger(environment, "greet", data={"b": 1, "a": {"c": "é"}}, actor={"id": "bob"})
    shown = await feed(virtual, environment)
    assert len(shown) == 1

    await erased(virtual, place, await last_end(virtual, environment) + RETENTION + MOMENT)

    assert await virtual.runs(environment) == []
    assert told(await feed(virtual, environment)) == told(shown)
    assert len(await virtual.messages(environment)) == 1  # marks are kept with it


@pytest.mark.rule("E-MSG-15")
async def test_a_batch_goes_as_a_whole_and_its_item_keeps_the_activities(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), in_app_step()))
    for number in range(3):
        await virtual.trigger(environment, "batched", data={"number": number})
    await virtual.pass_time(environment, timedelta(seconds=600))
    shown = await feed(virtual, environment)
    assert [one["data"]["number"] for one in shown] == [0, 1, 2]

    gone = await erased(virtual, place, await last_end(virtual, environment) + RETENTION + MOMENT)

    assert (gone["batch_windows"], gone["batch_members"], gone["recipient_runs"]) == (1, 3, 3)
    assert told(await feed(virtual, environment)) == told(shown)


async def test_what_a_window_holds_stays_until_the_window_is_past_retention(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), in_app_step()))
    for number in range(2):
        await virtual.trigger(environment, "batched", data={"number": number})
    absorbed = await last_end(virtual, environment)

    assert await erased(virtual, place, absorbed + 2 * RETENTION) == {}
    assert len(await virtual.runs(environment)) == 2


async def test_an_open_run_keeps_its_rows_its_trigger_and_the_cancels_of_its_key(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    people = ({"id": "ada", "name": "Ada"}, {"id": "bob", "name": "Bob"})
    await virtual.trigger(environment, "welcome", *people, cancellation_key="k")
    now = await virtual.now()
    async with virtual.database.transaction() as connection:
        await insert_cancel(connection, NewCancel(environment.id, "welcome", "other", None, None), now)
    await virtual.cancel(environment, "welcome", "k", "bob")

    gone = await erased(virtual, place, await virtual.now() + 2 * RETENTION)

    assert (gone["recipient_runs"], gone["triggers"], gone["cancels"]) == (1, 0, 1)
    assert [run["recipient_id"] for run in await virtual.runs(environment)] == ["ada"]


async def test_a_cancel_of_an_activity_that_an_open_window_holds_stays_until_it_closes(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    year = 31_536_000
    await virtual.publish(environment, "digest", workflow(batch_step(seconds=year), in_app_step()))
    await virtual.trigger(environment, "digest")
    await virtual.trigger(environment, "digest", cancellation_key="k")
    await virtual.cancel(environment, "digest", "k")

    assert (await erased(virtual, place, await virtual.now() + 2 * RETENTION))["cancels"] == 0


async def test_a_run_with_a_message_to_send_stays(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "mail", workflow(email_step()))
    await virtual.trigger(environment, "mail")
    async with virtual.database.connection() as connection:
        sql = "UPDATE messages SET settled_at = NULL WHERE environment_id = %s"
        await connection.execute(sql, (environment.id,))

    assert await erased(virtual, place, await last_end(virtual, environment) + 2 * RETENTION) == {}


async def test_one_round_erases_more_than_one_transaction_may(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    await virtual.trigger(environment, "greet")
    (run,) = await virtual.runs(environment)
    async with virtual.database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO recipient_runs SELECT (jsonb_populate_record(r, jsonb_build_object(
                'id', gen_random_uuid()))).* FROM recipient_runs r, generate_series(1, %s) WHERE r.id = %s
            """,
            (2 * AT_ONCE, run["id"]),
        )

    gone = await erased(virtual, place, await last_end(virtual, environment) + RETENTION + MOMENT)

    assert (gone["recipient_runs"], gone["triggers"]) == (2 * AT_ONCE + 1, 1)


async def test_erased_runs_still_count_as_accepted_and_without_a_retention_nothing_is_erased(
    virtual: VirtualTime, environment: TestEnvironment, place: DictRow
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    for _ in range(2):
        await virtual.trigger(environment, "greet")
    late = await last_end(virtual, environment) + 2 * RETENTION
    await make_round(virtual.database, virtual.temporal, place, late)
    assert len(await virtual.runs(environment)) == 2

    for minutes in (2, 4):
        at = late + timedelta(minutes=minutes)
        await make_round(virtual.database, virtual.temporal, place, at, retention=RETENTION)

    async with virtual.database.connection() as connection:
        report = await find_report(connection, place["id"])
    assert report is not None
    assert await virtual.runs(environment) == []
    assert (report["erased"], report["accepted"], report["finished"]) == (2, 2, 2)


def told(activities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As text, since ids and data may come as other types from where they are kept."""
    return [{name: str(value) for name, value in one.items()} for one in activities]
