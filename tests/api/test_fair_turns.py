import asyncio
from collections.abc import Hashable

import pytest

from api import fair_turns
from api.errors import Unavailable
from api.fair_turns import FairTurns
from dispatch.errors import Backlogged


async def work(turns: FairTurns, key: Hashable, done: list[Hashable], gate: asyncio.Event) -> None:
    async with turns.turn(key):
        await gate.wait()
        done.append(key)


async def test_a_single_call_waits_for_one_turn_and_not_for_anothers_burst() -> None:
    turns, gate = FairTurns(1), asyncio.Event()
    done: list[Hashable] = []
    async with asyncio.TaskGroup() as group:
        for key in ["flood"] * 50 + ["single"]:
            group.create_task(work(turns, key, done, gate))
        await asyncio.sleep(0)
        gate.set()

    assert done.index("single") <= 2
    assert len(done) == 51


async def test_never_more_are_at_work_than_allowed() -> None:
    turns = FairTurns(3)
    at_work = most = 0

    async def one(key: int) -> None:
        nonlocal at_work, most
        async with turns.turn(key % 4):
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(0)
            at_work -= 1

    await asyncio.gather(*(one(key) for key in range(40)))
    assert (most, at_work) == (3, 0)


async def test_a_caller_that_goes_away_while_waiting_holds_nobody_up() -> None:
    turns, gate = FairTurns(1), asyncio.Event()
    done: list[Hashable] = []
    first = asyncio.create_task(work(turns, "a", done, gate))
    await asyncio.sleep(0)
    gone = asyncio.create_task(work(turns, "b", done, gate))
    last = asyncio.create_task(work(turns, "c", done, gate))
    await asyncio.sleep(0)
    gone.cancel()
    gate.set()
    await asyncio.gather(first, last)

    assert done == ["a", "c"]
    async with turns.turn("d"):
        done.append("d")
    assert done[-1] == "d"


async def test_a_tenant_with_too_many_waiting_calls_is_told_to_come_again() -> None:
    turns, gate = FairTurns(1), asyncio.Event()
    done: list[Hashable] = []
    tasks = [
        asyncio.create_task(work(turns, "flood", done, gate)) for _ in range(fair_turns.MOST_WAITING + 1)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        async with turns.turn("flood"):
            raise AssertionError("it had a turn")
    gate.set()
    await asyncio.gather(*tasks)


async def test_a_caller_who_hangs_up_while_waiting_loses_the_place() -> None:
    turns, gate, hung_up = FairTurns(1), asyncio.Event(), asyncio.Event()
    done: list[Hashable] = []

    async def leaving() -> None:
        await hung_up.wait()

    async def impatient() -> None:
        async with turns.turn("a", leaving):
            done.append("impatient")

    first = asyncio.create_task(work(turns, "a", done, gate))
    await asyncio.sleep(0)
    gone = asyncio.create_task(impatient())
    last = asyncio.create_task(work(turns, "a", done, gate))
    await asyncio.sleep(0)
    hung_up.set()
    with pytest.raises(Unavailable, match="has left"):
        await gone
    gate.set()
    await asyncio.gather(first, last)

    assert done == ["a", "a"]
    async with turns.turn("a", leaving):
        done.append("again")


async def test_a_caller_who_stays_is_served_though_others_are_watched() -> None:
    turns, gate = FairTurns(1), asyncio.Event()
    done: list[Hashable] = []

    async def staying() -> None:
        await asyncio.Event().wait()

    async def patient(key: Hashable) -> None:
        async with turns.turn(key, staying):
            done.append(key)

    first = asyncio.create_task(work(turns, "a", done, gate))
    await asyncio.sleep(0)
    others = [asyncio.create_task(patient(key)) for key in ("b", "c", "b")]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *others)

    assert sorted(map(str, done)) == ["a", "b", "b", "c"]


async def test_a_key_that_is_held_gets_no_turn_until_it_is_over_and_others_do() -> None:
    turns, gate = FairTurns(2), asyncio.Event()
    gate.set()
    done: list[Hashable] = []
    turns.hold("late", 0.05, lambda: Backlogged(24))
    held = [asyncio.create_task(work(turns, "late", done, gate)) for _ in range(3)]
    await asyncio.sleep(0)
    await work(turns, "other", done, gate)
    assert done == ["other"]

    await asyncio.gather(*held)
    assert done == ["other", "late", "late", "late"]


async def test_who_gives_up_while_its_key_is_held_hears_why_and_leaves_no_place_behind() -> None:
    turns, clock = FairTurns(1), asyncio.get_running_loop().time
    held_until = clock() + 0.5
    turns.hold("late", 0.01, lambda: Backlogged(99))
    turns.hold("late", 0.5, lambda: Backlogged(24))
    with pytest.raises(Backlogged) as refused:
        async with turns.turn("late", again_until=clock()):
            raise AssertionError("it had a turn")
    assert refused.value.retry_after_seconds == 12

    async with turns.turn("late"):
        assert clock() >= held_until


async def test_why_a_key_was_held_is_told_until_a_later_call_of_it_has_used_its_turn() -> None:
    turns, clock = FairTurns(1), asyncio.get_running_loop().time

    async def give_up_after(seconds: float) -> None:
        async with turns.turn("other"), turns.turn("late", again_until=clock() + seconds):
            raise AssertionError("it had a turn")

    turns.hold("late", 0.01, lambda: Backlogged(24))
    with pytest.raises(Backlogged):
        await give_up_after(0.1)
    async with turns.turn("late"):
        pass
    with pytest.raises(Unavailable):
        await give_up_after(0)


async def test_a_call_that_comes_again_keeps_its_place_however_many_wait() -> None:
    turns, gate = FairTurns(1), asyncio.Event()
    done: list[Hashable] = []
    waiting = [
        asyncio.create_task(work(turns, "flood", done, gate)) for _ in range(fair_turns.MOST_WAITING + 1)
    ]
    await asyncio.sleep(0)

    async def again() -> None:
        async with turns.turn("flood", again_until=asyncio.get_running_loop().time() + 60):
            done.append("again")

    looked = asyncio.create_task(again())
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(looked, *waiting)

    assert done[:2] == ["flood", "again"]


async def test_who_could_not_use_its_turn_is_the_next_of_its_key() -> None:
    turns, gate = FairTurns(1), asyncio.Event()
    done: list[Hashable] = []

    async def again(until: float) -> None:
        async with turns.turn("a", again_until=until):
            done.append("again")

    first = asyncio.create_task(work(turns, "a", done, gate))
    await asyncio.sleep(0)
    second = asyncio.create_task(work(turns, "a", done, gate))
    await asyncio.sleep(0)
    third = asyncio.create_task(again(asyncio.get_running_loop().time() + 60))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, second, third)

    assert done == ["a", "again", "a"]


async def test_who_yields_has_one_turn_at_a_time_and_others_have_the_rest() -> None:
    turns, gate = FairTurns(3, yields=lambda key: key == "crowd"), asyncio.Event()
    done: list[Hashable] = []
    crowd = [asyncio.create_task(work(turns, "crowd", done, gate)) for _ in range(3)]
    await asyncio.sleep(0)
    assert turns.has_waiting("crowd")
    others = [asyncio.create_task(work(turns, "others", done, gate)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not turns.has_waiting("others")
    gate.set()
    await asyncio.gather(*crowd, *others)

    assert done[:3] == ["crowd", "others", "others"]
    assert done[3:] == ["crowd", "crowd"]


@pytest.mark.parametrize("yields_before", [False, True])
async def test_who_does_not_yield_when_its_turn_ends_rests_from_nothing(yields_before: bool) -> None:
    crowds, gate = {"one"} if yields_before else set[Hashable](), asyncio.Event()
    turns = FairTurns(1, 0.05, yields=lambda key: key in crowds, rest_after=lambda took: 0.5)
    done: list[Hashable] = []
    first = asyncio.create_task(work(turns, "one", done, gate))
    await asyncio.sleep(0)
    crowds.clear()
    gate.set()
    await first
    await work(turns, "one", done, gate)

    assert done == ["one", "one"]


async def test_who_yields_rests_after_its_turn_and_gives_up_without_another_reason() -> None:
    turns, gate = (
        FairTurns(1, patience_seconds=0.05, yields=lambda key: True, rest_after=lambda took: 0.5),
        asyncio.Event(),
    )
    gate.set()
    done: list[Hashable] = []
    await work(turns, "crowd", done, gate)
    with pytest.raises(Unavailable, match="took too long"):
        await work(turns, "crowd", done, gate)

    assert done == ["crowd"]
