"""HTTP fetches and other failing steps, in virtual time."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from activities.steps.http_fetch import FetchSteps
from activities.versions import Versions
from outbound.client import build_client
from tests.builders import fetch_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.runs import write_run
from tests.virtual_time import VirtualTime

MINUTE = timedelta(minutes=1)
BROKEN = "{{ data.n | divided_by: data.zero }}"


@pytest.fixture(scope="module")
def listening() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


@pytest.fixture
def server(listening: HTTPServer) -> HTTPServer:
    """It expects nothing yet; stopping one a test would take half a second each."""
    listening.clear()
    return listening


async def outcome(virtual: VirtualTime, environment: TestEnvironment) -> tuple[Any, ...]:
    (run,) = await virtual.runs(environment)
    return run["status"], run["outcome"], run["error_count"]


async def pauses(virtual: VirtualTime, environment: TestEnvironment, *events: str) -> list[float]:
    """Seconds between the attempts that these lines tell of; a busy machine adds some of its own."""
    lines = [line for event in events for line in await virtual.log(environment, event)]
    assert [line["attempt"] for line in lines] == list(range(1, len(lines) + 1))
    moments = [line["inserted_at"] for line in lines]
    return [(b - a).total_seconds() for a, b in pairwise(moments)]


@pytest.mark.rule("E-FETCH-5", "E-FETCH-9", "E-RUN-2", "E-RUN-18", "E-LIMITS-20")
async def test_a_server_that_recovers_is_asked_three_times_and_its_answer_is_merged(
    virtual: VirtualTime, environment: TestEnvironment, server: HTTPServer
) -> None:
    for status in (500, 503):
        server.expect_ordered_request("/").respond_with_data("no", status=status)
    server.expect_ordered_request("/").respond_with_json({"order": {"eta": 2}, "carrier": "ACME"})
    await virtual.publish(
        environment, "shipped", workflow(fetch_step(url=server.url_for("/")), in_app_step())
    )

    given = {"order": {"id": 7}, "carrier": "?", "kept": True}
    await virtual.trigger(environment, "shipped", data=given)
    assert (await outcome(virtual, environment))[0] == "paused"
    await virtual.pass_time(environment, MINUTE)
    assert (await outcome(virtual, environment))[0] == "paused"
    assert len(server.log) == 2
    await virtual.pass_time(environment, MINUTE)

    assert len(server.log) == 3
    assert await pauses(virtual, environment, "step_failed", "fetch_succeeded") == pytest.approx(
        [30, 60], abs=3
    )
    assert await outcome(virtual, environment) == ("completed", "finished", 0)
    (message,) = await virtual.messages(environment)
    assert message["data"] == {"order": {"eta": 2}, "carrier": "ACME", "kept": True}


@pytest.mark.rule("E-FETCH-5", "E-FETCH-7")
async def test_a_server_that_stays_broken_fails_the_run(
    virtual: VirtualTime, environment: TestEnvironment, server: HTTPServer
) -> None:
    server.expect_request("/").respond_with_data("no", status=502)
    await virtual.publish(
        environment, "shipped", workflow(fetch_step(url=server.url_for("/")), in_app_step())
    )

    await virtual.trigger(environment, "shipped")
    await virtual.pass_time(environment, timedelta(hours=1))

    assert len(server.log) == 3
    assert await pauses(virtual, environment, "step_failed") == pytest.approx([30, 60], abs=3)
    assert await outcome(virtual, environment) == ("completed", "failed", 1)
    assert await virtual.messages(environment) == []


@pytest.mark.rule("E-FETCH-5", "E-CANCEL-3")
async def test_a_run_can_be_cancelled_between_two_attempts(
    virtual: VirtualTime, environment: TestEnvironment, server: HTTPServer
) -> None:
    server.expect_request("/").respond_with_data("no", status=500)
    await virtual.publish(environment, "shipped", workflow(fetch_step(url=server.url_for("/"))))

    await virtual.trigger(environment, "shipped", cancellation_key="k")
    await virtual.cancel(environment, "shipped", "k")

    assert await outcome(virtual, environment) == ("cancelled", "cancelled", 0)
    assert len(server.log) == 1


@pytest.mark.rule("E-FETCH-6", "E-FETCH-3")
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, "{}"),
        (200, "not JSON"),
        (200, '{"n": NaN}'),
        (200, '{"n": 1e400}'),
        (200, r'{"a": "\u0000"}'),
        (200, r'{"a": "\ud800"}'),
        (404, '{"n": [NaN, 1e400]}'),
        (404, "\x00"),
        (200, "[1]"),
        (200, '"text"'),
    ],
)
async def test_what_no_retry_helps_fails_at_once(
    virtual: VirtualTime, environment: TestEnvironment, server: HTTPServer, status: int, body: str
) -> None:
    server.expect_request("/").respond_with_data(body, status=status)
    await virtual.publish(
        environment, "shipped", workflow(fetch_step(url=server.url_for("/")), in_app_step())
    )

    await virtual.trigger(environment, "shipped")

    assert len(server.log) == 1
    assert await outcome(virtual, environment) == ("completed", "failed", 1)
    assert await virtual.messages(environment) == []


@pytest.mark.rule("E-FETCH-8")
@pytest.mark.parametrize(("status", "body"), [(204, ""), (200, ""), (201, " \n")])
async def test_an_answer_without_a_body_changes_nothing(
    virtual: VirtualTime, environment: TestEnvironment, server: HTTPServer, status: int, body: str
) -> None:
    server.expect_request("/").respond_with_data(body, status=status)
    await virtual.publish(
        environment, "shipped", workflow(fetch_step(url=server.url_for("/")), in_app_step())
    )

    await virtual.trigger(environment, "shipped", data={"kept": [1]})

    (message,) = await virtual.messages(environment)
    assert message["data"] == {"kept": [1]}


@pytest.mark.rule("E-FETCH-10", "E-FETCH-3")
@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("foo.bar", {"a": 1}, {"foo": {"kept": 1, "bar": {"a": 1}}}),
        ("list", [1, 2], {"foo": {"kept": 1}, "list": [1, 2]}),
    ],
)
async def test_a_response_path_says_where_the_answer_goes(
    virtual: VirtualTime,
    environment: TestEnvironment,
    server: HTTPServer,
    path: str,
    body: Any,
    expected: Any,
) -> None:
    server.expect_request("/").respond_with_json(body)
    step = fetch_step(url=server.url_for("/"), response_path=path)
    await virtual.publish(environment, "shipped", workflow(step, in_app_step()))

    await virtual.trigger(environment, "shipped", data={"foo": {"kept": 1}})

    (message,) = await virtual.messages(environment)
    assert message["data"] == expected


@pytest.mark.rule("E-RUN-7", "E-LIMITS-21")
async def test_a_template_that_cannot_be_rendered_is_tried_three_times_and_halts_the_run(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    steps = [in_app_step("broken", body=BROKEN), in_app_step("later")]
    await virtual.publish(environment, "welcome", workflow(*steps))

    await virtual.trigger(environment, "welcome", data={"n": 1, "zero": 0})
    assert (await virtual.runs(environment))[0]["finished_at"] is None
    await virtual.pass_time(environment, 2 * MINUTE)

    assert await pauses(virtual, environment, "step_failed") == pytest.approx([30, 60], abs=3)
    assert await outcome(virtual, environment) == ("completed", "failed", 1)
    assert await virtual.messages(environment) == []
    (end,) = await virtual.log(environment, "run_completed")
    assert (end["status"], end["data"]["reason"].startswith("broken: template error")) == ("error", True)


@pytest.mark.rule("E-RUN-7", "E-RUN-19")
async def test_a_template_that_can_be_rendered_meanwhile_sends_once(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    body = "{{ data.n | divided_by: recipient.share }}"
    await virtual.publish(environment, "welcome", workflow(in_app_step(body=body)))
    await virtual.trigger(environment, "welcome", {"id": "ada", "share": 0}, data={"n": 4})
    async with virtual.database.transaction() as connection:
        await connection.execute(
            """UPDATE recipients SET properties = '{"share": 2}' WHERE environment_id = %s""",
            (environment.id,),
        )

    await virtual.pass_time(environment, 2 * MINUTE)

    assert await outcome(virtual, environment) == ("completed", "finished", 0)
    assert len(await virtual.messages(environment)) == 1


async def test_a_fetch_whose_answer_was_written_down_is_not_sent_again(
    virtual: VirtualTime, environment: TestEnvironment, server: HTTPServer
) -> None:
    server.expect_request("/", method="POST").respond_with_json({"paid": True})
    step = fetch_step(url=server.url_for("/"), method="post", body="{}")
    await virtual.publish(environment, "pay", workflow(step))
    run = await write_run(virtual.database, environment, "pay")
    http = build_client(["127.0.0.0/8"])
    steps = FetchSteps(virtual.database, Versions(SEALER), http)

    answers = [await steps.fetch(run.ask("fetch_1")) for _ in range(2)]
    await http.aclose()

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0] == answers[1]
    assert len(server.log) == 1
