import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from api.middleware.fault_barrier import FaultBarrier
from api.middleware.request_ids import RequestIds
from tests.api.conftest import Client, client_of


async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    """An app with a mistake, which holds what its caller sent."""
    given = "sk_live_of_the_caller"
    raise KeyError(f"a mistake of ours, at {len(given)}")


async def test_our_own_fault_is_logged_with_its_trace_but_without_what_the_caller_sent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with client_of(RequestIds(FaultBarrier(failing)), None) as client:
        told = await client.refused("GET", "/x")

    printed = capsys.readouterr().out
    assert (told["status"], told["code"]) == (500, "internal_error")
    assert "test_fault_barrier.py" in printed
    assert "a mistake of ours, at 21" in printed
    assert "sk_live_of" not in printed.replace('given = "sk_live_of_the_caller"', "")


async def test_what_is_refused_is_logged_in_one_line(client: Client) -> None:
    with capture_logs() as lines:
        await client.refused("PUT", "/v1/users/ada", content=b'{"a": "\\u0000"}')

    assert [(line["event"], line["code"]) for line in lines] == [("request_refused", "invalid_params")]


async def test_a_call_that_the_server_has_no_time_left_for_is_told_to_come_again() -> None:
    told: list[Message] = []
    has_begun = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        has_begun.set()
        await asyncio.Event().wait()

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        told.append(message)

    scope = {"type": "http", "method": "POST", "path": "/x", "headers": [], "state": {}}
    call = asyncio.ensure_future(FaultBarrier(endless)(scope, receive, send))
    await has_begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert told[0]["status"] == 503
    assert (b"retry-after", b"1") in told[0]["headers"]
    assert b"send it again" in told[1]["body"]
