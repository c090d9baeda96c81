"""People say what they want to hear of, and are heard of nothing else (E-PREF, E-AUD)."""

import asyncio
from typing import Any

import pytest
from knockapi import AsyncKnock

from models.values.content import ContentType
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.feeds import body_of, feed_of
from tests.houses import House
from tests.journeys.settling import settled_runs

MEMBER = {"variable": "recipient", "operator": "is_audience_member", "argument": "beta"}


async def bodies(knock: AsyncKnock, user_id: str) -> list[str]:
    return sorted(body_of(item) for item in await feed_of(knock, user_id))


@pytest.mark.rule("E-PREF-3", "E-PREF-13", "E-PREF-16", "E-PREF-17", "E-TRIGGER-12")
async def test_what_people_refuse_is_not_sent_and_the_rest_is(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    step: dict[str, Any] = in_app_step(body="{{ data.what }}")
    await publish(house.database, environment, "news", workflow(step, categories=["news"]))
    await publish(house.database, environment, "bills", workflow(step))
    await knock.users.update("ada", name="Ada")
    await knock.users.set_preferences("ada", "default", categories={"news": False})
    await knock.users.set_preferences(
        "bob", "default", workflows={"bills": {"channel_types": {"in_app_feed": False}}}
    )

    people: list[Any] = [
        "ada",
        "bob",
        {"id": "eve", "preferences": {"default": {"channel_types": {"in_app_feed": False}}}},
    ]
    for key in ("news", "bills"):
        await knock.workflows.trigger(key, recipients=people, data={"what": key})
    await settled_runs(house, environment, 6)

    assert [await bodies(knock, one) for one in ("ada", "bob", "eve")] == [
        ["<p>bills</p>\n"],
        ["<p>news</p>\n"],
        [],
    ]


@pytest.mark.rule("E-COND-21", "E-AUD-3")
async def test_steps_for_an_audience_reach_its_members_for_the_runs_tenant(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "beta", {"type": "static", "name": "B"}, ContentType.AUDIENCE)
    step = in_app_step(body="{{ tenant.id }}", conditions={"all": [MEMBER]})
    await publish(house.database, environment, "news", workflow(step))
    everybody: list[Any] = [{"id": "ada", "name": "Ada"}, {"id": "bob", "name": "Bob"}]
    await knock.audiences.add_members(
        "beta", members=[{"user": everybody[0], "tenant": "acme"}, {"user": everybody[1]}]
    )
    runs = [knock.workflows.trigger("news", recipients=everybody, tenant=one) for one in ("acme", "umbrella")]
    await asyncio.gather(*runs, knock.workflows.trigger("news", recipients=everybody))
    await settled_runs(house, environment, 6)

    assert await bodies(knock, "ada") == ["<p>acme</p>\n"]
    assert len(await bodies(knock, "bob")) == 1
