import pytest
from starlette.types import Receive, Scope, Send
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
