"""The load of chaos against servers that do not answer their first caller."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cli.embedded.ports import LOOPBACK
from tests.faults.chaos.ledger import read
from tests.faults.chaos.load import Plan, run

ACCEPTED = b'{"workflow_run_id": "r1"}'


class LeavesTheFirst:
    """Its first caller waits, or is hung up on."""

    def __init__(self, waits: bool) -> None:
        self.waits = waits
        self.keys: list[bytes] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.keys += [line for line in head.lower().split(b"\r\n") if line.startswith(b"idempotency-key")]
        if len(self.keys) > 1:
            size = b"content-length: %d" % len(ACCEPTED)
            writer.write(b"\r\n".join([b"HTTP/1.1 200 OK", b"connection: close", size, b"", ACCEPTED]))
        elif self.waits:
            await reader.read()  # Until its caller hangs up.
        writer.close()


@asynccontextmanager
async def serving(*, waits: bool) -> AsyncIterator[tuple[str, LeavesTheFirst]]:
    caller = LeavesTheFirst(waits)
    async with await asyncio.start_server(caller.take, LOOPBACK, 0) as server:
        yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}", caller


async def test_a_caller_who_hangs_up_comes_again_with_the_same_key_and_blames_nobody(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"

    async with serving(waits=True) as (url, server):
        await run(Plan(url, str(ledger), seed=1, rate=1, seconds=1, timeout=2, weights={"mailed": 1}))

    (heard,) = read(ledger).values()
    assert (heard.run_id, heard.other_answers) == ("r1", [])
    assert heard.hung_up == len(server.keys) - 1 >= 1
    assert len(set(server.keys)) == 1


async def test_a_connection_that_breaks_is_no_answer_and_its_caller_comes_again(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"

    async with serving(waits=False) as (url, server):
        await run(Plan(url, str(ledger), seed=1, rate=1, seconds=1, weights={"mailed": 1}))

    (heard,) = read(ledger).values()
    assert heard.run_id == "r1"
    assert [(one["status"], one["retry_after"]) for one in heard.other_answers] == [(0, None)]
    assert len(server.keys) == 2
    assert len(set(server.keys)) == 1
