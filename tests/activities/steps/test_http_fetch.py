import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from activities.steps.http_fetch import DEADLINE_SECONDS, FetchSteps
from activities.versions import Versions
from models.queries.variables import Kept, delete_variable, upsert_variable, write_base
from models.tables.request_signing import request_signing_key
from models.tables.variables import seal_purpose
from outbound.client import build_client
from outbound.signing import signature
from tests.builders import fetch_step
from tests.houses import SEALER
from tests.runs import NOON
from tests.stepping import Bench
from workflows_engine.effects.steps import Verdict, fetch


@pytest.fixture(scope="module")
def listening() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


@pytest.fixture
def server(listening: HTTPServer) -> HTTPServer:
    listening.clear()
    return listening


@pytest.fixture
async def steps(bench: Bench, versions: Versions) -> AsyncIterator[FetchSteps]:
    http = build_client(["127.0.0.0/8"])
    yield FetchSteps(bench.database, versions, http)
    await http.aclose()


def received(server: HTTPServer) -> Request:
    return server.log[-1][0]


@pytest.mark.rule("E-FETCH-1", "E-FETCH-2")
@pytest.mark.parametrize("method", ["post", "put", "patch"])
async def test_every_field_but_the_method_is_rendered_and_the_body_is_json(
    bench: Bench, steps: FetchSteps, server: HTTPServer, method: str
) -> None:
    server.expect_request(re.compile("/.*")).respond_with_json({"ok": True})
    step = fetch_step(
        url=server.url_for("/") + "{{ data.id }}?a=1",
        method=method,
        body='{"n": {{ data.n }} }',
        headers='{"x-who": "{{ recipient.id }}", "x-n": {{ data.n }} }',
        query_params=[{"key": "{{ data.id }}", "value": "a b&{{ data.n }}"}],
    )
    run = await bench.run(step, data={"id": "o7", "n": 3})

    answer = await steps.fetch(run.ask("fetch_1"))

    assert answer.verdict is Verdict.DONE
    request = received(server)
    assert (request.method, request.path) == (method.upper(), "/o7")
    assert dict(request.args) == {"a": "1", "o7": "a b&3"}
    assert (request.headers["x-who"], request.headers["x-n"]) == ("ada", "3")
    assert (request.content_type, request.get_json()) == ("application/json", {"n": 3})


@pytest.mark.rule("E-FETCH-1")
async def test_get_is_the_method_that_is_left_out_and_sends_no_body(
    bench: Bench, steps: FetchSteps, server: HTTPServer
) -> None:
    server.expect_request("/").respond_with_json({})
    step = {"type": "http_fetch", "ref": "fetch_1", "settings": {"url": server.url_for("/"), "body": "{}"}}
    run = await bench.run(step)

    await steps.fetch(run.ask("fetch_1"))

    assert (received(server).method, received(server).data) == ("GET", b"")


@pytest.mark.rule("E-FETCH-6")
@pytest.mark.parametrize(
    "settings",
    [
        {"method": "post", "body": "no json"},
        {"method": "post", "body": '{"n": NaN}'},
        {"headers": "[1]"},
        {"query_params": "no json"},
        {"url": "ftp://127.0.0.1/"},
        {"url": "{{ data.missing }}"},
        {"url": "http://"},
    ],
)
async def test_a_request_that_is_none_fails_at_once_and_asks_nobody(
    bench: Bench, steps: FetchSteps, server: HTTPServer, settings: dict[str, Any]
) -> None:
    run = await bench.run(fetch_step(**{"url": server.url_for("/"), **settings}))

    answer = await steps.fetch(run.ask("fetch_1"))

    assert answer.verdict is Verdict.FAIL
    assert server.log == []


@pytest.mark.rule("E-FETCH-6")
@pytest.mark.parametrize("status", [202, 203, 206, 301, 304, 400, 401, 404, 409, 422, 429])
async def test_every_status_but_three_is_final_below_500(
    bench: Bench, steps: FetchSteps, server: HTTPServer, status: int
) -> None:
    server.expect_request("/").respond_with_data("{}", status=status)
    run = await bench.run(fetch_step(url=server.url_for("/")))

    assert (await steps.fetch(run.ask("fetch_1"))).verdict is Verdict.FAIL


@pytest.mark.rule("E-FETCH-5", "E-FETCH-6")
async def test_a_connection_that_is_refused_is_tried_again(bench: Bench, steps: FetchSteps) -> None:
    run = await bench.run(fetch_step(url="http://127.0.0.1:9/"))

    assert (await steps.fetch(run.ask("fetch_1"))).verdict is Verdict.RETRY
    assert (await steps.fetch(run.ask("fetch_1", attempt=3))).verdict is Verdict.FAIL


@pytest.mark.rule("E-FETCH-11")
@pytest.mark.parametrize(("method", "body"), [("post", '{"n": 1}'), ("get", None)])
async def test_a_signed_request_can_be_checked_with_the_environments_key(
    bench: Bench, steps: FetchSteps, server: HTTPServer, method: str, body: str | None
) -> None:
    server.expect_request("/").respond_with_json({})
    run = await bench.run(fetch_step(url=server.url_for("/"), method=method, body=body, sign_request=True))

    await steps.fetch(run.ask("fetch_1"))

    async with bench.database.connection() as connection:
        key = await request_signing_key(connection, bench.environment.id, SEALER, NOON)
    header = received(server).headers["x-knock-signature"]
    at = datetime.fromtimestamp(int(header.partition(",")[0][2:]) / 1000, UTC)
    assert header == signature(key, received(server).data, at)
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60


@pytest.mark.rule("E-FETCH-11")
async def test_a_request_is_signed_only_where_it_is_asked_for(
    bench: Bench, steps: FetchSteps, server: HTTPServer
) -> None:
    server.expect_request("/").respond_with_json({})
    run = await bench.run(fetch_step(url=server.url_for("/")))

    await steps.fetch(run.ask("fetch_1"))

    assert "x-knock-signature" not in received(server).headers


@pytest.mark.rule("E-FETCH-12", "E-FETCH-13")
async def test_the_log_tells_the_exchange_and_the_merged_data_without_secrets(
    bench: Bench, steps: FetchSteps, server: HTTPServer
) -> None:
    def answer(request: Request) -> Response:
        told = {"echo": request.headers["x-pass"], "n": 1}
        return Response(json.dumps(told), mimetype="application/json", headers={"x-served-by": "s1"})

    server.expect_request("/").respond_with_handler(answer)
    key = f"s_{bench.environment.slug.replace('-', '_')}"
    async with bench.database.transaction() as connection:
        await upsert_variable(connection, key, "secret", None, NOON)
        await write_base(connection, key, Kept(sealed=SEALER.seal("hunter2", seal_purpose(key, None))), NOON)
    secret = f"{{{{ vars.{key} }}}}"
    try:
        step = fetch_step(
            url=server.url_for("/"),
            headers=[{"key": "x-pass", "value": secret}],
            query_params=[{"key": "q", "value": f"a b {secret}"}],
        )
        run = await bench.run(step, data={"kept": True})
        await steps.fetch(run.ask("fetch_1"))
    finally:
        async with bench.database.connection() as connection:
            await delete_variable(connection, key)

    assert received(server).headers["x-pass"] == "hunter2"
    assert (await bench.data(run) or {})["echo"] == "hunter2"
    (line,) = await bench.log(run, "fetch_succeeded")
    told = line["data"]
    assert "hunter2" not in json.dumps(told)
    assert told["request"]["url"].endswith("?q=a+b+[REDACTED]")
    assert told["request"]["headers"]["x-pass"] == "[REDACTED]"
    assert told["response"]["headers"]["x-served-by"] == "s1"
    assert (told["response"]["status"], told["response"]["body"]) == (200, {"echo": "[REDACTED]", "n": 1})
    assert told["merged_data"] == {"kept": True, "echo": "[REDACTED]", "n": 1}
    assert told["duration_ms"] > 0


@pytest.mark.rule("E-FETCH-4", "E-LIMITS-20")
def test_fifteen_seconds_are_given_for_the_answer_and_more_for_its_row() -> None:
    assert DEADLINE_SECONDS == 15
    assert fetch.timeout.total_seconds() > DEADLINE_SECONDS
