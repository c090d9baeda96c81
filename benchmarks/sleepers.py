"""Many sleepers: how late they wake, how fast a herd drains, and what another trigger notices of it."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from temporalio.client import Client

from benchmarks import bare
from benchmarks.bare import LOCAL, PAUSE, UNTIL, Plan
from benchmarks.ceiling import AT_ONCE, ceiling_of
from benchmarks.figures import Size, percentiles, reached
from benchmarks.histories import newest, plan_of
from benchmarks.instance import Instance, in_app_step
from benchmarks.open_loop import Sent, readable, send
from benchmarks.runs import COUNTED
from benchmarks.stages import histories_of, seconds_at, stages, stages_of, summed
from benchmarks.waiting import until

OPEN, LONG_OPEN = 1_000, 50_000
DUE_PER_SECOND = 10
DUE_SECONDS, LONG_DUE_SECONDS = 30, 300
HERD, LONG_HERD = 1_000, 10_000
HERD_PER_SECOND = 10_000 / 60
"""A herd of ten thousand within the minute after nine o'clock; a smaller one is as dense."""
FOREGROUND_PER_SECOND = 4
ALONE_SECONDS = 30
"""For more than a hundred, so that p99 is another than the highest."""
IN_A_TRIGGER = 500
LEAD_SECONDS = 10

ASLEEP = "SELECT count(*) FROM recipient_runs WHERE workflow_key = %s AND status = 'paused'"
SLEEP: dict[str, object] = {
    "type": "delay",
    "ref": "delay_1",
    "settings": {"delay_until_field_path": "recipient.due"},
}


async def measure(instance: Instance, size: Size) -> dict[str, Any]:
    """Milliseconds from the due moment until the feed row behind the pause is readable.

    A machine that opens few runs a second has a smaller crowd with a smaller `size.runs`.
    """
    crowd = LONG_OPEN if size.is_long else min(OPEN, size.runs * 10)
    for key in ("sleepers", "waking", "herd"):
        instance.publish(key, SLEEP, in_app_step())
    instance.publish("foreground", in_app_step())
    started = time.time()
    far = [started + 6 * 3600 + number for number in range(crowd)]
    await put_to_sleep(instance, "sleepers", "sleeper", far)
    pace = crowd / (time.time() - started)
    return {
        "open": crowd,
        "opened_per_s": round(pace, 1),
        "spread": await _spread(instance, pace, size),
        "herd": await _herd(instance, pace, size),
    }


async def _spread(instance: Instance, pace: float, size: Size) -> dict[str, Any]:
    """Some of them due, a few each second."""
    seconds = LONG_DUE_SECONDS if size.is_long else DUE_SECONDS
    due, in_time = await sleeping(instance, "waking", seconds * DUE_PER_SECOND, DUE_PER_SECOND, pace)
    items = await _awake(instance, "waking", due)
    return {
        "asleep_in_time": in_time,
        "late_ms": percentiles(due.late_ms(items)),
        "stages_ms": await stages(instance, "waking", due, items),
    }


async def _herd(instance: Instance, pace: float, size: Size) -> dict[str, Any]:
    """More a second than can be done, with single triggers beside; then as many bare workflows."""
    count = LONG_HERD if size.is_long else min(HERD, size.runs * 10)
    alone = await send(instance, "foreground", "alone", FOREGROUND_PER_SECOND, ALONE_SECONDS)
    told_alone = await _foreground(instance, "alone", alone)
    due, in_time = await sleeping(instance, "herd", count, HERD_PER_SECOND, pace)
    first = min(due.due.values())
    await asyncio.sleep(max(first - time.time(), 0))
    before, drained = instance.cpu_seconds(), asyncio.Event()
    beside = asyncio.create_task(
        send(instance, "foreground", "beside", FOREGROUND_PER_SECOND, 3600, stop=drained)
    )
    items = await _awake(instance, "herd", due)
    spent, last = instance.cpu_seconds(), max(items.values())
    drained.set()
    # What is due after the herd's last item runs beside nothing.
    told_beside = await _foreground(instance, "beside", (await beside).until(last))
    return {
        "herd": count,
        "asleep_in_time": in_time,
        "late_ms": percentiles(due.late_ms(items)),
        "stages_ms": await stages(instance, "herd", due, items),
        "cpu_s": {role: round(spent[role] - before[role], 1) for role in COUNTED},
        **_beside_each_other(told_alone, told_beside),
        **await _beside_bare(instance, count, count / (last - first)),
    }


async def _foreground(instance: Instance, label: str, sent: Sent) -> tuple[dict[str, float], dict[str, Any]]:
    """How long after it was due each single trigger had its item, and in which stages."""
    items = await readable(instance, "foreground", label, sent)
    return percentiles(sent.late_ms(items)), await stages(instance, "foreground", sent, items)


def _beside_each_other(
    alone: tuple[dict[str, float], dict[str, Any]], beside: tuple[dict[str, float], dict[str, Any]]
) -> dict[str, Any]:
    return {
        "foreground_alone_ms": alone[0],
        "foreground_beside_ms": beside[0],
        "foreground_p99_ratio": round(reached(beside[0], "p99")[1] / reached(alone[0], "p99")[1], 2),
        "foreground_alone_stages_ms": alone[1],
        "foreground_beside_stages_ms": beside[1],
    }


async def sleeping(
    instance: Instance, key: str, count: int, per_second: float, pace: float
) -> tuple[Sent, bool]:
    """Runs that are due one after the other; and whether all slept before the first was.

    `pace` is how many a second this machine puts to sleep; who is first has half as much time again.
    """
    first = time.time() + LEAD_SECONDS + 1.5 * count / pace
    due = [first + number / per_second for number in range(count)]
    await put_to_sleep(instance, key, key, due)
    moments = {f"{key}-{number}": moment for number, moment in enumerate(due)}
    return Sent(due=moments, answered=dict(moments)), time.time() < first


async def put_to_sleep(instance: Instance, key: str, label: str, due: Sequence[float]) -> None:
    """A run of workflow `key` for each moment, in seconds since 1970, all of them asleep before the first."""
    people = [{"id": f"{label}-{number}", "due": _told(moment)} for number, moment in enumerate(due)]
    async with httpx.AsyncClient(headers=instance.headers, timeout=120) as http:
        for first in range(0, len(people), IN_A_TRIGGER):
            body = {"recipients": people[first : first + IN_A_TRIGGER], "data": {"number": 1}}
            (await http.post(f"{instance.url}/v1/workflows/{key}/trigger", json=body)).raise_for_status()

    async def are_asleep() -> bool:
        ((asleep,),) = await asyncio.to_thread(instance.rows, ASLEEP, key)
        # Where opening takes longer than the lead, some have been due already.
        return bool(asleep >= len(people)) or time.time() > due[0]

    await until(are_asleep, pause_seconds=1)


def _told(moment: float) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=moment)).isoformat()


async def _awake(instance: Instance, key: str, due: Sent) -> dict[str, float]:
    await asyncio.sleep(max(max(due.due.values()) - time.time(), 0))
    return await readable(instance, key, key, due)


async def _beside_bare(instance: Instance, count: int, ours: float) -> dict[str, Any]:
    """Runs a second of the herd's, and of bare workflows with its activities and pauses."""
    client = await Client.connect(instance.temporal_address)
    ((_, history),) = await newest(client, "herd", 1)
    plan = plan_of(history)
    async with ceiling_of(instance) as ceiling:
        await bare.drive(client, AT_ONCE, AT_ONCE, "herd-warm", [(LOCAL,)])
        first = time.time() + LEAD_SECONDS + count / 50
        due = [first + number / HERD_PER_SECOND for number in range(count)]
        handles = await bare.start(client, count, AT_ONCE, "herd", [_until(plan, moment) for moment in due])
        in_time = time.time() < first
        await asyncio.sleep(max(first - time.time(), 0))
        before = ceiling.spent()
        for handle in handles[-AT_ONCE:]:
            await handle.result()
        spent = ceiling.spent()
        # All of them: the last to be due need not be the last to end.
        ended = await histories_of(client, [handle.id for handle in handles])
    theirs = count / (max(seconds_at(history[-1]) for history in ended) - first)
    return {
        "drained_per_s": round(ours, 1),
        "bare_drained_per_s": round(theirs, 1),
        "ratio_to_ceiling": round(ours / theirs, 2),
        "bare_asleep_in_time": in_time,
        "bare_stages_ms": summed(map(stages_of, ended, due)),
        "bare_cpu_s": {part: round(spent[part] - before[part], 1) for part in spent},
    }


def _until(plan: Plan, moment: float) -> Plan:
    return tuple(f"{UNTIL}{moment}" if act.startswith(PAUSE) else act for act in plan)
