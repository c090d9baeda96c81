"""The run that went on with what an absorbed run brought, and what came of it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from cli.why.sentences import moment

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FARTHEST = 10
"""Owners of one window, one after the other; each but the last was ended from outside."""

Run = dict[str, Any]


async def heir_of(run: Run, find: Callable[[str], Awaitable[Run]]) -> Run | None:
    """The run that an absorbed one was gathered by in the end; None for one that went its own way."""
    heir = None
    seen = {run["id"]}
    for _ in range(FARTHEST):
        following = _gatherer(heir or run)
        if following is None or following in seen:
            break
        seen.add(following)
        heir = await find(following)
    return heir


def went_on(heir: Run) -> str:
    """Its messages and their moments, or how it stands where it has made none."""
    made = [
        f"made the {event['data'].get('channel_type')} message {message} at {moment(event['inserted_at'])}"
        for event in heir["events"]
        if event["event"] == "message_enqueued"
        for message in event["data"].get("message_ids") or [event["data"].get("message_id")]
    ]
    told = ", and ".join(made) if made else f"is {heir['status']} and has made no message"
    return f"What it brought went on in run {heir['id']}, which {told}"


def _gatherer(run: Run) -> str | None:
    """The end of a run names the one that holds its window; nothing else is absorbed."""
    for event in reversed(run["events"]):
        data = event["data"] or {}
        if data.get("outcome") == "absorbed":
            found = ID.search(str(data.get("reason") or ""))
            return found[0] if found else None
    return None
