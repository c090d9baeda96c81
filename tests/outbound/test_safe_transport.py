"""The transport checks every address before it connects to one."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from outbound.client import build_client
from outbound.safe_transport import BlockedAddress


class Listener:
    """A server on loopback that counts its connections and answers each with an empty 204."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def listener() -> AsyncIterator[Listener]:
    listening = Listener()
    server = await asyncio.start_server(listening.serve, "127.0.0.1", 0)
    listening.port = server.sockets[0].getsockname()[1]
    async with server:
        yield listening


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "127。0。0。1",
    ],
)
async def test_a_blocked_address_is_not_connected_to_in_any_spelling(listener: Listener, host: str) -> None:
    async with build_client() as client:
        with pytest.raises((BlockedAddress, httpx.ConnectError, httpx.InvalidURL)) as refused:
            await client.get(f"http://{host}:{listener.port}/")
    assert listener.connections == 0
    if isinstance(refused.value, httpx.ConnectError):
        assert "could not be resolved" in str(refused.value)


async def test_a_closed_port_looks_like_an_open_one(listener: Listener) -> None:
    told = []
    async with build_client() as client:
        for port in (listener.port, 1):
            with pytest.raises(BlockedAddress) as refused:
                await client.get(f"http://127.0.0.1:{port}/")
            told.append(str(refused.value))
    assert told[0] == told[1]


async def test_an_allowed_network_is_reached(listener: Listener) -> None:
    async with build_client(["127.0.0.0/8"]) as client:
        answer = await client.get(f"http://127.0.0.1:{listener.port}/")
    assert answer.status_code == 204
    assert listener.connections == 1


async def test_the_environment_names_no_proxy() -> None:
    async with build_client() as client:
        assert client.trust_env is False
        assert client.follow_redirects is False


async def test_a_host_without_an_address_is_a_failed_connection() -> None:
    async with build_client() as client:
        with pytest.raises(httpx.ConnectError, match="could not be resolved"):
            await client.get("http://nowhere.invalid/")
