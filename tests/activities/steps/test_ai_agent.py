import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from activities.steps.ai_agent import ATTEMPTS, AgentSteps
from activities.versions import Versions
from models.queries.variables import Kept, delete_variable, upsert_variable, write_base
from models.tables.variables import seal_purpose
from outbound.client import build_client
from tests.every_step import step
from tests.houses import SEALER
from tests.runs import NOON, rows
from tests.stepping import Bench
from workflows_engine.effects.steps import Verdict

SCHEMA = {
    "type": "object",
    "required": ["mood"],
    "properties": {"mood": {"enum": ["good", "bad"]}},
}
PATH = "/v1/chat/completions"


def asking(provider: str, prompt: str = "How is {{ recipient.name }}?", **settings: Any) -> dict[str, Any]:
    given = {"model": f"{provider}:m-1", "request_prompt": prompt, "response_type": "text"}
    return step("ai_agent", "agent_1", **given | settings)


def as_json(provider: str, **settings: Any) -> dict[str, Any]:
    return asking(provider, response_type="json", response_schema=json.dumps(SCHEMA), **settings)


def said(text: str | None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": text, **more}}], "usage": {"total_tokens": 3}}


@pytest.fixture(scope="module")
def listening() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


@pytest.fixture
def server(listening: HTTPServer) -> HTTPServer:
    listening.clear()
    return listening


@pytest.fixture
async def steps(bench: Bench, versions: Versions) -> AsyncIterator[AgentSteps]:
    http = build_client(["127.0.0.0/8"])
    yield AgentSteps(bench.database, versions, http)
    await http.aclose()


@pytest.fixture
async def provider(bench: Bench, server: HTTPServer) -> AsyncIterator[str]:
    """A provider whose endpoint and key the variables name."""
    name = f"p{bench.environment.slug.replace('-', '_')}"
    base, key = f"{name}_base_url", f"{name}_api_key"
    async with bench.database.transaction() as connection:
        await upsert_variable(connection, base, "public", None, NOON)
        await write_base(connection, base, Kept(value=server.url_for("/v1")), NOON)
        await upsert_variable(connection, key, "secret", None, NOON)
        await write_base(connection, key, Kept(sealed=SEALER.seal("sk-hush", seal_purpose(key, None))), NOON)
    yield name
    async with bench.database.connection() as connection:
        await delete_variable(connection, base)
        await delete_variable(connection, key)


@pytest.mark.rule("E-AIAGENT-2", "E-AIAGENT-1", "E-AIAGENT-4")
async def test_a_text_stands_below_the_steps_ref_and_the_log_tells_what_was_asked_and_answered(
    bench: Bench, steps: AgentSteps, provider: str, server: HTTPServer
) -> None:
    server.expect_request(PATH, headers={"authorization": "Bearer sk-hush"}).respond_with_json(said("Fine."))
    run = await bench.run(asking(provider), data={"kept": 1})

    answers = [await steps.ask_agent(run.ask("agent_1")) for _ in range(2)]

    assert answers[0] == answers[1]
    assert answers[0].verdict is Verdict.DONE
    assert await bench.data(run) == {"kept": 1, "agent_1": {"text": "Fine."}}
    assert len(server.log) == 1
    assert server.log[0][0].get_json()["messages"][0]["content"] == "How is Ada?"
    (line,) = await bench.log(run, "agent_answered")
    told = line["data"]
    assert (told["model"], told["prompt"], told["response"]) == (f"{provider}:m-1", "How is Ada?", "Fine.")
    assert told["usage"] == {"total_tokens": 3}
    assert told["duration_ms"] > 0


@pytest.mark.rule("E-AIAGENT-2")
@pytest.mark.parametrize("text", ['{"mood": "good"}', '```json\n{"mood": "good"}\n```'])
async def test_json_of_the_schema_is_the_value_itself(
    bench: Bench, steps: AgentSteps, provider: str, server: HTTPServer, text: str
) -> None:
    server.expect_request(PATH).respond_with_json(said(text))
    run = await bench.run(as_json(provider))

    await steps.ask_agent(run.ask("agent_1"))

    assert await bench.data(run) == {"agent_1": {"mood": "good"}}
    sent = server.log[0][0].get_json()
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.rule("E-AIAGENT-2", "E-AIAGENT-3")
@pytest.mark.parametrize("text", ['{"mood": "odd"}', "{}", "[1]", "no json", '{"mood": NaN}'])
async def test_an_answer_that_does_not_follow_the_schema_is_asked_for_again(
    bench: Bench, steps: AgentSteps, provider: str, server: HTTPServer, text: str
) -> None:
    server.expect_ordered_request(PATH).respond_with_json(said(text))
    server.expect_ordered_request(PATH).respond_with_json(said('{"mood": "bad"}'))
    run = await bench.run(as_json(provider))

    answer = await bench.insist(steps.ask_agent, run, "agent_1", 2)

    assert answer.verdict is Verdict.DONE
    assert await bench.data(run) == {"agent_1": {"mood": "bad"}}
    (line,) = await bench.log(run, "step_failed")
    assert line["data"]["retryable"] is True


@pytest.mark.rule("E-AIAGENT-3")
async def test_a_model_is_not_asked_again_where_no_answer_can_follow_the_schema(
    bench: Bench, steps: AgentSteps, provider: str, server: HTTPServer
) -> None:
    server.expect_request(PATH).respond_with_json(said('{"mood": "good"}'))
    run = await bench.run(asking(provider, response_type="json", response_schema='{"$ref": "#"}'))

    answer = await steps.ask_agent(run.ask("agent_1"))

    assert (answer.verdict, len(server.log)) == (Verdict.FAIL, 1)
    (line,) = await bench.log(run, "step_failed")
    assert (line["data"]["retryable"], "nested too deeply" in line["data"]["error"]) == (False, True)


@pytest.mark.rule("E-AIAGENT-3", "E-RUN-6", "E-LIMITS-22")
@pytest.mark.parametrize(("halts", "goes_on"), [(None, False), (True, False), (False, True)])
async def test_faults_are_tried_three_times_again_and_then_the_run_halts_or_goes_on(
    bench: Bench, steps: AgentSteps, provider: str, server: HTTPServer, halts: bool | None, goes_on: bool
) -> None:
    server.expect_request(PATH).respond_with_json({}, status=503)
    run = await bench.run(asking(provider, halt_on_error=halts))

    answer = await bench.insist(steps.ask_agent, run, "agent_1", ATTEMPTS)

    assert (answer.verdict, answer.goes_on) == (Verdict.FAIL, goes_on)
    assert len(server.log) == 4
    (row,) = await rows(bench.database, "SELECT error_count FROM recipient_runs WHERE id = %s", run.id)
    # A run that halts counts its error when it is finished.
    assert row["error_count"] == int(goes_on)
    assert len(await bench.log(run, "step_failed")) == 4


@pytest.mark.rule("E-AIAGENT-3")
@pytest.mark.parametrize(
    ("status", "body"), [(400, {"error": {"message": "bad"}}), (200, said(None, refusal="I will not"))]
)
async def test_a_model_that_errs_or_declines_is_not_asked_again(
    bench: Bench, steps: AgentSteps, provider: str, server: HTTPServer, status: int, body: Any
) -> None:
    server.expect_request(PATH).respond_with_json(body, status=status)
    run = await bench.run(asking(provider))

    answer = await steps.ask_agent(run.ask("agent_1"))

    assert answer.verdict is Verdict.FAIL
    (line,) = await bench.log(run, "step_failed")
    assert line["data"]["retryable"] is False


@pytest.mark.rule("E-AIAGENT-1")
async def test_a_provider_that_no_variable_names_fails_at_once_and_says_which(
    bench: Bench, steps: AgentSteps
) -> None:
    run = await bench.run(asking("far-away"))

    answer = await steps.ask_agent(run.ask("agent_1"))

    assert (answer.verdict, answer.reason) == (
        Verdict.FAIL,
        "the variable far_away_base_url is not set",
    )


@pytest.mark.rule("E-AIAGENT-4", "E-VARS-3")
async def test_a_prompt_with_a_secret_reaches_the_model_and_not_the_log(
    bench: Bench, steps: AgentSteps, provider: str, server: HTTPServer
) -> None:
    server.expect_request(PATH).respond_with_json(said("It is sk-hush."))
    run = await bench.run(asking(provider, f"Say {{{{ vars.{provider}_api_key }}}}"))

    await steps.ask_agent(run.ask("agent_1"))

    assert server.log[0][0].get_json()["messages"][0]["content"] == "Say sk-hush"
    (line,) = await bench.log(run, "agent_answered")
    assert (line["data"]["prompt"], line["data"]["response"]) == ("Say [REDACTED]", "It is [REDACTED].")


async def test_a_prompt_that_cannot_be_rendered_asks_nobody(
    bench: Bench, steps: AgentSteps, provider: str, server: HTTPServer
) -> None:
    run = await bench.run(asking(provider, "{{ 1 | divided_by: 0 }}"))

    answer = await steps.ask_agent(run.ask("agent_1"))

    assert answer.verdict is Verdict.RETRY
    assert server.log == []
