"""Recovery: everything but Postgres is frozen while pauses end, and then goes on."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from benchmarks.figures import Size, percentiles
from benchmarks.instance import Instance, in_app_step
from benchmarks.open_loop import readable
from benchmarks.sleepers import DUE_PER_SECOND, SLEEP, put_to_sleep, sleeping

SECONDS, LONG_SECONDS = 30, 600
FIRST = 100
"""Put to sleep to learn how fast this machine does it; due long after."""
PATIENCE_SECONDS = 600
FROZEN = ("api", "worker", "temporal")


async def measure(instance: Instance, size: Size) -> dict[str, Any]:
    """Seconds from the end of the outage to the items of the pauses that ended in it.

    `due_meanwhile` pauses are due while it lasts, ten each second. `late_ms` is how long after its end each
    of them had its item, `first_item_s` and `last_item_s` the first of them and the last; `lost` had none
    in as much time as the outage and ten minutes. Where all are lost, there are no times.
    """
    seconds = LONG_SECONDS if size.is_long else SECONDS
    for key in ("before", "outage"):
        instance.publish(key, SLEEP, in_app_step())
    started = time.time()
    await put_to_sleep(instance, "before", "before", [started + 6 * 3600] * FIRST)
    pace = FIRST / (time.time() - started)
    due, in_time = await sleeping(instance, "outage", seconds * DUE_PER_SECOND, DUE_PER_SECOND, pace)
    await asyncio.sleep(max(min(due.due.values()) - time.time(), 0))
    gone_at = time.time()
    with _frozen(instance):
        await asyncio.sleep(seconds)
    back_at = time.time()
    items: dict[str, float] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds + PATIENCE_SECONDS):
            await readable(instance, "outage", "outage", due, items)
    # The last of them was due before the others were back.
    after = [at - back_at for at in items.values() if at > back_at]
    told = {
        "outage_s": round(back_at - gone_at, 1),
        "asleep_in_time": in_time,
        "due_meanwhile": sum(gone_at < at <= back_at for at in due.due.values()),
        "lost": len(due.due) - len(items),
    }
    if not after:
        return told
    return told | {
        "first_item_s": round(min(after), 2),
        "last_item_s": round(max(after), 2),
        "late_ms": percentiles([1000 * each for each in after]),
        "drained_per_s": round(len(after) / max(after), 1),
    }


@contextmanager
def _frozen(instance: Instance) -> Iterator[None]:
    stopped = [each for role in FROZEN for each in instance.processes()[role]]
    for process in stopped:
        process.suspend()
    try:
        yield
    finally:
        for process in stopped:
            process.resume()
