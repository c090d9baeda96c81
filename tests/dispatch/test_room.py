"""What a crowd leaves to others."""

import asyncio

import pytest

from dispatch.room import LONGEST_TURN_SECONDS, WANTED_SECONDS, Room


class Hands:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def most_at_once(left: Room, pieces: int = 5) -> int:
    at_work = most = 0

    async def piece() -> None:
        nonlocal at_work, most
        async with left.turn("crowd"):
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(0)
            at_work -= 1

    await asyncio.gather(*(piece() for _ in range(pieces)))
    return most


async def test_while_nobody_else_is_there_a_crowd_works_as_it_likes() -> None:
    assert await most_at_once(Room()) == 5


async def test_while_others_are_at_work_a_crowd_does_one_thing_at_a_time() -> None:
    left = Room(clock=Hands())
    left.saw("other")
    assert await most_at_once(left) == 1


async def test_room_is_wanted_only_for_a_while_after_others_were_seen() -> None:
    clock = Hands()
    left = Room(clock=clock)
    assert not left.is_wanted_by_others("crowd")
    left.saw("other")
    assert left.is_wanted_by_others("crowd")
    clock.now += WANTED_SECONDS
    assert not left.is_wanted_by_others("crowd")


async def test_a_crowd_is_not_held_back_by_what_it_asked_for_before_it_was_one() -> None:
    left = Room(clock=Hands())
    left.saw("crowd")
    assert await most_at_once(left) == 5
    left.saw("other")
    left.saw("crowd")
    assert await most_at_once(left) == 1


async def test_who_was_seen_long_ago_is_forgotten() -> None:
    clock = Hands()
    left = Room(clock=clock)
    for number in range(100):
        left.saw(number)
    clock.now += WANTED_SECONDS
    left.saw("other")
    assert len(left._seen) == 1


async def test_without_rests_no_room_is_left() -> None:
    left = Room(rest_times=0)
    left.saw("other")
    assert not left.is_wanted_by_others("crowd")
    assert await most_at_once(left) == 5


async def test_a_rest_is_as_long_as_the_work_asks_for_but_not_for_ever() -> None:
    left = Room(rest_times=2)
    assert left.rest_after(0.01) == 0.02
    assert left.rest_after(0.04) == pytest.approx(LONGEST_TURN_SECONDS - 0.04)
    assert left.rest_after(8) == 0


async def test_after_its_work_a_crowd_rests_before_the_next() -> None:
    clock = Hands()
    left, loop = Room(clock=clock), asyncio.get_running_loop()
    left.saw("other")
    async with left.turn("crowd"):
        clock.now += 0.01
    ended = loop.time()
    async with left.turn("crowd"):
        began = loop.time()
    assert began - ended >= 0.02


async def test_one_who_waits_for_a_lock_does_not_stop_a_crowd() -> None:
    left = Room(patience_seconds=0.05, clock=Hands())
    left.saw("other")
    async with left.turn("crowd"), left.turn("crowd"):
        pass
    assert await most_at_once(left) == 1


async def test_a_turn_that_is_given_up_while_resting_is_the_next_one_s() -> None:
    clock = Hands()
    left = Room(clock=clock)
    left.saw("other")
    async with left.turn("crowd"):
        clock.now += 0.04
    impatient = asyncio.create_task(most_at_once(left, pieces=1))
    for _ in range(3):
        await asyncio.sleep(0)
    assert left._at_work.locked()
    impatient.cancel()
    await asyncio.wait([impatient])
    assert impatient.cancelled()
    assert await most_at_once(left) == 1
