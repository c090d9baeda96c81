"""Drives the product and the reference alike, and looks for differences (hypothesis' state machine)."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.model.reference import Reference, Run
from tests.model.shapes import LIMITS, MARKS, WINDOWS, Shape, Told, Version
from tests.model.world import World

T = TypeVar("T")
PEOPLE = ("ada", "bob", "eve")
ENDS = {"waiting": 11, "gathering": 12, "settling": 14, "later": 16}
"""How far an operator moves the end of a pause: to a minute at which nothing else happens."""

SHAPES = st.builds(
    Shape,
    window=st.sampled_from(WINDOWS),
    extension_limit=st.sampled_from((None, *LIMITS)),
    items=st.sampled_from((None, None, 2, 3)),
    flushes_leading=st.booleans(),
    follows_latest=st.booleans(),
    is_keyed=st.booleans(),
    is_newest=st.booleans(),
    renders=st.sampled_from((10, 2)),
    says_hello=st.sampled_from((False, False, True)),
    waits=st.booleans(),
    settles=st.booleans(),
    reminds=st.booleans(),
)
KEYS = st.sampled_from((None, "k1", "k2"))
SOME = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=2, unique=True)
NUMBERS = st.integers(0, 11)


@dataclass(frozen=True)
class Ground:
    """The loop that everything runs on, how a world is made there, and whether Temporal can lose a run."""

    loop: asyncio.AbstractEventLoop
    furnish: Callable[[Shape], Awaitable[World]]
    forgets: bool

    def do(self, deed: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(deed, self.loop).result()


class Machine(RuleBasedStateMachine):
    """What may happen to one workflow, in any order; hypothesis calls it from a thread of its own."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self._ground = ground
        self._n = 0

    @initialize(shape=SHAPES)
    def furnish(self, shape: Shape) -> None:
        self.reference = Reference(shape)
        self.world = self._ground.do(self._furnished(shape))

    async def _furnished(self, shape: Shape) -> World:
        world = await self._ground.furnish(shape)
        await world.commit(self.reference.versions[0])
        return world

    def both(self, name: str, *given: Any) -> None:
        """The same deed there and here."""
        getattr(self.reference, name)(*given)
        self._ground.do(getattr(self.world, name)(*given))

    # --- what people do -----------------------------------------------------------------------------

    @rule(recipients=SOME, key=KEYS, topic=st.sampled_from("pq"), waits=st.booleans())
    def trigger(self, recipients: list[str], key: str | None, topic: str, waits: bool) -> None:
        self._n += 1
        told = Told(self._n, tuple(recipients), key, topic, waits and self.reference.shape.waits)
        self.both("trigger", told)

    @rule(recipient=st.sampled_from(PEOPLE[:2]), keys=st.lists(KEYS, min_size=2, max_size=3))
    def trigger_in_a_row(self, recipient: str, keys: list[str | None]) -> None:
        for key in keys:
            self.trigger([recipient], key, "p", waits=False)

    @precondition(lambda self: self.reference.runs)
    @rule(key=st.sampled_from(("k1", "k2")), recipients=st.none() | SOME)
    def cancel(self, key: str, recipients: list[str] | None) -> None:
        self.both("cancel", key, recipients)

    @rule(gathers=st.sampled_from((True, True, False)), follows_latest=st.booleans())
    def commit(self, gathers: bool, follows_latest: bool) -> None:
        number = self.reference.versions[-1].number + 1
        self.both("commit", Version(number, gathers, follows_latest))

    @precondition(lambda self: self.reference.live_members())
    @rule(number=NUMBERS)
    def remove(self, number: int) -> None:
        self.both("remove", _pick(self.reference.live_members(), number))

    @precondition(lambda self: self.reference.pausing())
    @rule(number=NUMBERS, is_now=st.booleans())
    def wish(self, number: int, is_now: bool) -> None:
        run = _pick(self.reference.pausing(), number)
        after = 0 if is_now else ENDS[run.at]
        self.reference.wish(run, self.reference.now + after)
        self._ground.do(self.world.wish(run, after))

    @precondition(lambda self: self._seen_by_nobody())
    @rule(number=NUMBERS)
    def mark(self, number: int) -> None:
        self.both("mark", *_pick(self._seen_by_nobody(), number))

    def _seen_by_nobody(self) -> list[tuple[Run, str]]:
        runs = {run.name: run for run in self.reference.runs}
        sent = [(runs[one.n, one.recipient], one.step) for one in self.reference.messages]
        return [(run, step) for run, step in sent if step in MARKS and run.at == "later"]

    # --- what befalls runs ----------------------------------------------------------------------------

    @rule(minutes=st.sampled_from((10, 30, 60, 130)))
    def pass_time(self, minutes: int) -> None:
        self.reference.pass_time(minutes)
        self._ground.do(self.world.theatre.pass_time(minutes))

    @precondition(lambda self: self.reference.pausing())
    @rule(number=NUMBERS)
    def terminate(self, number: int) -> None:
        self.both("strike", _pick(self.reference.pausing(), number), "dead")

    @precondition(lambda self: self._ground.forgets and self.reference.pausing())
    @rule(number=NUMBERS)
    def lose(self, number: int) -> None:
        self.both("strike", _pick(self.reference.pausing(), number), "lost")

    @precondition(lambda self: any(run.carrier != "alive" for run in self.reference.runs))
    @rule()
    def reconcile(self) -> None:
        self.pass_time(10)
        self.both("reconcile")

    @rule(number=st.integers(0, 200))
    def restart(self, number: int) -> None:
        self._ground.do(self.world.theatre.restart(number))

    # --- what must be true ----------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        for _ in range(12):
            self.pass_time(300)
            self.both("reconcile")
            if not any(run.is_open for run in self.reference.runs):
                break
        self._ground.do(self._compare())

    async def _compare(self) -> None:
        assert await self.world.outcomes() == {run.name: run.outcome for run in self.reference.runs}
        assert Counter(await self.world.messages()) == Counter(self.reference.messages)
        assert await self.world.open_windows() == []
        members = await self.world.members()
        lived = [one for one in members if one["left_at"] is None]
        assert max(Counter(one["recipient_run_id"] for one in lived).values(), default=1) == 1
        for one in lived:
            # In one message, or in the recorded end of whoever was to send it.
            is_sent = one["digests"] == 1
            assert is_sent or one["owner_outcome"] in ("cancelled", "terminated", None), one


def _pick(found: list[T], number: int) -> T:
    return found[number % len(found)]


async def examine(ground: Ground, *, examples: int, steps: int) -> None:
    """The same examples every time; with TOCSIN_MODEL_EXAMPLES so many, other ones each time.

    Fails at the first example that breaks an invariant, and when fewer than wanted were looked at.
    """
    asked = os.environ.get("TOCSIN_MODEL_EXAMPLES")
    wanted, seen = int(asked or examples), 0

    class Grounded(Machine):
        def __init__(self) -> None:
            nonlocal seen
            seen += 1
            super().__init__(ground)

    chosen = settings(
        max_examples=wanted,
        stateful_step_count=steps,
        derandomize=asked is None,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, Grounded, settings=chosen)
    assert seen >= wanted
