"""What is promised while a part is away, and after: readiness, refusals, recovery."""

import time

import httpx

from tests.faults.chaos.ledger import Heard
from tests.faults.chaos.stage import Run
from tests.faults.chaos.torment import tell
from tests.faults.chaos.verdict import Count

RED_SECONDS = 10
"""Readiness turns red within this time."""
RECOVERY_SECONDS = 60
SETTLING_SECONDS = 3
"""Until the connections that a fallen server leaves behind are noticed."""
AROUND_SECONDS = 10
"""Load before an outage and after it."""
SLOWER = 0.5
"""The share of the mix's rate that the scenes are played at: they are about answers, not about crowds."""


def until_ready_is(run: Run, status: int, seconds: float) -> float | None:
    """Seconds until `/readyz` answers so; None when it does not within `seconds`."""
    started = time.monotonic()
    while time.monotonic() < started + seconds:
        try:
            if httpx.get(f"{run.stack.url}/readyz", timeout=RED_SECONDS).status_code == status:
                return time.monotonic() - started
        except httpx.HTTPError:
            pass  # Neither red nor green.
        time.sleep(0.2)
    return None


def kept(what: str, took: float | None, most: float) -> Count:
    is_kept = took is not None and took <= most
    return Count(what, 1, [] if is_kept else [f"it took {shown_seconds(took)}"])


def not_refused(heard: list[Heard], since: float, until: float) -> Count:
    """Whoever could not be served was told so: 429 or 503, and when to come again."""
    count = Count("refused without 429/503, Retry-After")
    for one in heard:
        for answer in one.other_answers:
            if not since < answer["at"] - answer["took"] < until:
                continue
            count.of += 1
            if answer["status"] not in (429, 503) or answer["retry_after"] is None:
                count.wrong.append(
                    f"{one.n}: {answer['status']} {answer['text']} after {answer['took']} s, "
                    f"{answer['at'] - since:.0f} s on"
                )
    return count


def tell_of_outage(what: str, red: float | None, lasted: float, green: float | None) -> None:
    times = f"red {shown_seconds(red)}, back {lasted:.0f} s, green {shown_seconds(green)}"
    tell(f"{what}: {times} after what came before")


def shown_seconds(took: float | None) -> str:
    return "longer than was waited" if took is None else f"{took:.1f} s"
