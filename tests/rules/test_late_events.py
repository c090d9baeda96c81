"""Events that are written after a wait began and bear an earlier time, and events that nobody awaits yet."""

from datetime import timedelta
from uuid import UUID

import pytest

from activities.reconciling import waits
from models.database import Database
from models.queries.awaited_events import find_candidates, find_earlier
from models.tables.messages import NewEvent, insert_events
from models.tables.recipients import identify
from models.tables.waits import (
    EventWait,
    NewAwaitedEvent,
    find_waiting_for_messages,
    open_wait,
    record_event,
)
from models.values.topics import RECIPIENT_UPDATED, message_topic, topic_of
from tests.builders import delay_step, email_step, in_app_step
from tests.environments import TestEnvironment
from tests.rules.test_awaited_events import ADA, SECOND, of_message, sent, waiting
from tests.rules.test_waits import HOUR, UPDATED, Stage, match, wait
from tests.runs import NOON, rows
from tests.virtual_time import VirtualTime

PAID = topic_of("integration_source", "stripe", "Paid")


@pytest.mark.rule("E-WAITEVENT-8", "E-WAITEVENT-10", "E-WAITEVENT-13")
async def test_a_wait_right_after_a_mail_sees_it_sent(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    stage = Stage(virtual, environment)
    event = {"event_type": "message", "event_key": "sent", "source_type": "workflow", "source_key": "buy"}
    await stage.publish(
        email_step("mail"), wait(event, match("event.step_ref", "mail")), in_app_step("after")
    )

    await stage.trigger()

    assert await stage.sent() == ["mail", "after"]


@pytest.mark.rule("E-WAITEVENT-10", "E-WAITEVENT-13")
@pytest.mark.parametrize("event_key", ["sent", "bounced", "undelivered"])
async def test_an_attempt_that_began_before_the_wait_and_ended_after_it_began_counts(
    database: Database, environment: TestEnvironment, event_key: str
) -> None:
    _, message_id = await sent(database, environment)
    wait = of_message(environment, event_key, since=NOON + 30 * SECOND)
    outcome = (environment.id, message_id, [NewEvent(f"message.{event_key}")], NOON + 2 * SECOND)
    async with database.transaction() as connection:
        await insert_events(connection, *outcome)
        wait["seen"] = await find_earlier(connection, wait)
        assert len(wait["seen"]) == 1
        assert await find_candidates(connection, wait, 9) == []

        await insert_events(connection, *outcome)
        (found,) = await find_candidates(connection, wait, 9)

    assert found.id not in wait["seen"]


@pytest.mark.rule("E-WAITEVENT-13", "E-UPDATE-8")
async def test_a_change_by_a_trigger_from_before_the_wait_counts(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    stage = Stage(virtual, environment)
    await stage.publish(wait(UPDATED, match("event.properties.plan", "pro"), expires_after=HOUR))
    await stage.publish(delay_step(), key="other")
    await stage.trigger("buy", {"id": "ada", "plan": "free"})
    sql = "SELECT since FROM event_waits WHERE environment_id = %s"
    (row,) = await rows(virtual.database, sql, environment.id)

    await stage.trigger(
        "other", {"id": "ada", "plan": "pro"}, {"id": "bob"}, accepted_at=row["since"] - SECOND
    )

    lines = await stage.log("wait_conditions_evaluated")
    assert [line["result"] for line in lines] == [True]


@pytest.mark.rule("E-WAITEVENT-13", "E-UPDATE-8")
async def test_a_change_by_a_clock_that_is_behind_is_a_change_and_the_newest(
    database: Database, environment: TestEnvironment
) -> None:
    wait = waiting(environment, RECIPIENT_UPDATED)
    async with database.transaction() as connection:
        await identify(connection, environment.id, ADA, {"plan": "free"}, NOON - SECOND)
        wait["seen"] = await find_earlier(connection, wait)
        await identify(connection, environment.id, ADA, {"plan": "pro"}, NOON - 2 * SECOND)
        (found,) = await find_candidates(connection, wait, 9)

    assert found.payload["properties"] == {"plan": "pro"}
    sql = "SELECT updated_at FROM recipients WHERE environment_id = %s AND id = 'ada'"
    (row,) = await rows(database, sql, environment.id)
    assert row["updated_at"] == NOON - SECOND + timedelta(microseconds=1)


async def kept(database: Database, environment: TestEnvironment) -> list[str]:
    sql = "SELECT payload ->> 'is' AS it FROM awaited_events WHERE environment_id = %s ORDER BY 1"
    return [row["it"] for row in await rows(database, sql, environment.id)]


def open_for(environment: TestEnvironment, run_id: UUID, topic: str) -> EventWait:
    return EventWait(recipient_run_id=run_id, step_ref="wait_1", **waiting(environment, topic))


@pytest.mark.rule("E-WAITEVENT-13")
async def test_an_event_that_nobody_awaits_is_kept_for_waits_that_have_begun_and_then_forgotten(
    database: Database, environment: TestEnvironment
) -> None:
    run, _ = await sent(database, environment)
    other = topic_of("integration_source", "stripe", "Refunded")
    async with database.transaction() as connection:
        for name, topic in (("refunded", other), ("paid", PAID)):
            event = NewAwaitedEvent(environment.id, topic, ADA, {"is": name}, NOON + SECOND)
            assert await record_event(connection, event) == []
        (found,) = await find_candidates(connection, waiting(environment, PAID), 9)
        await open_wait(connection, open_for(environment, run.id, PAID))
    assert found.payload == {"is": "paid"}

    place = {"id": environment.id, "slug": environment.slug}
    for at in (NOON, NOON + timedelta(hours=2, minutes=1)):
        await waits.forget(database, place, at)
        assert await kept(database, environment) == ["paid", "refunded"]
    await waits.forget(database, place, NOON + timedelta(hours=2))
    assert await kept(database, environment) == ["paid"]


@pytest.mark.rule("E-WAITEVENT-10")
async def test_only_runs_that_wait_for_what_happened_to_a_message_are_told(
    database: Database, environment: TestEnvironment
) -> None:
    run, message_id = await sent(database, environment)
    async with database.transaction() as connection:
        await open_wait(connection, open_for(environment, run.id, message_topic("workflow", "greet", "read")))
        assert await find_waiting_for_messages(connection, environment.id, [message_id]) == []
        await insert_events(
            connection, environment.id, message_id, [NewEvent("message.read")], NOON + 2 * SECOND
        )
        assert [
            one["id"] for one in await find_waiting_for_messages(connection, environment.id, [message_id])
        ] == [run.id]
        seen = "SELECT array_agg(id) FROM message_events WHERE message_id = %s"
        await connection.execute(
            f"UPDATE event_waits SET seen = ({seen}) WHERE environment_id = %s", (message_id, environment.id)
        )
        assert await find_waiting_for_messages(connection, environment.id, [message_id]) == []
