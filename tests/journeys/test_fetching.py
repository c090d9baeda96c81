"""A run fetches data from a server and tells it on."""

import json
from collections.abc import Iterator

import pytest
from knockapi import AsyncKnock
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.builders import fetch_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.feeds import body_of, feed_of, feed_with
from tests.houses import House
from tests.runs import rows


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


async def test_a_response_becomes_data_of_the_run(
    house: House, environment: TestEnvironment, knock: AsyncKnock, server: HTTPServer
) -> None:
    server.expect_request(
        "/orders/7", query_string={"lang": "en"}, headers={"X-Trace": "ada"}
    ).respond_with_json({"carrier": "ACME", "order": {"eta": 2}})
    step = fetch_step(
        url=server.url_for("/orders/{{ data.order_id }}"),
        headers=[{"key": "X-Trace", "value": "{{ recipient.id }}"}],
        query_params='{"lang": "en"}',
    )
    body = "{{ data.carrier }} in {{ data.order.eta }} days, order {{ order_id }}"
    await publish(house.database, environment, "shipped", workflow(step, in_app_step(body=body)))

    await knock.workflows.trigger("shipped", recipients=[{"id": "ada"}], data={"order_id": 7})

    items = await feed_with(knock, "ada", 1)
    assert body_of(items[0]) == "<p>ACME in 2 days, order 7</p>\n"


@pytest.mark.parametrize("status", [202, 301, 400, 404])
async def test_any_other_status_halts_the_run_at_once(
    house: House, environment: TestEnvironment, knock: AsyncKnock, server: HTTPServer, status: int
) -> None:
    server.expect_request("/").respond_with_data("no", status=status)
    await publish(
        house.database, environment, "shipped", workflow(fetch_step(url=server.url_for("/")), in_app_step())
    )

    await knock.workflows.trigger("shipped", recipients=[{"id": "ada"}], data={})

    run = (await eventually(lambda: finished(house, environment)))[0]
    assert (run["status"], run["outcome"], run["error_count"]) == ("completed", "failed", 1)
    assert str(status) in str(run["outcome_reason"])
    assert len(server.log) == 1
    assert await feed_of(knock, "ada") == []


async def test_a_server_error_is_logged_and_leaves_the_run_paused_for_another_try(
    house: House, environment: TestEnvironment, knock: AsyncKnock, server: HTTPServer
) -> None:
    def answer(request: Request) -> Response:
        return Response(json.dumps({"secret": "no"}), status=503)

    server.expect_request("/").respond_with_handler(answer)
    await publish(house.database, environment, "shipped", workflow(fetch_step(url=server.url_for("/"))))

    await knock.workflows.trigger("shipped", recipients=[{"id": "ada"}], data={}, cancellation_key="stop")

    paused = "SELECT id FROM recipient_runs WHERE environment_id = %s AND status = 'paused'"
    run = (await eventually(lambda: rows(house.database, paused, environment.id)))[0]
    detail = await knock.workflow_recipient_runs.get(str(run["id"]))
    failed = [event for event in detail.events if event.event == "step_failed"]
    assert [(event.attempt, event.status) for event in failed] == [(1, "error")]
    await knock.workflows.cancel("shipped", cancellation_key="stop")
    ended = (await eventually(lambda: finished(house, environment)))[0]
    assert ended["status"] == "cancelled"


async def finished(house: House, environment: TestEnvironment) -> list[dict[str, object]]:
    sql = """
        SELECT status, outcome, outcome_reason, error_count FROM recipient_runs
        WHERE environment_id = %s AND finished_at IS NOT NULL
    """
    return await rows(house.database, sql, environment.id)
