"""Runs that ask a model, in virtual time."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from pytest_httpserver import HTTPServer

from models.queries.variables import Kept, delete_variable, upsert_variable, write_base
from tests.builders import in_app_step, workflow
from tests.environments import TestEnvironment
from tests.every_step import step
from tests.rules.reading import body_of
from tests.runs import NOON
from tests.virtual_time import VirtualTime


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


@pytest.fixture
async def provider(
    virtual: VirtualTime, environment: TestEnvironment, server: HTTPServer
) -> AsyncIterator[str]:
    name = f"p{environment.slug.replace('-', '_')}"
    key = f"{name}_base_url"
    async with virtual.database.transaction() as connection:
        await upsert_variable(connection, key, "public", None, NOON)
        await write_base(connection, key, Kept(value=server.url_for("")), NOON)
    yield name
    async with virtual.database.connection() as connection:
        await delete_variable(connection, key)


@pytest.mark.rule("E-AIAGENT-3", "E-RUN-6", "E-RUN-3")
@pytest.mark.parametrize(
    ("halts", "outcome", "sent"), [(True, "failed", []), (False, "finished", ["went on"])]
)
async def test_a_model_that_stays_away_halts_the_run_or_is_gone_without(
    virtual: VirtualTime,
    environment: TestEnvironment,
    server: HTTPServer,
    provider: str,
    halts: bool,
    outcome: str,
    sent: list[str],
) -> None:
    server.expect_request("/chat/completions").respond_with_data("", status=503)
    agent = step(
        "ai_agent",
        "agent_1",
        model=f"{provider}:m",
        request_prompt="?",
        response_type="text",
        halt_on_error=halts,
    )
    await virtual.publish(environment, "ask", workflow(agent, in_app_step(body="went on")))

    await virtual.trigger(environment, "ask")
    await virtual.pass_time(environment, timedelta(minutes=5))

    assert len(server.log) == 4
    (run,) = await virtual.runs(environment)
    assert (run["status"], run["outcome"], run["error_count"]) == ("completed", outcome, 1)
    assert [body_of(message) for message in await virtual.messages(environment)] == sent


@pytest.mark.rule("E-DEBUG-6")
async def test_a_run_counts_each_error_that_it_outlived_and_the_one_it_ended_with(
    virtual: VirtualTime, environment: TestEnvironment, server: HTTPServer, provider: str
) -> None:
    server.expect_request("/chat/completions").respond_with_data("", status=400)
    settings = {"model": f"{provider}:m", "request_prompt": "?", "response_type": "text"}
    agents = [step("ai_agent", ref, **settings, halt_on_error=False) for ref in ("one", "two")]
    await virtual.publish(environment, "ask", workflow(*agents, step("update_data", "three", data="no JSON")))

    await virtual.trigger(environment, "ask")
    await virtual.pass_time(environment, timedelta(minutes=5))

    (run,) = await virtual.runs(environment)
    assert (run["outcome"], run["error_count"]) == ("failed", 3)
    failures = await virtual.log(environment, "step_failed")
    assert {line["step_ref"] for line in failures} == {"one", "two", "three"}
    assert {line["status"] for line in failures} == {"error"}


@pytest.mark.rule("E-AIAGENT-2", "E-RUN-18")
async def test_later_steps_see_what_the_model_said(
    virtual: VirtualTime, environment: TestEnvironment, server: HTTPServer, provider: str
) -> None:
    answer = {"choices": [{"message": {"content": "Hello."}}]}
    server.expect_request("/chat/completions").respond_with_json(answer)
    agent = step("ai_agent", "greeting", model=f"{provider}:m", request_prompt="?", response_type="text")
    await virtual.publish(environment, "ask", workflow(agent, in_app_step(body="{{ data.greeting.text }}")))

    await virtual.trigger(environment, "ask")

    (message,) = await virtual.messages(environment)
    assert body_of(message) == "Hello."
