"""The load of chaos against a server that keeps its first caller waiting."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.embedded.ports import LOOPBACK
from tests.faults.chaos.ledger import read
from tests.faults.chaos.load import Plan, run

ACCEPTED = b'{"workflow_run_id": "r1"}'


class KeepsTheFirstWaiting:
    def __init__(self) -> None:
        self.keys: list[bytes] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.keys += [line for line in head.lower().split(b"\r\n") if line.startswith(b"idempotency-key")]
        if len(self.keys) > 1:
            size = b"content-length: %d" % len(ACCEPTED)
            writer.write(b"\r\n".join([b"HTTP/1.1 200 OK", b"connection: close", size, b"", ACCEPTED]))
        else:
            await reader.read()  # Until its caller hangs up.
        writer.close()


@pytest.fixture
async def first_waits() -> AsyncIterator[tuple[str, KeepsTheFirstWaiting]]:
    caller = KeepsTheFirstWaiting()
    async with await asyncio.start_server(caller.take, LOOPBACK, 0) as server:
        yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}", caller


async def test_a_caller_who_hangs_up_comes_again_with_the_same_key_and_blames_nobody(
    first_waits: tuple[str, KeepsTheFirstWaiting], tmp_path: Path
) -> None:
    url, server = first_waits
    ledger = tmp_path / "ledger.jsonl"

    await run(Plan(url, str(ledger), seed=1, rate=1, seconds=1, timeout=2, weights={"mailed": 1}))

    (heard,) = read(ledger).values()
    assert (heard.run_id, heard.other_answers) == ("r1", [])
    assert heard.hung_up == len(server.keys) - 1 >= 1
    assert len(set(server.keys)) == 1
