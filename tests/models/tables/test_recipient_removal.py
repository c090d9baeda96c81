"""Deleting recipients: with everything kept of them, and nothing else (E-RUN-13, E-LIMITS 48)."""

from typing import Any
from uuid import UUID

import pytest
from sqlmodel import SQLModel

from models.database import Database
from models.tables import TABLES
from models.tables import recipient_removal as removal
from models.tables.channel_data import put_channel_data
from models.tables.preference_sets import put_preference_sets
from models.tables.recipient_removal import Removed, remove_recipients
from models.tables.recipients import identify
from models.tables.subscriptions import subscribe
from models.values.refs import USERS, RecipientRef
from tests.api.rows import Rows, Run
from tests.environments import TestEnvironment
from tests.runs import NOON
from tests.runs import rows as read

ADA, BOB = RecipientRef(id="ada"), RecipientRef(id="bob")
PROJECT = RecipientRef(collection="projects", id="ada")
CHANNEL = UUID("11111111-1111-4111-8111-111111111111")

NAMING = {"recipient_id", "user_id", "message_id", "recipient_run_id", "object_id", "recipient"}
"""Columns that say whose a row is."""
COLUMNS = {str(one.__tablename__): set(one.model_fields) for one in TABLES if issubclass(one, SQLModel)}
KEPT = {
    "batch_members": "a place in a window; who had it is named by the run alone",
}
"""Tables whose rows stay, each with its reason."""


@pytest.fixture
def rows(database: Database, environment: TestEnvironment) -> Rows:
    return Rows(database, environment)


async def removed(rows: Rows, *ids: str, collection: str = USERS) -> Removed:
    async with rows.database.transaction() as connection:
        return await remove_recipients(connection, rows.place.id, collection, ids, NOON)


async def left(rows: Rows) -> dict[str, list[str]]:
    """By table, whose rows there are in the environment."""
    found = {}
    for name, fields in COLUMNS.items():
        column = next((one for one in ("recipient_id", "user_id") if one in fields), None)
        if column is not None and "environment_id" in fields:
            sql = f"SELECT DISTINCT {column} AS id FROM {name} WHERE environment_id = %s ORDER BY 1"
            found[name] = [row["id"] for row in await read(rows.database, sql, rows.place.id)]
    return {name: ids for name, ids in found.items() if ids}


async def finished(rows: Rows, recipient: RecipientRef | str) -> Run:
    run = await rows.run(recipient)
    await rows.change("recipient_runs", run.id, status="completed", outcome="finished", finished_at=NOON)
    return run


async def everything(rows: Rows, *refs: RecipientRef) -> None:
    """For each: properties, channel data, preferences, subscriptions, messages, runs and their logs."""
    async with rows.database.transaction() as connection:
        for ref in refs:
            place = (connection, rows.place.id, ref)
            await identify(*place, {"name": ref.id}, NOON)
            await put_channel_data(*place, {CHANNEL: {"tokens": ["t"]}}, NOON)
            await put_preference_sets(*place, {"default": {}}, NOON, merge=True)
            await subscribe(connection, rows.place.id, PROJECT, [ref], None, NOON)
    for ref in refs:
        run = await finished(rows, ref)
        await rows.run_event(run, "run_completed")
        await rows.message(ref, run=run)
        if ref.is_user:
            await rows.item(ref.id, run=run)


@pytest.mark.rule("E-LIMITS-48")
async def test_nothing_of_a_deleted_user_is_left_and_nothing_of_others_goes(rows: Rows) -> None:
    await everything(rows, ADA, BOB)

    gone = await removed(rows, "ada", "nobody")

    assert (gone.ids, gone.runs, gone.schedules) == (["ada"], [], [])
    found = await left(rows)
    assert {tuple(ids) for ids in found.values()} == {("bob",)}
    assert {*found} >= {
        "channel_data",
        "preference_sets",
        "subscriptions",
        "messages",
        "feed_items",
        "feed_counters",
        "recipient_runs",
    }
    for table in ("run_events", "triggers"):
        counted = await read(
            rows.database, f"SELECT count(*) AS n FROM {table} WHERE environment_id = %s", rows.place.id
        )
        # One trigger and run of Bob, with one line in its log.
        assert counted == [{"n": 1}], table


async def test_subscriptions_to_a_deleted_object_go_with_it(rows: Rows) -> None:
    await everything(rows, PROJECT, BOB)
    await removed(rows, "ada", collection="projects")
    assert "subscriptions" not in await left(rows)


async def test_a_user_and_an_object_of_the_same_id_are_two(rows: Rows) -> None:
    await everything(rows, ADA, PROJECT)
    await removed(rows, "ada", collection="projects")
    found = await read(
        rows.database,
        "SELECT DISTINCT recipient_collection AS c FROM messages WHERE environment_id = %s",
        rows.place.id,
    )
    assert found == [{"c": USERS}]
    assert "feed_items" in await left(rows)


@pytest.mark.rule("E-RUN-13")
async def test_a_run_in_flight_is_ended_and_keeps_nothing_that_was_given(rows: Rows) -> None:
    await rows.user("ada")
    run = await rows.run("ada", data={"secret": 1}, trigger_data={"seat": 7})
    await rows.change("recipient_runs", run.id, status="paused", waiting_until=NOON)
    await rows.run_event(run, "run_paused")

    gone = await removed(rows, "ada")

    assert [one["id"] for one in gone.runs] == [run.id]
    (row,) = await read(
        rows.database, "SELECT * FROM recipient_runs WHERE environment_id = %s", rows.place.id
    )
    told: dict[str, Any] = {"status": "cancelled", "outcome": "recipient_deleted", "finished_at": NOON}
    assert {name: row[name] for name in told} == told
    assert (row["trigger_data"], row["data"], row["waiting_until"]) == (None, None, None)
    assert not await read(rows.database, "SELECT id FROM run_events WHERE environment_id = %s", rows.place.id)


async def test_a_trigger_that_others_share_forgets_what_it_was_given_of_its_recipients(rows: Rows) -> None:
    await rows.user("ada")
    first, second = await finished(rows, "ada"), await finished(rows, "bob")
    async with rows.database.transaction() as connection:
        await connection.execute(
            "UPDATE recipient_runs SET workflow_run_id = %s WHERE environment_id = %s AND id = %s",
            (first.trigger_id, rows.place.id, second.id),
        )
        await connection.execute(
            "UPDATE triggers SET recipients = '[{\"secret\": 1}]' WHERE environment_id = %s", (rows.place.id,)
        )

    await removed(rows, "ada")

    found = await read(
        rows.database,
        "SELECT recipients FROM triggers WHERE environment_id = %s AND id = %s",
        rows.place.id,
        first.trigger_id,
    )
    assert found == [{"recipients": []}]


def test_every_table_that_says_whose_a_row_is_is_emptied() -> None:
    statements = " ".join([*removal.STATE, *removal.OF_USERS, *removal.MESSAGES, *removal.RUNS])
    # These two are emptied last, by statements of their own.
    emptied = {"recipient_runs", "schedules", "feed_items"} | KEPT.keys()
    named = {name for name, columns in COLUMNS.items() if columns & NAMING}
    assert {name for name in named - emptied if f"DELETE FROM {name} " not in _flat(statements)} == set()
    assert KEPT.keys() <= named


def _flat(sql: str) -> str:
    return " ".join(sql.split()) + " "
