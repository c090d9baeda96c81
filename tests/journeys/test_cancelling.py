"""Stopping runs: by cancellation key, in Temporal, and while others are gathered."""

import pytest
from knockapi import AsyncKnock
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import CancelledError

from tests.builders import batch_step, delay_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.feeds import feed_of, feed_with
from tests.houses import House
from tests.runs import rows
from tests.waking import close_batches
from workflows_engine import names


async def the_run(house: House, environment: TestEnvironment, user: str = "ada") -> dict[str, object]:
    sql = """
        SELECT id, status, outcome, outcome_reason FROM recipient_runs
        WHERE environment_id = %s AND recipient_id = %s
    """
    return (await rows(house.database, sql, environment.id, user))[0]


async def reach(
    house: House, environment: TestEnvironment, status: str, user: str = "ada"
) -> dict[str, object]:
    return await eventually(
        lambda: the_run(house, environment, user), until=lambda run: run["status"] == status
    )


@pytest.mark.rule("E-CANCEL-1", "E-CANCEL-3", "E-DELAY-9")
async def test_a_cancelled_delay_sends_nothing(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "welcome", workflow(delay_step(), in_app_step()))
    await knock.workflows.trigger("welcome", recipients=[{"id": "ada"}], cancellation_key="c1")
    await reach(house, environment, "paused")

    await knock.workflows.cancel("welcome", cancellation_key="c1")

    run = await reach(house, environment, "cancelled")
    detail = await knock.workflow_recipient_runs.get(str(run["id"]))
    last = detail.events[-1]
    told = last.data or {}
    assert (last.event, told["outcome"]) == ("run_cancelled", "cancelled")
    assert told["cancelled_by"] == "cancellation key"
    assert await feed_of(knock, "ada") == []


async def test_the_log_of_a_cancelled_run_names_the_key_that_cancelled_it(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "welcome", workflow(delay_step(), in_app_step()))
    await knock.workflows.trigger("welcome", recipients=[{"id": "ada"}], cancellation_key="c1")
    await reach(house, environment, "paused")

    await knock.workflows.cancel("welcome", cancellation_key="c1")

    run = await reach(house, environment, "cancelled")
    keys = "SELECT id FROM api_keys WHERE environment_id = %s AND kind = 'secret'"
    (key,) = await rows(house.database, keys, environment.id)
    last = (await knock.workflow_recipient_runs.get(str(run["id"]))).events[-1]
    assert last.event == "run_cancelled"
    assert (last.data or {}).get("api_key_id") == str(key["id"])


@pytest.mark.rule("E-CANCEL-2")
async def test_a_cancel_names_its_recipients(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "welcome", workflow(delay_step(), in_app_step()))
    await knock.workflows.trigger("welcome", recipients=[{"id": "ada"}, {"id": "bob"}], cancellation_key="c1")
    await eventually(
        lambda: rows(house.database, PAUSED, environment.id), until=lambda found: len(found) == 2
    )

    await knock.workflows.cancel("welcome", cancellation_key="c1", recipients=["bob"])

    await reach(house, environment, "cancelled", "bob")
    assert (await the_run(house, environment, "ada"))["status"] == "paused"


@pytest.mark.rule("E-CANCEL-4")
async def test_a_cancel_right_after_its_trigger_never_misses(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "welcome", workflow(delay_step(), in_app_step()))

    for number in range(20):
        await knock.workflows.trigger(
            "welcome", recipients=[{"id": f"u{number}"}], cancellation_key=f"k{number}"
        )
        await knock.workflows.cancel("welcome", cancellation_key=f"k{number}")

    cancelled = "SELECT 1 FROM recipient_runs WHERE environment_id = %s AND status = 'cancelled'"
    await eventually(
        lambda: rows(house.database, cancelled, environment.id), until=lambda found: len(found) == 20
    )
    assert not await rows(house.database, "SELECT 1 FROM messages WHERE environment_id = %s", environment.id)


async def test_a_cancel_in_temporal_by_query_means_the_same(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "welcome", workflow(delay_step(), in_app_step()))
    await knock.workflows.trigger("welcome", recipients=[{"id": "ada"}], cancellation_key=environment.slug)
    await reach(house, environment, "paused")
    client = house.temporal.client
    query = f"{names.CANCELLATION_KEY} = '{environment.slug}'"

    async def listed() -> list[str]:
        return [found.id async for found in client.list_workflows(query)]

    workflow_id = (await eventually(listed))[0]
    await client.get_workflow_handle(workflow_id).cancel()

    run = await reach(house, environment, "cancelled")
    assert "Temporal" in str(run["outcome_reason"])
    with pytest.raises(WorkflowFailureError) as ended:
        await client.get_workflow_handle(workflow_id).result()
    assert isinstance(ended.value.cause, CancelledError)
    assert await feed_of(knock, "ada") == []


async def gather(knock: AsyncKnock, cancellation_key: str) -> None:
    await knock.workflows.trigger(
        "batched", recipients=[{"id": "ada"}], cancellation_key=cancellation_key, data={"n": cancellation_key}
    )


async def test_cancelling_the_opener_leaves_the_window_to_the_others(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    body = "{% for a in activities %}{{ a.n }}{% endfor %}"
    await publish(
        house.database, environment, "batched", workflow(batch_step(seconds=600), in_app_step(body=body))
    )
    await gather(knock, "a")
    await reach(house, environment, "paused")
    await gather(knock, "b")
    await gather(knock, "c")
    await eventually(
        lambda: rows(house.database, ABSORBED, environment.id), until=lambda found: len(found) == 2
    )

    await knock.workflows.cancel("batched", cancellation_key="a")
    await knock.workflows.cancel("batched", cancellation_key="c")
    await eventually(lambda: rows(house.database, LEFT, environment.id))
    await close_batches(house, environment)

    items = await feed_with(knock, "ada", 1)
    assert "<p>b</p>" in str(items[0])
    assert items[0].total_activities == 1


async def test_a_window_whose_only_member_was_cancelled_stays_open_for_the_next(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "batched", workflow(batch_step(seconds=600), in_app_step()))
    await gather(knock, "a")
    await reach(house, environment, "paused")
    await knock.workflows.cancel("batched", cancellation_key="a")
    await eventually(lambda: rows(house.database, CANCELLED, environment.id))

    await gather(knock, "b")
    await close_batches(house, environment, 1)
    items = await feed_with(knock, "ada", 1)

    assert items[0].total_activities == 1
    windows = await rows(
        house.database, "SELECT id FROM batch_windows WHERE environment_id = %s", environment.id
    )
    assert len(windows) == 1


@pytest.mark.parametrize("key", ["never used", "another"])
@pytest.mark.rule("E-CANCEL-1")
async def test_cancelling_an_unknown_key_is_no_mistake(
    house: House, environment: TestEnvironment, knock: AsyncKnock, key: str
) -> None:
    await publish(house.database, environment, "welcome", workflow(delay_step()))

    await knock.workflows.cancel("welcome", cancellation_key=key)

    assert await rows(house.database, "SELECT 1 FROM cancels WHERE environment_id = %s", environment.id)


PAUSED = "SELECT 1 FROM recipient_runs WHERE environment_id = %s AND status = 'paused'"
CANCELLED = "SELECT 1 FROM recipient_runs WHERE environment_id = %s AND status = 'cancelled'"
LEFT = """
    SELECT 1 FROM batch_members m JOIN recipient_runs r ON r.id = m.recipient_run_id
    WHERE r.environment_id = %s AND m.left_at IS NOT NULL
"""
ABSORBED = "SELECT 1 FROM recipient_runs WHERE environment_id = %s AND outcome = 'absorbed'"
