"""Merging users: state, then thirty days of history, and what both have stays as the survivor has it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.database import Database
from models.tables.channel_data import find_channel_data, put_channel_data
from models.tables.preference_sets import find_preference_sets, put_preference_sets
from models.tables.recipient_merging import merge_user
from models.tables.recipient_removal import Removed
from models.tables.recipients import find_recipient, identify
from models.tables.subscriptions import subscribe
from models.values.refs import RecipientRef
from tests.api.rows import Rows
from tests.environments import TestEnvironment
from tests.runs import rows as read

ADA, BOB = RecipientRef(id="ada"), RecipientRef(id="bob")
PROJECT, TEAM = RecipientRef(collection="projects", id="p"), RecipientRef(collection="teams", id="t")
PUSH, CHAT = UUID(int=1), UUID(int=2)


@pytest.fixture
async def rows(database: Database, environment: TestEnvironment) -> Rows:
    rows = Rows(database, environment)
    await rows.user("ada", name="Ada", plan={"tier": 1, "seats": None})
    await rows.user("bob", name="Bob", plan={"tier": 2, "seats": 5}, city="Berlin")
    return rows


async def merged(rows: Rows) -> Removed:
    """Bob into Ada."""
    async with rows.database.transaction() as connection:
        return await merge_user(connection, rows.place.id, ADA, BOB, rows.tick())


async def column(rows: Rows, sql: str) -> list[Any]:
    """The first column of a query in the environment."""
    return [next(iter(row.values())) for row in await read(rows.database, sql, rows.place.id)]


async def test_properties_are_merged_deeply_and_the_survivor_wins(rows: Rows) -> None:
    gone = await merged(rows)
    async with rows.database.connection() as connection:
        ada = await find_recipient(connection, rows.place.id, ADA)
        assert await find_recipient(connection, rows.place.id, BOB) is None
    assert ada is not None
    assert ada["properties"] == {"name": "Ada", "plan": {"tier": 1, "seats": None}, "city": "Berlin"}
    assert gone.ids == ["bob"]


async def test_sets_and_channels_are_added_only_where_the_survivor_has_none(rows: Rows) -> None:
    place, now = rows.place.id, rows.tick()
    async with rows.database.transaction() as connection:
        for ref, word in ((ADA, "ada"), (BOB, "bob")):
            await put_channel_data(connection, place, ref, {PUSH: {"tokens": [word]}}, now)
            sets = {"default": {"workflows": {word: False}}}
            await put_preference_sets(connection, place, ref, sets, now, merge=True)
        await put_channel_data(connection, place, BOB, {CHAT: {"connections": []}}, now)
        await put_preference_sets(connection, place, BOB, {"acme": {}}, now, merge=True)

    await merged(rows)

    async with rows.database.connection() as connection:
        assert await find_channel_data(connection, place, ADA, [PUSH, CHAT]) == {
            PUSH: {"tokens": ["ada"]},
            CHAT: {"connections": []},
        }
        assert await find_preference_sets(connection, place, ADA) == {
            "default": {"workflows": {"ada": False}},
            "acme": {},
        }


async def test_subscriptions_move_once_each(rows: Rows) -> None:
    async with rows.database.transaction() as connection:
        for ref in (PROJECT, TEAM):
            await identify(connection, rows.place.id, ref, {}, rows.tick())
        await subscribe(connection, rows.place.id, PROJECT, [ADA, BOB], None, rows.tick())
        await subscribe(connection, rows.place.id, TEAM, [BOB], None, rows.tick())
    await merged(rows)
    sql = "SELECT object_id || ' ' || recipient_id FROM subscriptions WHERE environment_id = %s ORDER BY 1"
    assert await column(rows, sql) == ["p ada", "t ada"]


@pytest.mark.rule("E-LIMITS-47")
async def test_thirty_days_of_messages_and_runs_move_and_older_ones_go(rows: Rows) -> None:
    run, old = await rows.run("bob"), await rows.run("bob")
    for one in (run, old):
        values = {"status": "completed", "outcome": "finished", "finished_at": rows.now}
        await rows.change("recipient_runs", one.id, **values)
    message, old_message = await rows.message("bob", run=run), await rows.message("bob", run=old)
    await rows.change("recipient_runs", old.id, inserted_at=rows.now - timedelta(days=31))
    await rows.change("messages", old_message, inserted_at=rows.now - timedelta(days=31))

    await merged(rows)

    assert await column(rows, "SELECT id FROM messages WHERE environment_id = %s") == [message]
    assert await column(rows, "SELECT id FROM recipient_runs WHERE environment_id = %s") == [run.id]
    sql = "SELECT recipient_id FROM recipient_runs WHERE environment_id = %s"
    assert await column(rows, sql) == ["ada"]


async def test_what_the_other_one_did_was_done_by_the_survivor(rows: Rows) -> None:
    await rows.user("carl")
    run = await rows.run("carl", actor="bob")
    await rows.message("carl", run=run, actors=["bob", {"collection": "teams", "id": "bob"}, "dan"])
    await merged(rows)
    assert await column(rows, "SELECT actor_id FROM recipient_runs WHERE environment_id = %s") == ["ada"]
    assert await column(rows, "SELECT actors FROM messages WHERE environment_id = %s") == [
        ["ada", {"collection": "teams", "id": "bob"}, "dan"]
    ]


async def test_two_feeds_become_one_in_the_order_of_time(rows: Rows) -> None:
    said = [await rows.item(who) for who in ("ada", "bob", "ada", "bob")]
    await merged(rows)
    sql = """
        SELECT message_id FROM feed_items WHERE environment_id = %s AND user_id = 'ada' ORDER BY position
    """
    assert await column(rows, sql) == said
    # Whoever is told something new is told it after all of that.
    latest = await rows.item("ada")
    assert await column(rows, sql) == [*said, latest]


@pytest.mark.rule("E-RUN-13")
async def test_runs_in_flight_end_and_do_not_follow(rows: Rows) -> None:
    run = await rows.run("bob")
    gone = await merged(rows)
    assert [one["id"] for one in gone.runs] == [run.id]
    sql = "SELECT recipient_id || ' ' || outcome FROM recipient_runs WHERE environment_id = %s"
    assert await column(rows, sql) == ["bob recipient_deleted"]
