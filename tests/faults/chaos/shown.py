"""What Tocsin shows of a trial over its public API: runs, messages and feeds."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from models.values.development import FEED_CHANNEL_ID, SECRET_KEY

OPEN = ["queued", "processing", "paused"]
"""The states of a run that goes on."""


@dataclass(frozen=True)
class Item:
    """One item of somebody's feed: how many it says it gathers, and the numbers that it really shows."""

    id: str
    person: str
    kind: str
    total: int
    numbers: list[int]


@dataclass(frozen=True)
class Run:
    """One recipient run."""

    id: str
    trigger_id: str
    kind: str
    status: str
    began: float = 0
    changed: float = 0
    """When it was accepted, and when it changed last, as the API tells; seconds since 1970."""


@dataclass(frozen=True)
class Shown:
    """Everything there is."""

    runs: list[Run]
    items: list[Item]
    messages: dict[str, str]
    """Their status by id."""


def client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"authorization": f"Bearer {SECRET_KEY}"}, timeout=30)


def look(http: httpx.Client, people: list[str]) -> Shown:
    """All pages of all lists; raises httpx's errors when the API does not answer."""
    runs = [
        Run(
            one["id"],
            one["workflow_run_id"],
            one["workflow"],
            one["status"],
            _moment(one["inserted_at"]),
            _moment(one["updated_at"]),
        )
        for one in _pages(http, "/v1/workflow_recipient_runs", "items", {"page_size": 50})
    ]
    messages = _pages(http, "/v1/messages", "items", {"page_size": 50})
    return Shown(
        runs=runs,
        items=[item for person in people for item in _feed(http, person)],
        messages={one["id"]: one["status"] for one in messages},
    )


def _moment(told: str) -> float:
    return datetime.fromisoformat(told).timestamp()


def open_runs_of(http: httpx.Client, tenant: str) -> int:
    """How many runs of a tenant are on their way, at most 1: who asks must not be a burden."""
    wanted = {"status[]": OPEN, "tenant": tenant, "page_size": 1}
    return len(_page(http, "/v1/workflow_recipient_runs", wanted)["items"])


def still_open(http: httpx.Client) -> int:
    """How many runs and messages are on their way, at most 50 of each."""
    runs = _page(http, "/v1/workflow_recipient_runs", {"status[]": OPEN, "page_size": 50})
    messages = _page(http, "/v1/messages", {"status[]": ["queued"], "page_size": 50})
    return len(runs["items"]) + len(messages["items"])


def differences(http: httpx.Client) -> Counter[str]:
    """What the reconciler's report counts since its first round, by kind."""
    told = _page(http, "/v1/tocsin/reconciler", {})["differences"]
    return Counter({one["kind"]: one["total"] for one in told if one["total"]})


def feed_holds(http: httpx.Client, person: str) -> int:
    """How many items this person has."""
    path = f"/v1/users/{person}/feeds/{FEED_CHANNEL_ID}"
    meta = _page(http, path, {"page_size": 1})["meta"]
    return int(meta["total_count"])


def _feed(http: httpx.Client, person: str) -> Iterator[Item]:
    path = f"/v1/users/{person}/feeds/{FEED_CHANNEL_ID}"
    for entry in _pages(http, path, "entries", {"page_size": 200}):
        activities = entry["activities"]
        if entry["total_activities"] != len(activities):
            # A feed shows the first ten of an item.
            activities = list(
                _pages(http, f"/v1/messages/{entry['id']}/activities", "items", {"page_size": 50})
            )
        numbers = [one["data"]["n"] for one in activities]
        yield Item(entry["id"], person, entry["source"]["key"], entry["total_activities"], numbers)


def _pages(http: httpx.Client, path: str, name: str, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    after: str | None = None
    while True:
        page = _page(http, path, wanted | ({"after": after} if after else {}))
        yield from page[name]
        after = page["page_info"]["after"]
        if after is None:
            return


def _page(http: httpx.Client, path: str, wanted: dict[str, Any]) -> dict[str, Any]:
    answer = http.get(path, params=wanted)
    answer.raise_for_status()
    page: dict[str, Any] = answer.json()
    return page
