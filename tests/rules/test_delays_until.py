"""Delays until a moment that the data names, and relative to it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.steps.delay import DelaySteps
from activities.versions import Versions
from models.database import Database
from tests.builders import Step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.runs import NOON, rows, write_run
from tests.virtual_time import VirtualTime
from workflows_engine.effects.steps import DelayAnswer, Verdict

HOUR = timedelta(hours=1)
ADA = {"id": "ada", "name": "Ada"}


def until(path: str, length: dict[str, Any] | None = None) -> Step:
    settings = {"delay_until_field_path": path, "delay_for": length}
    return {"type": "delay", "ref": "delay_1", "settings": settings}


async def resolve(
    database: Database, environment: TestEnvironment, step: Step, recipient: Any = None, **trigger: Any
) -> DelayAnswer:
    await publish(database, environment, "remind", workflow(step))
    run = await write_run(database, environment, "remind", recipient or ADA, **trigger)
    return await DelaySteps(database, Versions(SEALER)).resolve_delay(run.ask("delay_1"))


@pytest.mark.rule("E-DELAY-1", "E-DELAY-3")
@pytest.mark.parametrize(
    ("path", "recipient", "data"),
    [
        ("data.at", ADA, {"at": (NOON + HOUR).isoformat()}),
        ("at", ADA, {"at": {"unit": "hours", "value": 1}}),
        ("data.deep.at", ADA, {"deep": {"at": {"frequency": "daily", "hours": 13}}}),
        ("recipient.remind", {**ADA, "remind": {"unit": "minutes", "value": 60}}, {}),
    ],
)
async def test_a_delay_lasts_until_what_its_path_names(
    database: Database, environment: TestEnvironment, path: str, recipient: Any, data: dict[str, Any]
) -> None:
    answer = await resolve(database, environment, until(path), recipient, data=data)

    assert answer.due == NOON + HOUR


@pytest.mark.rule("E-DELAY-13")
async def test_a_variable_of_the_environment_may_hold_the_length_as_json(
    database: Database, environment: TestEnvironment
) -> None:
    key = f"window_{environment.slug}"
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO variables (key, type, value, inserted_at, updated_at)"
            " VALUES (%s, 'public', %s, now(), now())",
            (key, '{"unit": "seconds", "value": 30}'),
        )

    answer = await resolve(database, environment, until(f"vars.{key}"))

    assert answer.due == NOON + timedelta(seconds=30)


@pytest.mark.rule("E-DELAY-1", "E-DELAY-2")
@pytest.mark.parametrize(
    ("length", "due"),
    [
        ({"unit": "hours", "value": -24}, NOON + 24 * HOUR),
        ({"unit": "hours", "value": 2}, NOON + 50 * HOUR),
    ],
)
async def test_a_relative_delay_ends_before_or_after_the_moment(
    database: Database, environment: TestEnvironment, length: dict[str, Any], due: datetime
) -> None:
    data = {"at": (NOON + 48 * HOUR).isoformat()}

    answer = await resolve(database, environment, until("data.at", length), data=data)

    assert answer.due == due


@pytest.mark.rule("E-DELAY-4", "E-DELAY-6")
@pytest.mark.parametrize(
    ("value", "length", "reason"),
    [
        (None, None, "is missing"),
        ("soon", None, "is no timestamp, duration or window rule"),
        ((NOON - HOUR).isoformat(), None, "is not in the future"),
        ((NOON + HOUR).isoformat(), {"unit": "hours", "value": -1}, "is not in the future"),
        ({"unit": "days", "value": 366}, None, "is more than 365 days away"),
    ],
)
async def test_what_cannot_be_told_is_an_error_in_the_log_and_skips_the_delay(
    database: Database, environment: TestEnvironment, value: Any, length: Any, reason: str
) -> None:
    data = {} if value is None else {"at": value}

    answer = await resolve(database, environment, until("data.at", length), data=data)

    assert (answer.verdict, answer.due) == (Verdict.SKIP, None)
    sql = "SELECT * FROM run_events WHERE environment_id = %s AND event = 'step_skipped'"
    (line,) = await rows(database, sql, environment.id)
    assert (line["status"], line["data"]["reason"]) == ("error", f"data.at {reason}")


@pytest.mark.rule("E-DELAY-11")
@pytest.mark.parametrize(
    ("timezone", "hours"),
    [("Asia/Tokyo", 12), ("America/New_York", 2), ("Nowhere/AtAll", 21), (None, 21)],
)
async def test_a_rule_is_read_in_the_recipients_zone_else_the_accounts(
    database: Database, environment: TestEnvironment, timezone: str | None, hours: int
) -> None:
    # NOON is 21:00 in Tokyo and 7:00 in New York; the account of tests is in UTC.
    person = {**ADA, "remind": {"frequency": "daily", "hours": 9}, "timezone": timezone}

    answer = await resolve(database, environment, until("recipient.remind"), person)

    assert answer.due == NOON + hours * HOUR


@pytest.mark.rule("E-DELAY-3", "E-DELAY-7", "E-RUN-2")
async def test_a_run_sleeps_until_the_moment_and_not_longer(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "remind", workflow(until("data.at"), in_app_step()))
    at = await virtual.now() + timedelta(days=2)
    await virtual.trigger(environment, "remind", data={"at": at.isoformat()})

    await virtual.pass_time(environment, timedelta(days=2, minutes=-1))
    (run,) = await virtual.runs(environment)
    assert (run["status"], run["waiting_until"]) == ("paused", at)
    assert await virtual.messages(environment) == []

    await virtual.pass_time(environment, timedelta(minutes=2))
    (message,) = await virtual.messages(environment)
    assert at <= message["inserted_at"] < at + timedelta(seconds=5)


@pytest.mark.rule("E-DELAY-4")
async def test_a_run_whose_delay_is_past_goes_on_at_once(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "remind", workflow(until("data.at"), in_app_step()))

    await virtual.trigger(environment, "remind", data={"at": "2020-01-01T00:00:00Z"})

    assert len(await virtual.messages(environment)) == 1
    assert [run["error_count"] for run in await virtual.runs(environment)] == [0]
