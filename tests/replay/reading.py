"""What a recorded history says: its payloads, and what the effects answered in it."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HISTORIES = Path(__file__).parent / "histories"
FILES = sorted(HISTORIES.glob("*.json"))


def read(file: Path) -> dict[str, Any]:
    history: dict[str, Any] = json.loads(file.read_text())
    return history


def started(history: dict[str, Any]) -> dict[str, Any]:
    attributes: dict[str, Any] = history["events"][0]["workflowExecutionStartedEventAttributes"]
    return attributes


def payloads(value: Any) -> list[str]:
    """Everything that was handed to Temporal, decoded."""
    if isinstance(value, dict):
        own = [base64.b64decode(value["data"]).decode()] if "metadata" in value and "data" in value else []
        return own + [text for inner in value.values() for text in payloads(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in payloads(inner)]
    return []


@dataclass(frozen=True)
class Told:
    """What an effect answered to a workflow."""

    effect: str
    answer: dict[str, Any]


def told(history: dict[str, Any]) -> Iterator[Told]:
    """Every answer in a history: of local effects from their markers, of others from their completion."""
    scheduled: dict[str, str] = {}
    for event in history["events"]:
        marker = event.get("markerRecordedEventAttributes")
        task = event.get("activityTaskScheduledEventAttributes")
        done = event.get("activityTaskCompletedEventAttributes")
        if marker is not None and marker["markerName"] == "core_local_activity" and "failure" not in marker:
            (about,) = payloads(marker["details"]["data"])
            (answer,) = payloads(marker["details"]["result"])
            yield Told(json.loads(about)["activity_type"], json.loads(answer))
        elif task is not None:
            scheduled[event["eventId"]] = task["activityType"]["name"]
        elif done is not None:
            (answer,) = payloads(done["result"])
            yield Told(scheduled[done["scheduledEventId"]], json.loads(answer))


def signals(history: dict[str, Any]) -> set[str]:
    """The names of the signals that a workflow heard."""
    heard = (event.get("workflowExecutionSignaledEventAttributes") for event in history["events"])
    return {one["signalName"] for one in heard if one is not None}
