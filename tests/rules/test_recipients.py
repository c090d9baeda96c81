"""Whom a trigger identifies inline, and runs of those who are deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from dispatch.leaving import tell_of_removal
from models.tables.channel_data import find_channel_data
from models.tables.preference_sets import find_preference_sets
from models.tables.recipient_removal import remove_recipients
from models.tables.recipients import LARGEST_PROPERTIES, find_recipient
from models.values.refs import USERS, RecipientRef
from tests.builders import delay_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.virtual_time import VirtualTime

PUSH = UUID("11111111-1111-4111-8111-111111111111")
OFF: dict[str, Any] = {"channel_types": {"in_app_feed": False}}
GIVEN: dict[str, Any] = {
    "name": "Given",
    "channel_data": {str(PUSH): {"tokens": ["t"]}},
    "preferences": {"default": OFF},
}

ways = pytest.mark.parametrize("others", [[], ["bob"]], ids=["alone", "by fan-out"])
"""The two ways in which recipients are identified: with the trigger itself, and by its fan-out."""


@pytest.mark.rule("E-TRIGGER-10", "E-TRIGGER-12", "E-TRIGGER-14")
@ways
async def test_inline_state_is_there_before_the_run(
    virtual: VirtualTime, environment: TestEnvironment, others: list[str]
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    ada = {"id": "ada", **GIVEN}
    actor = {"id": "p1", "collection": "projects", **GIVEN}
    tenant = {"id": "acme", **GIVEN}

    await virtual.trigger(environment, "greet", ada, *others, actor=actor, tenant=tenant)

    # The preferences that came with the trigger were obeyed by its run.
    assert await virtual.messages(environment) == []
    async with virtual.database.connection() as connection:
        for gid in (("$users", "ada"), ("projects", "p1"), ("$tenants", "acme")):
            ref = RecipientRef(collection=gid[0], id=gid[1])
            row = await find_recipient(connection, environment.id, ref)
            assert row is not None
            assert row["properties"] == {"name": "Given"}
            assert await find_preference_sets(connection, environment.id, ref) == {"default": OFF}
            assert list(await find_channel_data(connection, environment.id, ref, [PUSH])) == [PUSH]


@pytest.mark.rule("E-TRIGGER-11", "E-TRIGGER-12")
async def test_inline_preferences_merge_into_what_is_stored(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    for channel in ("email", "sms"):
        given = {
            "id": "ada",
            "seen": {channel: 1},
            "preferences": {"default": {"channel_types": {channel: False}}},
        }
        await virtual.trigger(environment, "greet", given)

    async with virtual.database.connection() as connection:
        ref = RecipientRef(id="ada")
        sets = await find_preference_sets(connection, environment.id, ref)
        row = await find_recipient(connection, environment.id, ref)
    assert sets == {"default": {"channel_types": {"email": False, "sms": False}}}
    assert row is not None
    assert row["properties"] == {"seen": {"email": 1, "sms": 1}}


@pytest.mark.rule("E-TRIGGER-15")
@ways
async def test_inline_properties_that_do_not_fit_are_left_out_and_the_run_goes_on(
    virtual: VirtualTime, environment: TestEnvironment, others: list[str]
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    half = "x" * (LARGEST_PROPERTIES // 2)
    await virtual.trigger(environment, "greet", {"id": "ada", "name": "Ada", "a": half}, *others)
    assert await virtual.log(environment, "properties_left_out") == []

    await virtual.trigger(environment, "greet", {"id": "ada", "name": "New", "b": half}, *others)

    (line,) = await virtual.log(environment, "properties_left_out")
    assert line["status"] == "error"
    assert line["data"]["bytes"] > line["data"]["most"] == LARGEST_PROPERTIES
    async with virtual.database.connection() as connection:
        row = await find_recipient(connection, environment.id, RecipientRef(id="ada"))
    assert row is not None
    assert row["properties"] == {"name": "Ada", "a": half}
    messages = await virtual.messages(environment)
    assert [message["recipient_id"] for message in messages if message["recipient_id"] == "ada"] == [
        "ada"
    ] * 2


@pytest.mark.rule("E-RUN-13")
async def test_paused_runs_of_a_deleted_user_end_at_once_even_if_the_user_comes_back(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "later", workflow(delay_step(), in_app_step()))
    await virtual.trigger(environment, "later")
    async with virtual.database.transaction() as connection:
        gone = await remove_recipients(connection, environment.id, USERS, ["ada"], datetime.now(UTC))
    await tell_of_removal(virtual.temporal, gone)
    await virtual.publish(environment, "greet", workflow(in_app_step()))
    await virtual.trigger(environment, "greet")

    # Nothing sleeps any more.
    assert await virtual.idle(environment) == ()
    await virtual.pass_time(environment, timedelta(days=2))
    assert [(run["workflow_key"], run["outcome"]) for run in await virtual.runs(environment)] == [
        ("later", "recipient_deleted"),
        ("greet", "finished"),
    ]
    assert len(await virtual.messages(environment)) == 1
