"""What preferences do to runs, in virtual time (E-PREF-16, E-COND-31)."""

from datetime import timedelta
from typing import Any

import pytest

from models.tables.preference_sets import put_preference_sets
from models.values.refs import RecipientRef
from tests.builders import batch_step, delay_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.rules.reading import body_of
from tests.runs import NOON
from tests.virtual_time import VirtualTime

NO_FEED: dict[str, Any] = {"channel_types": {"in_app_feed": False}}


async def prefer(virtual: VirtualTime, environment: TestEnvironment, preferences: dict[str, Any]) -> None:
    given = {"default": preferences}
    async with virtual.database.transaction() as connection:
        await put_preference_sets(
            connection, environment.id, RecipientRef(id="ada"), given, NOON, merge=False
        )


async def sent(virtual: VirtualTime, environment: TestEnvironment) -> list[str]:
    return [message["step_ref"] for message in await virtual.messages(environment)]


@pytest.mark.rule("E-PREF-16", "E-CHANNEL-4")
async def test_an_opt_out_skips_its_step_and_the_run_goes_on(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(
        environment, "greet", workflow(in_app_step("first"), delay_step(), in_app_step("second"))
    )
    await prefer(virtual, environment, {"workflows": {"greet": NO_FEED}})
    await virtual.trigger(environment, "greet")
    assert await sent(virtual, environment) == []

    await prefer(virtual, environment, {})
    await virtual.pass_time(environment, timedelta(days=2))

    assert await sent(virtual, environment) == ["second"], "preferences are looked at when a step begins"
    assert [run["outcome"] for run in await virtual.runs(environment)] == ["finished"]
    (line,) = await virtual.log(environment, "step_skipped")
    assert (line["step_ref"], line["data"]["reason"]) == ("first", "preferences")
    assert line["data"]["preferences"]["nodes"]["workflows.greet"] == {
        "allowed": False,
        "decided_by": [{"location": "workflows.greet.channel_types.in_app_feed", "allowed": False}],
    }


@pytest.mark.rule("E-PREF-15", "E-COND-31")
@pytest.mark.parametrize(
    ("loud_one", "settings", "expected"),
    [
        ("a", {}, ["3: abc"]),
        ("b", {}, []),
        ("c", {"batch_order": "desc", "batch_items_render_limit": 2}, []),
    ],
)
async def test_after_a_batch_preferences_see_its_first_activity_only(
    virtual: VirtualTime,
    environment: TestEnvironment,
    loud_one: str,
    settings: dict[str, Any],
    expected: list[str],
) -> None:
    body = "{{ total_activities }}: {% for a in activities %}{{ a.n }}{% endfor %}"
    steps = [batch_step(seconds=600, **settings), in_app_step(body=body)]
    await virtual.publish(environment, "batched", workflow(*steps))
    condition = {"variable": "data.n", "operator": "equal_to", "argument": loud_one}
    await prefer(virtual, environment, {"workflows": {"batched": {"conditions": [condition]}}})
    for n in "abc":
        await virtual.trigger(environment, "batched", data={"n": n})

    await virtual.pass_time(environment, timedelta(minutes=11))

    assert [body_of(message) for message in await virtual.messages(environment)] == expected


@pytest.mark.rule("E-RUN-14")
async def test_templates_see_what_the_recipient_prefers(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    body = "{% if recipient.preferences.channel_types.sms == false %}No SMS{% endif %}"
    await virtual.publish(environment, "greet", workflow(in_app_step(body=body)))
    await prefer(virtual, environment, {"channel_types": {"sms": False}})
    await virtual.trigger(environment, "greet")
    assert [body_of(message) for message in await virtual.messages(environment)] == ["No SMS"]
