"""One trigger, one message in one feed."""

import pytest
from knockapi import AsyncKnock

from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.feeds import body_of, feed_with
from tests.houses import House


@pytest.mark.rule("E-TRIGGER-1", "E-TRIGGER-2")
async def test_a_trigger_puts_one_item_into_the_feed(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(in_app_step()))

    answer = await knock.workflows.with_raw_response.trigger(
        "greet", recipients=[{"id": "ada", "name": "Ada"}], data={"url": "/x"}
    )
    accepted = await answer.parse()
    items = await feed_with(knock, "ada", 1)

    assert [body_of(item) for item in items] == ["<p>Hello Ada</p>\n"]
    assert items[0].source.key == "greet"
    assert accepted.workflow_run_id.startswith("01")
    assert "/namespaces/default/workflows/" in answer.headers["Tocsin-Run-Url"]
