"""The test clock, on the embedded Temporal: days pass in a moment."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from knockapi import AsyncKnock

from tests.builders import batch_step, delay_step, email_step, in_app_step, workflow
from tests.committing import publish
from tests.development import as_development
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.feeds import feed_with
from tests.houses import House
from tests.runs import rows

DAY = timedelta(days=1)
ADA: Any = {"id": "ada", "name": "Ada", "email": "ada@clock.test"}


@pytest.fixture
async def development(house: House, environment: TestEnvironment) -> AsyncIterator[TestEnvironment]:
    async with as_development(house.database, environment) as lent:
        yield lent


async def call(house: House, environment: TestEnvironment, **body: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as client:
        return await client.post(
            "/v1/tocsin/clock/advance",
            json=body,
            headers={"authorization": f"Bearer {environment.secret_key}"},
        )


async def advance(house: House, environment: TestEnvironment, by: str, **whose: Any) -> list[dict[str, Any]]:
    answer = await call(house, environment, by=by, **whose)
    assert answer.status_code == 200, answer.text
    moved: list[dict[str, Any]] = answer.json()["moved"]
    return moved


async def asleep(house: House, environment: TestEnvironment, count: int) -> list[dict[str, Any]]:
    """Wait until so many runs pause."""
    sql = "SELECT * FROM recipient_runs WHERE environment_id = %s AND status = 'paused' ORDER BY acceptance"
    return await eventually(
        lambda: rows(house.database, sql, environment.id), until=lambda found: len(found) == count
    )


async def test_a_delay_of_a_day_delivers_its_mail_when_the_clock_is_advanced_by_one(
    house: House, development: TestEnvironment, knock: AsyncKnock
) -> None:
    address = f"{development.id}@clock.test"
    await publish(house.database, development, "welcome", workflow(delay_step(), email_step()))
    ada: Any = {**ADA, "email": address}
    await knock.workflows.trigger("welcome", recipients=[ada])
    await asleep(house, development, 1)

    (moved,) = await advance(house, development, "23h", recipient="ada")
    assert moved["kind"] == "run"
    assert datetime.fromisoformat(moved["now"]) - datetime.now(UTC) > timedelta(hours=22, minutes=50)
    assert house.mailbox.mails_to(address) == []

    await advance(house, development, "1h", recipient="ada")
    assert len(house.mailbox.mails_to(address)) == 1
    assert await advance(house, development, "1h", recipient="ada") == []


async def test_runs_that_share_a_batch_window_move_together_and_close_it_once(
    house: House, development: TestEnvironment, knock: AsyncKnock
) -> None:
    steps = [delay_step(unit="hours"), batch_step(seconds=7200), in_app_step(body="{{ total_activities }}")]
    await publish(house.database, development, "digest", workflow(*steps))
    await knock.workflows.trigger("digest", recipients=[ADA])
    (first,) = await asleep(house, development, 1)
    # The first is in its window when the second still waits to join it.
    await advance(house, development, "90m", run=str(first["id"]))
    await knock.workflows.trigger("digest", recipients=[ADA])
    await asleep(house, development, 2)

    moved = await advance(house, development, "2h", run=str(first["id"]))

    assert len(moved) == 2
    assert moved[0]["now"] == moved[1]["now"]
    items = await feed_with(knock, "ada", 1)
    assert [item.total_activities for item in items] == [2]


async def test_a_schedule_fires_on_each_of_the_days_that_pass(
    house: House, development: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, development, "digest", workflow(in_app_step()))
    rules: Any = [{"frequency": "daily", "hours": 9}]
    (made,) = await knock.schedules.create(workflow="digest", recipients=[ADA], repeats=rules)

    (moved,) = await advance(house, development, "3d", recipient="ada")

    assert (moved["kind"], moved["id"]) == ("schedule", made.id)
    assert len(await feed_with(knock, "ada", 3)) == 3


async def test_only_what_was_named_moves(
    house: House, development: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, development, "welcome", workflow(delay_step(), in_app_step()))
    await knock.workflows.trigger("welcome", recipients=[ADA, {"id": "bob", "name": "Bob"}])
    runs = await asleep(house, development, 2)

    moved = await advance(house, development, "1d", run=str(runs[0]["id"]))

    assert [one["id"] for one in moved] == [str(runs[0]["id"])]


async def test_clocks_are_left_alone_outside_of_development(
    house: House, environment: TestEnvironment
) -> None:
    answer = await call(house, environment, by="1d", all=True)

    assert answer.status_code == 422
    assert "in development only" in answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"by": "1d"},
        {"by": "1d", "all": True, "recipient": "ada"},
        {"by": "soon", "all": True},
        {"by": "0s", "all": True},
        {"by": "9999d", "all": True},
        {"by": "1d", "run": "the first"},
    ],
)
async def test_a_call_that_does_not_say_how_far_and_whose_is_refused(
    house: House, development: TestEnvironment, body: dict[str, Any]
) -> None:
    assert (await call(house, development, **body)).status_code == 422
