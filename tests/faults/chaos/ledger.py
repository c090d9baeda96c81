"""The load's own ledger: what was asked, and every answer heard, as JSON lines on the disk.

It shares nothing with what it is compared with: it is written by the load's process from what came over HTTP.
"""

import asyncio
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GROUP_SECONDS = 0.1
"""How long lines wait to be synced together."""


class Ledger:
    """Appends lines; they are on the disk a tenth of a second later."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a")
        self._syncing: asyncio.Task[None] | None = None

    def write(self, say: str, **more: Any) -> None:
        """`at` is the clock of this machine, seconds since 1970."""
        self._file.write(json.dumps({"say": say, "at": time.time(), **more}) + "\n")
        if self._syncing is None or self._syncing.done():
            self._syncing = asyncio.create_task(self._sync())

    async def close(self) -> None:
        if self._syncing is not None:
            await self._syncing
        await self._sync()
        self._file.close()

    async def _sync(self) -> None:
        await asyncio.sleep(GROUP_SECONDS)
        self._file.flush()
        await asyncio.to_thread(os.fsync, self._file.fileno())


@dataclass
class Heard:
    """One trigger as its caller knows it. `run_id` is that of its 2xx answer; None: there was none."""

    n: int
    kind: str
    people: list[str]
    runs: int
    asked_at: float
    answered_at: float | None = None
    run_id: str | None = None
    stopped_at: float | None = None
    """When the 2xx of its cancel was heard."""
    other_answers: list[dict[str, Any]] = field(default_factory=list)
    """Status, `Retry-After` and moment of answers other than 2xx; status 0 where none came."""
    hung_up: int = 0
    """How often its caller went away before an answer, as it was told to."""


def read(file: Path) -> dict[int, Heard]:
    """The whole ledger, by number."""
    heard: dict[int, Heard] = {}
    for text in file.read_text().splitlines():
        _take(heard, json.loads(text))
    return heard


def _take(heard: dict[int, Heard], line: dict[str, Any]) -> None:
    n = line["n"]
    if line["say"] == "ask":
        heard[n] = Heard(n, line["kind"], line["people"], line["runs"], asked_at=line["at"])
    elif line["say"] == "stopped":
        heard[n].stopped_at = line["at"]
    elif line["say"] == "accepted":
        heard[n].run_id, heard[n].answered_at = line["run"], line["at"]
    elif line["say"] == "hung_up":
        heard[n].hung_up += 1
    elif line["say"] == "answer":
        heard[n].other_answers.append(line)
