"""Latency at shares of the capacity measured just before: answer, feed row, mail received."""

import asyncio
from datetime import datetime
from typing import Any

import httpx

from benchmarks.figures import Size, percentiles
from benchmarks.instance import Instance, email_step, in_app_step
from benchmarks.open_loop import Sent, readable, send
from benchmarks.runs import Shape, paid
from benchmarks.waiting import until

SHARES = (10, 50, 80)
"""Percent of the capacity."""
SHAPE = Shape("latency", [in_app_step(), email_step()])
SECONDS, LONG_SECONDS = 20, 60
LEAST, MOST = 120, 900
"""Triggers at one share: for p99 to be another than the highest; the mailbox keeps a thousand mails."""
PATIENCE_SECONDS, LONG_PATIENCE_SECONDS = 120, 600
"""A slow machine may have fewer after that."""


async def measure(instance: Instance, size: Size) -> dict[str, Any]:
    """Runs with an in-app step and a mail, on a schedule; milliseconds from the moment a trigger was due.

    A feed row is there when its transaction has committed, a mail when the mailbox has read it whole.
    """
    instance.publish(SHAPE.key, *SHAPE.steps)
    async with httpx.AsyncClient(headers=instance.headers, timeout=120) as http:
        await paid(instance, http, SHAPE, min(size.runs, 50), "warm")
        capacity = (await paid(instance, http, SHAPE, size.runs, "capacity")).rate
    figures: dict[str, Any] = {"capacity_runs_per_s": round(capacity, 1)}
    for share in SHARES:
        rate = capacity * share / 100
        figures[f"at_{share}_percent"] = await _at(instance, f"share-{share}", rate, seconds_at(rate, size))
    return figures


def seconds_at(rate: float, size: Size) -> float:
    """How long so many triggers a second are sent."""
    usual = LONG_SECONDS if size.is_long else SECONDS
    patience = LONG_PATIENCE_SECONDS if size.is_long else PATIENCE_SECONDS
    return min(max(usual, LEAST / rate), MOST / rate, patience)


async def _at(instance: Instance, label: str, rate: float, seconds: float) -> dict[str, Any]:
    await asyncio.to_thread(httpx.delete, f"{instance.mailbox_url}/api/messages")
    sent = await send(instance, SHAPE.key, label, rate, seconds)
    items = await readable(instance, SHAPE.key, label, sent)
    mails = await _received(instance, label, sent)
    return {
        "triggers_per_s": round(rate, 1),
        "refused": sent.refused,
        "answer_ms": percentiles(sent.late_ms(sent.answered)),
        "feed_row_ms": percentiles(sent.late_ms(items)),
        "mail_received_ms": percentiles(sent.late_ms(mails)),
    }


async def _received(instance: Instance, label: str, sent: Sent) -> dict[str, float]:
    found: dict[str, float] = {}
    url = f"{instance.mailbox_url}/api/messages?channel_type=email&brief=true"

    async def are_there() -> bool:
        for mail in (await asyncio.to_thread(httpx.get, url)).json():
            who = mail["to"][0].partition("@")[0]
            if who.startswith(f"{label}-"):
                found[who] = datetime.fromisoformat(mail["received_at"]).timestamp()
        return len(found) >= len(sent.answered)

    await until(are_there, pause_seconds=0.5)
    return found
