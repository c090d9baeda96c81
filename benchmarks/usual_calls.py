"""What callers, browsers and operators usually ask, each as one call that can be timed."""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from benchmarks.instance import Instance, email_step, in_app_step
from benchmarks.waiting import until
from models.values.development import FEED_CHANNEL_ID

READER = "reader"
ITEMS = 60
"""Of the reader's feed: more than a page."""
RARE = 20
"""Runs of the rare workflow, tenant and category: less than a page, so that a list looks for more."""

COMMON = "loaded"
"""A text that the data of all messages has, loaded ones included."""

Call = Callable[[], Awaitable[Any]]


@dataclass
class Subjects:
    """What the calls are about: made by `prepare` once, before anything is loaded."""

    instance: Instance
    http: httpx.AsyncClient
    messages: list[dict[str, Any]] = field(default_factory=list)
    run: dict[str, Any] = field(default_factory=dict)
    fresh: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """The answer's document; raises for any other than 2xx."""
        answer = await self.http.request(
            method,
            self.instance.url + path,
            json=body,
            params={k: v for k, v in query.items() if v},  # type: ignore[misc]
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def trigger(self, key: str, user: str, tenant: str | None = None, **data: object) -> str:
        recipient = {"id": user, "email": f"{user}@example.com", "name": user}
        body = {
            "recipients": [recipient],
            "tenant": tenant,
            "data": {"number": 1, "who": user, "kind": COMMON, **data},
        }
        return str((await self.ask("POST", f"/v1/workflows/{key}/trigger", body))["workflow_run_id"])


async def prepare(instance: Instance, http: httpx.AsyncClient) -> Subjects:
    """Workflows, a reader with a feed, and a workflow that hardly ever ran."""
    subjects = Subjects(instance, http)
    for key in ("usual", "rare", "gathering"):
        instance.publish(key, *_STEPS[key], categories=[key])
    for number in range(ITEMS):
        await subjects.trigger("usual", READER, "acme", number=number)
    for number in range(RARE):
        await subjects.trigger("rare", f"rare-{number}", "rare", rare=True)
    await subjects.trigger("gathering", READER)
    await until(lambda: _are_done(instance), pause_seconds=0.5)
    subjects.messages = (await subjects.ask("GET", f"/v1/users/{READER}/messages", page_size=50))["items"]
    runs = await subjects.ask("GET", "/v1/workflow_recipient_runs", workflow="usual", page_size=1)
    subjects.run = runs["items"][0]
    return subjects


_STEPS: dict[str, list[dict[str, object]]] = {
    "usual": [in_app_step(), email_step()],
    "rare": [in_app_step(), email_step()],
    "gathering": [
        {"type": "batch", "ref": "batch_1", "settings": {"batch_window": {"unit": "hours", "value": 12}}},
        in_app_step(),
    ],
}


async def _are_done(instance: Instance) -> bool:
    ((left,),) = instance.rows(
        "SELECT (SELECT count(*) FROM recipient_runs WHERE finished_at IS NULL AND status <> 'paused')"
        " + (SELECT count(*) FROM messages WHERE settled_at IS NULL)"
    )
    return bool(left == 0)


def reads(subjects: Subjects) -> dict[str, Call]:
    """By what is shown."""
    return {**_feeds(subjects), **_messages(subjects), **_runs(subjects), **_recipients(subjects)}


def _get(subjects: Subjects, path: str, **query: object) -> Call:
    return lambda: subjects.ask("GET", path, **query)


def _feeds(subjects: Subjects) -> dict[str, Call]:
    feed = f"/v1/users/{READER}/feeds/{FEED_CHANNEL_ID}"
    return {
        "nothing (GET /healthz)": _get(subjects, "/healthz"),
        "feed": _get(subjects, feed),
        "feed, unread": _get(subjects, feed, status="unread"),
        "feed, of a tenant": _get(subjects, feed, tenant="acme"),
        "feed, of a workflow": _get(subjects, feed, source="usual"),
        "feed, of a category": _get(subjects, feed, **{"workflow_categories[]": "usual"}),
        "feed, by trigger data": _get(subjects, feed, trigger_data='{"number": 7}'),
        "feed, compact": _get(subjects, feed, mode="compact"),
        "feed of somebody loaded": _get(subjects, f"/v1/users/loaded-1/feeds/{FEED_CHANNEL_ID}"),
    }


def _messages(subjects: Subjects) -> dict[str, Call]:
    ids = [message["id"] for message in subjects.messages]
    day_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    one = f"/v1/messages/{ids[0]}"
    run = {"workflow_recipient_run_id": subjects.run["id"]}
    lists: dict[str, dict[str, object]] = {
        "messages": {},
        "messages, of a tenant": {"tenant": "rare"},
        "messages, of a workflow": {"source": "rare"},
        "messages, of a category": {"workflow_categories[]": "rare"},
        "messages, of a channel": {"channel_id": str(FEED_CHANNEL_ID)},
        "messages, undelivered": {"status[]": "undelivered"},
        "messages, read": {"engagement_status[]": "read"},
        "messages, by trigger data": {"trigger_data": '{"rare": true}'},
        "messages, by a text that many have": {"trigger_data": f'{{"kind": "{COMMON}"}}', "page_size": 2},
        "messages, by a text that few have": {"trigger_data": '{"who": "rare-7"}', "page_size": 2},
        "messages, by a number": {"trigger_data": '{"number": 7}', "page_size": 2},
        "messages, of the last day": {"inserted_at.gte": day_ago},
        "messages, of a run": run,
        "messages, by id": {"message_ids[]": ids[:10]},
    }
    return {
        **{name: _get(subjects, "/v1/messages", **query) for name, query in lists.items()},
        "messages of a user": _get(subjects, f"/v1/users/{READER}/messages"),
        "message": _get(subjects, one),
        **{f"message, {part}": _get(subjects, f"{one}/{part}") for part in _PARTS},
    }


_PARTS = ("content", "events", "activities", "delivery_logs")


def _runs(subjects: Subjects) -> dict[str, Call]:
    path = "/v1/workflow_recipient_runs"
    return {
        "runs": _get(subjects, path),
        "runs, of a workflow": _get(subjects, path, workflow="rare"),
        "runs, of a tenant": _get(subjects, path, tenant="rare"),
        "runs, paused": _get(subjects, path, **{"status[]": "paused"}),
        "runs, with errors": _get(subjects, path, has_errors="true"),
        "run, with its log": _get(subjects, f"{path}/{subjects.run['id']}"),
        "batches": _get(subjects, "/v1/tocsin/batches"),
        "pauses": _get(subjects, "/v1/tocsin/pauses"),
        "reconciler's report": _get(subjects, "/v1/tocsin/reconciler"),
    }


def _recipients(subjects: Subjects) -> dict[str, Call]:
    return {
        "users": _get(subjects, "/v1/users"),
        "users, with preferences": _get(subjects, "/v1/users", **{"include[]": "preferences"}),
        "user": _get(subjects, f"/v1/users/{READER}"),
        "preferences": _get(subjects, f"/v1/users/{READER}/preferences/default"),
        "schedules of a user": _get(subjects, f"/v1/users/{READER}/schedules"),
        "schedules": _get(subjects, "/v1/schedules", workflow="usual"),
        "tenants": _get(subjects, "/v1/tenants"),
    }


def writes(subjects: Subjects) -> dict[str, Call]:
    """Each about somebody or something else than the time before."""
    ids = itertools.cycle([message["id"] for message in subjects.messages])
    made: list[str] = []

    def new() -> str:
        return f"new-{next(subjects.fresh)}"

    async def identified() -> None:
        made.append(new())
        await subjects.ask("PUT", f"/v1/users/{made[-1]}", {"name": "New"})

    preferences = {"channel_types": {"email": False}}
    path = f"/v1/channels/{FEED_CHANNEL_ID}/messages/bulk/seen"
    schedule = {"workflow": "usual", "recipients": [READER], "scheduled_at": "2099-01-01T00:00:00Z"}
    return {
        "identify a user": identified,
        "change a user": lambda: subjects.ask("PUT", f"/v1/users/{READER}", {"plan": new()}),
        "set preferences": lambda: subjects.ask(
            "PUT", f"/v1/users/{READER}/preferences/default", preferences
        ),
        "mark a message": lambda: subjects.ask("PUT", f"/v1/messages/{next(ids)}/seen"),
        "mark ten messages": lambda: subjects.ask(
            "POST", "/v1/messages/batch/read", {"message_ids": [next(ids) for _ in range(10)]}
        ),
        "mark a user's feed": lambda: subjects.ask("POST", path, {"recipient_ids": [READER]}),
        "trigger": lambda: subjects.trigger("usual", new(), "acme"),
        "trigger into a batch": lambda: subjects.trigger("gathering", READER),
        "cancel": lambda: subjects.ask("POST", "/v1/workflows/usual/cancel", {"cancellation_key": new()}),
        "schedule": lambda: subjects.ask("POST", "/v1/schedules", schedule),
        "delete a user": lambda: subjects.ask("DELETE", f"/v1/users/{made.pop()}"),
        "trigger, until the feed has it": lambda: _seen(subjects, new()),
    }


async def _seen(subjects: Subjects, user: str) -> None:
    await subjects.trigger("usual", user, "acme")

    async def is_there() -> bool:
        feed = await subjects.ask("GET", f"/v1/users/{user}/feeds/{FEED_CHANNEL_ID}")
        return bool(feed["entries"])

    await until(is_there, pause_seconds=0.005)
