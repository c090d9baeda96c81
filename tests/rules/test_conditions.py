"""Conditions of steps, judged while runs sleep and wake in virtual time."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import delay_step, email_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.rules.reading import body_of
from tests.virtual_time import VirtualTime

PRO = {"variable": "recipient.plan", "operator": "contains_all", "argument": '["pro"]'}


@pytest.mark.rule("E-COND-7", "E-COND-14", "E-COND-17")
async def test_conditions_are_judged_at_the_runs_own_time_with_liquid_in_timestamps(
    virtual: VirtualTime, development: TestEnvironment
) -> None:
    due = {"variable": "data.due", "operator": "is_timestamp_before_now"}
    rendered = {"variable": "data.due", "operator": "is_timestamp_before", "argument": "{{ data.limit }}"}
    steps = [
        in_app_step("before", conditions={"all": [due]}),
        delay_step(),
        in_app_step("after", body="after", conditions={"all": [due, rendered, PRO]}),
    ]
    await virtual.publish(development, "remind", workflow(*steps))
    at = (await virtual.now() + timedelta(hours=12)).isoformat()
    person = {"id": "ada", "plan": ["pro", "beta"]}
    await virtual.trigger(development, "remind", person, data={"due": at, "limit": "2999-01-01"})
    await virtual.pass_time(development, timedelta(days=2))

    messages = await virtual.messages(development)
    assert [(message["step_ref"], body_of(message)) for message in messages] == [("after", "after")]


def unseen(ref: str) -> dict[str, Any]:
    leaf = {
        "variable": f"refs.{ref}.engagement_status",
        "operator": "not_contains",
        "argument": "$message.seen",
    }
    return {"all": [leaf]}


@pytest.mark.rule("E-COND-1", "E-COND-22", "E-COND-27")
@pytest.mark.parametrize(("is_seen", "sent"), [(True, ["feed"]), (False, ["feed", "mail"])])
async def test_a_mail_follows_after_a_day_only_where_the_feed_item_was_not_seen(
    virtual: VirtualTime, environment: TestEnvironment, is_seen: bool, sent: list[str]
) -> None:
    steps = [in_app_step("feed"), delay_step(), email_step("mail", conditions=unseen("feed"))]
    await virtual.publish(environment, "remind", workflow(*steps))
    await virtual.trigger(environment, "remind")
    if is_seen:
        async with virtual.database.connection() as connection:
            await connection.execute(
                "UPDATE messages SET seen_at = now() WHERE environment_id = %s", (environment.id,)
            )
    await virtual.pass_time(environment, timedelta(days=2))
    assert [message["step_ref"] for message in await virtual.messages(environment)] == sent


@pytest.mark.rule("E-COND-25")
async def test_a_message_past_retention_fulfils_no_condition(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    steps = [
        in_app_step("feed"),
        delay_step("later", "days", 31),
        email_step("mail", conditions=unseen("feed")),
    ]
    await virtual.publish(environment, "remind", workflow(*steps))
    await virtual.trigger(environment, "remind")
    await virtual.pass_time(environment, timedelta(days=32))
    assert [message["step_ref"] for message in await virtual.messages(environment)] == ["feed"]
    (line,) = await virtual.log(environment, "step_skipped")
    assert line["data"]["conditions"]["step"][0]["reason"] == "the message is past retention"
