"""What a person does to runs in the Temporal Web UI: resetting and terminating them."""

from uuid import uuid4

from knockapi import AsyncKnock
from pytest_httpserver import HTTPServer
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowHandle

from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.feeds import body_of, feed_of, feed_with
from tests.houses import House
from tests.runs import rows
from tests.waking import close_batches, wake


async def handle_of(house: House, environment: TestEnvironment) -> WorkflowHandle[object, object]:
    """The workflow of the environment's first run."""
    client = house.temporal.client

    async def listed() -> list[str]:
        query = f"TocsinEnvironment = '{environment.slug}' AND WorkflowType = 'RecipientRun'"
        return [found.id async for found in client.list_workflows(query)]

    return client.get_workflow_handle((await eventually(listed))[-1])


async def reset_to_the_start(house: House, workflow_id: str) -> None:
    client = house.temporal.client
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            reason="a test",
            workflow_task_finish_event_id=3,
            request_id=str(uuid4()),
        )
    )


async def test_a_reset_run_sends_nothing_twice_and_goes_on(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    steps = [in_app_step("before"), email_step(), delay_step(), in_app_step("after")]
    await publish(house.database, environment, "long", workflow(*steps))
    address = f"ada@{environment.slug}.example.com"
    await knock.workflows.trigger("long", recipients=[{"id": "ada", "email": address}])
    await feed_with(knock, "ada", 1)
    sent = "SELECT 1 FROM messages WHERE environment_id = %s AND status = 'sent'"
    await eventually(lambda: rows(house.database, sent, environment.id))
    handle = await handle_of(house, environment)

    await reset_to_the_start(house, handle.id)
    await wake(house, environment)

    assert await house.temporal.client.get_workflow_handle(handle.id).result() == "finished"
    assert len(await feed_of(knock, "ada")) == 2
    assert len(house.mailbox.mails_to(address)) == 1
    messages = await rows(house.database, "SELECT 1 FROM messages WHERE environment_id = %s", environment.id)
    assert len(messages) == 3


async def test_a_reset_run_asks_no_server_twice(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    with HTTPServer(host="127.0.0.1") as server:
        server.expect_request("/pay", method="POST").respond_with_json({"receipt": 7})
        pay = fetch_step(url=server.url_for("/pay"), method="post", body="{}")
        told = in_app_step(body="receipt {{ data.receipt }}")
        pause = delay_step()
        await publish(house.database, environment, "paying", workflow(pay, pause, told))
        await knock.workflows.trigger("paying", recipients=[{"id": "ada"}])
        due = "SELECT 1 FROM recipient_runs WHERE environment_id = %s AND status = 'paused'"
        await eventually(lambda: rows(house.database, due, environment.id))
        handle = await handle_of(house, environment)

        await reset_to_the_start(house, handle.id)
        await wake(house, environment)

        assert await house.temporal.client.get_workflow_handle(handle.id).result() == "finished"
        assert len(server.log) == 1
    (item,) = await feed_of(knock, "ada")
    assert body_of(item) == "<p>receipt 7</p>\n"


async def test_a_finished_run_that_is_reset_does_nothing(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(in_app_step()))
    await knock.workflows.trigger("greet", recipients=[{"id": "ada"}])
    await feed_with(knock, "ada", 1)
    handle = await handle_of(house, environment)
    await handle.result()

    await reset_to_the_start(house, handle.id)

    assert await house.temporal.client.get_workflow_handle(handle.id).result() == "finished"
    assert len(await feed_of(knock, "ada")) == 1


async def test_the_next_to_join_takes_over_the_window_of_a_terminated_opener(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    body = "{% for a in activities %}{{ a.n }}{% endfor %}"
    await publish(
        house.database, environment, "batched", workflow(batch_step(seconds=600), in_app_step(body=body))
    )
    await knock.workflows.trigger("batched", recipients=[{"id": "ada"}], data={"n": "a"})
    paused = "SELECT 1 FROM recipient_runs WHERE environment_id = %s AND status = 'paused'"
    await eventually(lambda: rows(house.database, paused, environment.id))
    handle = await handle_of(house, environment)

    await handle.terminate("a test")
    for n in ("b", "c"):
        await knock.workflows.trigger("batched", recipients=[{"id": "ada"}], data={"n": n})
    await close_batches(house, environment, 3)

    items = await feed_with(knock, "ada", 1)
    assert len(items) == 1
    assert body_of(items[0]) == "<p>bc</p>\n"
    windows = await rows(
        house.database, "SELECT id FROM batch_windows WHERE environment_id = %s", environment.id
    )
    assert len(windows) == 1
