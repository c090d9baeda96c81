"""Whose work is seen, and whose takes turns for others' sake."""

import asyncio
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from dispatch.room import Room
from worker.courtesy import WHOSE, Courtesy


class Work(ActivityInboundInterceptor):
    """What is done at last, and how much of it at the same moment."""

    def __init__(self) -> None:
        self.at_once = self.most = self.done = 0

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        self.done += 1


async def most_of(courtesy: Courtesy, whose: str | None = "crowd") -> int:
    """How many of five activities were performed at the same moment."""
    work, environment = Work(), ActivityEnvironment()
    inbound = courtesy.intercept_activity(work)
    headers = {} if whose is None else {WHOSE: Payload(data=whose.encode())}
    asked = ExecuteActivityInput(fn=lambda: None, args=(), executor=None, headers=headers)

    async def performed() -> None:
        await inbound.execute_activity(asked)

    await asyncio.gather(*(environment.run(performed) for _ in range(5)))
    assert work.done == 5
    return work.most


async def test_what_single_runs_do_is_seen_and_not_held_up() -> None:
    room = Room()
    assert await most_of(Courtesy(room, yields=False), "other") == 5
    assert room.is_wanted_by_others("crowd")


async def test_beside_others_what_crowds_runs_do_takes_turns() -> None:
    room = Room(clock=lambda: 100.0)
    room.saw("other")
    assert await most_of(Courtesy(room, yields=True)) == 1
    assert await most_of(Courtesy(room, yields=False), "single") == 5


async def test_alone_crowds_hold_nothing_back_and_are_not_seen() -> None:
    room = Room()
    assert await most_of(Courtesy(room, yields=True)) == 5
    assert not room.is_wanted_by_others("anybody")


async def test_runs_that_do_not_say_whose_they_are_are_nobody_s_others() -> None:
    room = Room(clock=lambda: 100.0)
    assert await most_of(Courtesy(room, yields=False), None) == 5
    assert not room.is_wanted_by_others("crowd")
    room.saw("other")
    assert await most_of(Courtesy(room, yields=True), None) == 5
