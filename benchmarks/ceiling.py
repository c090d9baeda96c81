"""What bare Temporal costs here: empty, with one local activity, with one local and one normal one."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psutil
from temporalio.client import Client

from benchmarks import bare
from benchmarks.figures import Size, spread
from benchmarks.instance import Instance, seconds_of

PLANS = {
    "empty": bare.EMPTY,
    "one_local_activity": bare.ONE_LOCAL,
    "one_local_one_normal_activity": bare.LOCAL_AND_NORMAL,
}
AT_ONCE = 20


@dataclass(frozen=True)
class Paid:
    """CPU milliseconds a run by process, and runs per second."""

    ms: dict[str, float]
    rate: float

    @property
    def ms_in_all(self) -> float:
        return sum(self.ms.values())


@dataclass(frozen=True)
class Ceiling:
    """Drives bare workflows on an instance's Temporal, and counts what they take."""

    client: Client
    parts: dict[str, psutil.Process]

    async def paid(self, count: int, label: str, plans: Sequence[bare.Plan]) -> Paid:
        """Until so many runs are completed that follow these plans in turn."""
        before = self.spent()
        seconds = await bare.drive(self.client, count, AT_ONCE, label, plans)
        after = self.spent()
        return Paid({name: (after[name] - before[name]) * 1000 / count for name in after}, count / seconds)

    def spent(self) -> dict[str, float]:
        """CPU seconds of each process so far."""
        return {name: seconds_of(part) for name, part in self.parts.items()}


@asynccontextmanager
async def ceiling_of(instance: Instance) -> AsyncIterator[Ceiling]:
    """With a worker of its own; Temporal's, the worker's and the driver's CPU count."""
    client = await Client.connect(instance.temporal_address)
    (temporal,) = instance.processes()["temporal"]
    with bare.bare_worker(instance.temporal_address) as worker:
        yield Ceiling(client, {"temporal": temporal, "worker": worker, "driver": psutil.Process()})


async def measure(instance: Instance, size: Size) -> dict[str, Any]:
    """Rounds of the three, one after the other, after one to warm up."""
    seen: dict[str, list[Paid]] = {name: [] for name in PLANS}
    async with ceiling_of(instance) as ceiling:
        for number in range(-1, size.rounds):
            for name, plan in PLANS.items():
                seen[name].append(await ceiling.paid(size.runs, f"ceiling-{name}-{number}", [plan]))
    return {
        name: {
            "cpu_ms_per_run": spread([one.ms_in_all for one in paid[1:]]),
            "runs_per_s": spread([one.rate for one in paid[1:]]),
        }
        for name, paid in seen.items()
    }
