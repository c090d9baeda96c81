"""What a wait finds of events: every kind of them, with its fields, in the wait's own window."""

from datetime import timedelta
from typing import Any

import pytest

from activities.steps.channel import ChannelSteps
from activities.versions import Versions
from models.database import Database
from models.queries.awaited_events import find_candidates, find_earlier
from models.queries.engagement import mark, unmark
from models.tables.channel_data import put_channel_data
from models.tables.messages import NewEvent, insert_events
from models.tables.recipients import identify
from models.values.refs import RecipientRef
from models.values.topics import RECIPIENT_UPDATED, message_topic
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.runs import NOON, WrittenRun, write_run
from workflows_engine.steps.wait_for_event import MESSAGE_EVENTS

ADA, BOB = RecipientRef(id="ada"), RecipientRef(id="bob")
SECOND = timedelta(seconds=1)


def waiting(environment: TestEnvironment, topic: str, who: RecipientRef = ADA, **more: Any) -> dict[str, Any]:
    """The row of a wait that lasts from noon on for an hour."""
    window = {"since": NOON, "expires_at": NOON + timedelta(hours=1), "seen": []}
    return {"environment_id": environment.id, "topic": topic, "recipient": who.gid, **window, **more}


def of_message(environment: TestEnvironment, event_key: str, **more: Any) -> dict[str, Any]:
    return waiting(environment, message_topic("workflow", "greet", event_key), **more)


async def sent(database: Database, environment: TestEnvironment) -> tuple[WrittenRun, str]:
    """A run whose message was composed a second after noon."""
    await publish(database, environment, "greet", workflow(in_app_step()))
    run = await write_run(database, environment, "greet")
    performer = ChannelSteps(database, Versions(SEALER))
    composed = await performer.compose_messages(run.ask("in_app_1", NOON + SECOND))
    return run, composed.message_ids[0]


@pytest.mark.rule("E-WAITEVENT-1", "E-WAITEVENT-7")
async def test_every_event_of_a_message_is_found_with_what_it_is_about(
    database: Database, environment: TestEnvironment
) -> None:
    _, message_id = await sent(database, environment)
    others = [key for key in MESSAGE_EVENTS if key not in ("created", "delivered")]
    async with database.transaction() as connection:
        events = [NewEvent(f"message.{key}", {"key": key}) for key in others]
        await insert_events(connection, environment.id, message_id, events, NOON + 2 * SECOND)

    async with database.connection() as connection:
        found = {
            key: [one.payload for one in await find_candidates(connection, of_message(environment, key), 9)]
            for key in MESSAGE_EVENTS
        }

    assert {key: len(payloads) for key, payloads in found.items()} == dict.fromkeys(MESSAGE_EVENTS, 1)
    (read,) = found["read"]
    assert read.pop("channel_id")
    assert read == {
        "message_id": message_id,
        "event_type": "read",
        "channel_type": "in_app_feed",
        "channel_provider": read["channel_provider"],
        "tenant_id": None,
        "exec_mode": "trigger",
        "step_ref": "in_app_1",
        "recipient": "ada",
        "inserted_at": (NOON + 2 * SECOND).isoformat(),
        "source": {"type": "workflow", "key": "greet"},
        "data": {"key": "read"},
    }


@pytest.mark.rule("E-WAITEVENT-5", "E-WAITEVENT-10", "E-WAITEVENT-13")
async def test_nothing_is_found_of_others_of_other_times_or_twice(
    database: Database, environment: TestEnvironment
) -> None:
    await sent(database, environment)
    async with database.connection() as connection:
        wait = of_message(environment, "created")
        (found,) = await find_candidates(connection, wait, 9)
        later = wait | {"since": NOON + 2 * SECOND}
        others = [
            wait | {"seen": [found.id]},
            later | {"seen": await find_earlier(connection, later)},
            wait | {"expires_at": NOON},
            wait | {"recipient": BOB.gid},
            wait | {"topic": message_topic("workflow", "other", "created")},
            wait | {"topic": message_topic("broadcast", "greet", "created")},
        ]

        assert [await find_candidates(connection, other, 9) for other in others] == [[]] * len(others)


@pytest.mark.rule("E-WAITEVENT-1")
async def test_what_a_reader_does_is_found_when_it_is_done_and_when_it_is_taken_back(
    database: Database, environment: TestEnvironment
) -> None:
    _, message_id = await sent(database, environment)
    async with database.transaction() as connection:
        await mark(connection, environment.id, [message_id], "seen", NOON + 2 * SECOND)
        await unmark(connection, environment.id, [message_id], "seen", NOON + 3 * SECOND)
        await mark(connection, environment.id, [message_id], "interacted", NOON + 4 * SECOND, {"a": 1})

    async with database.connection() as connection:
        found = {
            key: [
                one.payload["data"]
                for one in await find_candidates(connection, of_message(environment, key), 9)
            ]
            for key in ("seen", "unseen", "interacted", "read")
        }

    assert found == {"seen": [{}], "unseen": [{}], "interacted": [{"a": 1}], "read": [{}]}


@pytest.mark.rule("E-WAITEVENT-7", "E-WAITEVENT-8", "E-UPDATE-8")
async def test_a_change_of_a_recipient_is_found_once_and_shows_how_they_stand(
    database: Database, environment: TestEnvironment
) -> None:
    channel_id = environment.id
    wait = waiting(environment, RECIPIENT_UPDATED)
    async with database.transaction() as connection:
        await identify(connection, environment.id, ADA, {"name": "Ada", "plan": "free"}, NOON - SECOND)
        before = await find_earlier(connection, wait)
        assert await find_candidates(connection, wait | {"seen": before}, 9) == []
        await identify(connection, environment.id, ADA, {"plan": "pro"}, NOON + SECOND)
        (first,) = await find_candidates(connection, wait | {"seen": before}, 9)
        assert await find_candidates(connection, wait | {"seen": [*before, first.id]}, 9) == []
        data = {channel_id: {"tokens": ["a"]}}
        await put_channel_data(connection, environment.id, ADA, data, NOON + 2 * SECOND)
        (second,) = await find_candidates(connection, wait | {"seen": [*before, first.id]}, 9)

    assert first.payload == {
        "recipient": "ada",
        "event_type": "updated",
        "timestamp": (NOON + SECOND).isoformat(),
        "properties": {"name": "Ada", "plan": "pro"},
        "preferences": {},
        "knock_traits": {"name": "Ada"},
        "channel_data": {},
    }
    assert second.payload["channel_data"] == {str(channel_id): {"tokens": ["a"]}}
