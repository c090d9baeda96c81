"""Runs wait for what people do with messages, and for what becomes known of them; they hear of it at once."""

from typing import Any

from knockapi import AsyncKnock

from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.feeds import body_of, feed_with
from tests.houses import House
from tests.runs import rows

DAY = {"unit": "days", "value": 1}
READ = {"event_type": "message", "event_key": "read", "source_type": "workflow", "source_key": "offer"}
UPDATED = {"event_type": "recipient", "event_key": "updated"}
OPEN = "SELECT 1 FROM event_waits WHERE environment_id = %s AND settled_at IS NULL AND step_ref = %s"


def settings(event: dict[str, str], condition: dict[str, str]) -> dict[str, Any]:
    matching = [{"operator": "and", "conditions": [condition]}]
    return {"event": event, "match_conditions": matching, "expires_after": DAY}


async def test_a_run_goes_on_when_its_message_is_read_and_when_its_reader_changes_plan(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    first = {"variable": "event.step_ref", "operator": "equal_to", "argument": "offer"}
    paying = {"variable": "event.properties.plan", "operator": "equal_to", "argument": "pro"}
    waits = [
        {"type": "wait_for_event", "ref": ref, "settings": settings(event, condition)}
        for ref, event, condition in (("read", READ, first), ("paid", UPDATED, paying))
    ]
    steps = [
        in_app_step("offer", body="offer"),
        waits[0],
        in_app_step("thanks", body="thanks"),
        waits[1],
        in_app_step("welcome", body="welcome to {{ refs.paid.signal_variables.properties.plan }}"),
    ]
    await publish(house.database, environment, "offer", workflow(*steps))
    people: list[Any] = [{"id": "ada", "plan": "free"}]
    await knock.workflows.trigger("offer", recipients=people)

    async def waiting(ref: str) -> None:
        await eventually(lambda: rows(house.database, OPEN, environment.id, ref), until=bool)

    await waiting("read")
    (offer,) = await feed_with(knock, "ada", 1)
    await knock.messages.mark_as_read(offer.id)
    await feed_with(knock, "ada", 2)

    await waiting("paid")
    await knock.users.update("ada", extra_body={"plan": "pro"})

    bodies = {body_of(item) for item in await feed_with(knock, "ada", 3)}
    assert bodies == {f"<p>{text}</p>\n" for text in ("offer", "thanks", "welcome to pro")}
