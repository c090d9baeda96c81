"""One request and its answer: what comes back, and every way in which nothing does."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from outbound.client import build_client
from outbound.exchange import Exchange, Failure, Request, perform

LOOPBACK = ["127.0.0.0/8"]

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def a_server(script: Script) -> AsyncIterator[str]:
    server = await asyncio.start_server(script, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def exchange(request: Request, *, deadline: float = 5, max_bytes: int = 1000) -> Exchange | Failure:
    async with build_client(LOOPBACK) as client:
        return await perform(client, request, deadline_seconds=deadline, max_bytes=max_bytes)


async def test_an_answer_comes_back_whole(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a", method="POST").respond_with_handler(
        lambda seen: Response(
            json.dumps(
                {"query": seen.query_string.decode(), "body": seen.get_json(), "x": seen.headers["X-A"]}
            ),
            status=201,
            headers={"X-Answer": "yes"},
        )
    )
    answer = await exchange(
        Request(
            "POST",
            httpserver.url_for("/a?one=1"),
            headers={"X-A": "b", "Content-Type": "application/json"},
            query=(("two", "ü &"),),
            body=b'{"k": 1}',
        )
    )
    assert isinstance(answer, Exchange)
    assert answer.status == 201
    assert answer.headers["x-answer"] == "yes"
    assert answer.url.endswith("/a?one=1&two=%C3%BC+%26")
    assert json.loads(answer.body) == {"query": "one=1&two=%C3%BC+%26", "body": {"k": 1}, "x": "b"}
    assert answer.duration_ms > 0


async def test_a_secret_in_a_url_is_in_no_log_of_the_process(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    httpserver.expect_request("/hunter2").respond_with_data("yes")
    caplog.set_level(logging.DEBUG)
    answer = await exchange(Request("GET", httpserver.url_for("/hunter2?key=hunter2")))
    assert isinstance(answer, Exchange)
    told = [(record.name == "werkzeug", record.getMessage()) for record in caplog.records]
    assert "hunter2" in str([text for is_the_servers, text in told if is_the_servers])
    assert "hunter2" not in str([text for is_the_servers, text in told if not is_the_servers])


async def test_a_redirect_is_an_answer(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_data(
        status=302, headers={"Location": httpserver.url_for("/b")}
    )
    answer = await exchange(Request("GET", httpserver.url_for("/a")))
    assert isinstance(answer, Exchange)
    assert answer.status == 302


@pytest.mark.rule("E-FETCH-4")
async def test_a_server_that_drips_meets_the_deadline() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while not reader.at_eof():
            writer.write(b"x")
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.02)
        writer.close()

    async with a_server(drip) as url:
        started = time.monotonic()
        answer = await exchange(Request("GET", url), deadline=0.3)
    assert isinstance(answer, Failure)
    assert (answer.kind, answer.detail) == ("timeout", "no complete answer within 0.3 s")
    assert 0.3 <= time.monotonic() - started < 20


@pytest.mark.rule("E-FETCH-4")
async def test_a_server_that_says_nothing_meets_the_deadline() -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with a_server(listen) as url:
        answer = await exchange(Request("GET", url), deadline=0.2)
    assert isinstance(answer, Failure)
    assert answer.kind == "timeout"


@pytest.mark.parametrize(("size", "kind"), [(1000, None), (1001, "too_large")])
async def test_an_answer_beyond_the_size_is_not_read_on(
    httpserver: HTTPServer, size: int, kind: str | None
) -> None:
    httpserver.expect_request("/a").respond_with_data(b"x" * size)
    answer = await exchange(Request("GET", httpserver.url_for("/a")))
    assert (answer.kind if isinstance(answer, Failure) else None) == kind


async def test_no_compressed_answer_is_asked_for(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_handler(
        lambda seen: Response(seen.headers["Accept-Encoding"])
    )
    answer = await exchange(Request("GET", httpserver.url_for("/a")))
    assert isinstance(answer, Exchange)
    assert answer.body == b"identity"


async def test_a_broken_connection_is_a_failed_one() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with a_server(hang_up) as url:
        answer = await exchange(Request("GET", url))
    assert isinstance(answer, Failure)
    assert answer.kind == "connect"


async def test_an_answer_that_is_no_http_is_a_failed_connection() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 smtp.example ready\r\n\r\n")
        writer.close()

    async with a_server(babble) as url:
        answer = await exchange(Request("GET", url))
    assert isinstance(answer, Failure)
    assert answer.kind == "connect"


async def test_a_port_where_nobody_listens_is_a_failed_connection() -> None:
    answer = await exchange(Request("GET", "http://127.0.0.1:1/"))
    assert isinstance(answer, Failure)
    assert answer.kind == "connect"
    assert answer.detail


async def test_a_blocked_address_is_named_as_one() -> None:
    answer = await exchange(Request("GET", "http://169.254.169.254/latest/meta-data/"))
    assert isinstance(answer, Failure)
    assert answer.kind == "blocked"
    assert "169.254.169.254" in answer.detail


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/a",
        "ftp://example.com/",
        "http://",
        "http:///a",
        "file:///etc/passwd",
        "http://a:b/",
        "http://[::1/",
    ],
)
async def test_a_url_that_is_none_is_invalid(url: str) -> None:
    answer = await exchange(Request("GET", url))
    assert isinstance(answer, Failure)
    assert answer.kind == "invalid_url"
    assert answer.detail


@pytest.mark.parametrize("headers", [{"X-A": "a\r\nX-B: c"}, {"X A": "b"}, {"X-A": "\ud800"}, {"": "b"}])
async def test_a_header_that_cannot_be_sent_is_an_invalid_request(
    httpserver: HTTPServer, headers: dict[str, str]
) -> None:
    answer = await exchange(Request("GET", httpserver.url_for("/"), headers=headers))
    assert isinstance(answer, Failure)
    assert answer.kind == "invalid_request"
    assert not httpserver.log
