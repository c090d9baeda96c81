"""A pytest plugin for teams that test against a development instance: wait three days in a second.

`pytest_plugins = ["cli.pytest_plugin"]` in a conftest.py gives three fixtures, `tocsin_clock`, `triggered`
and `messages_for` (docs/test-clock.md). They talk to TOCSIN_URL with the secret key KNOCK_API_KEY; without
these, to the instance and with the key of `tocsin up`.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from cli.management import DEFAULT_URL
from models.values.development import SECRET_KEY

PATIENCE_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.05
CALL_SECONDS = 60.0
BUSY = ("queued", "processing")
_PAGE = 50


class Instance:
    """A running Tocsin; its calls block, so that tests with and without an event loop can make them."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def get(self, path: str, query: Mapping[str, Any]) -> dict[str, Any]:
        return self._call(Request(f"{self._url}{path}?{urlencode(query, doseq=True)}"))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._call(Request(f"{self._url}{path}", data=json.dumps(body).encode(), method="POST"))

    def _call(self, request: Request) -> dict[str, Any]:
        for name, value in self._headers.items():
            request.add_header(name, value)
        try:
            with urlopen(request, timeout=CALL_SECONDS) as answer:
                told: dict[str, Any] = json.load(answer)
        except HTTPError as refusal:
            with refusal:
                text = refusal.read().decode(errors="replace")
            raise AssertionError(f"{request.get_method()} {request.full_url}: {text}") from None
        return told


class TocsinClock:
    """The test clock of the instance."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def advance(self, by: str, recipient: Any = None, run: str | None = None) -> list[dict[str, Any]]:
        """Send what sleeps ahead by a span such as `36h`; everything, unless a recipient or run is named.

        Returns what moved, once everything that fell due on the way is done.
        """
        whose = {"recipient": recipient, "run": run, "all": recipient is None and run is None}
        answer = self._instance.post("/v1/tocsin/clock/advance", {"by": by, **whose})
        moved: list[dict[str, Any]] = answer["moved"]
        return moved


class Triggered(Protocol):
    """Trigger a workflow and wait until its runs pause or end; answers the runs."""

    def __call__(self, workflow: str, recipients: list[Any], **more: Any) -> list[dict[str, Any]]: ...


class MessagesFor(Protocol):
    """A user's messages, oldest first; with `count`, once there are at least so many."""

    def __call__(self, user_id: str, count: int = 0, **filters: Any) -> list[dict[str, Any]]: ...


@pytest.fixture(scope="session")
def tocsin_instance() -> Instance:
    """The instance that the other fixtures speak to."""
    url = os.environ.get("TOCSIN_URL") or DEFAULT_URL
    return Instance(url, os.environ.get("KNOCK_API_KEY") or SECRET_KEY)


@pytest.fixture
def tocsin_clock(tocsin_instance: Instance) -> TocsinClock:
    """`tocsin_clock.advance("36h")`."""
    return TocsinClock(tocsin_instance)


@pytest.fixture
def triggered(tocsin_instance: Instance) -> Triggered:
    """`triggered("welcome", ["ada"], data={...})`."""

    def trigger(workflow: str, recipients: list[Any], **more: Any) -> list[dict[str, Any]]:
        body = {"recipients": recipients, **more}
        answer = tocsin_instance.post(f"/v1/workflows/{workflow}/trigger", body)
        run_id, expected = answer["workflow_run_id"], len({_name_of(one) for one in recipients})

        def runs() -> list[dict[str, Any]]:
            listed = _listed(tocsin_instance, "/v1/workflow_recipient_runs", {"workflow": workflow})
            return [one for one in listed if one["workflow_run_id"] == run_id]

        return _eventually(
            runs, lambda found: len(found) >= expected and all(one["status"] not in BUSY for one in found)
        )

    return trigger


@pytest.fixture
def messages_for(tocsin_instance: Instance) -> MessagesFor:
    """`messages_for("ada", count=1, source="welcome")`; filters as in Knock's list of messages."""

    def messages(user_id: str, count: int = 0, **filters: Any) -> list[dict[str, Any]]:
        path = f"/v1/users/{user_id}/messages"
        return _eventually(
            lambda: _listed(tocsin_instance, path, filters)[::-1], lambda found: len(found) >= count
        )

    return messages


def _listed(instance: Instance, path: str, filters: dict[str, Any]) -> list[dict[str, Any]]:
    """The newest first."""
    items: list[dict[str, Any]] = instance.get(path, {"page_size": _PAGE, **filters})["items"]
    return items


def _eventually(
    look: Callable[[], list[dict[str, Any]]], until: Callable[[list[dict[str, Any]]], bool]
) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = look()
        if until(found):
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE_SECONDS:g} s; last seen: {found}")
        time.sleep(LOOK_AGAIN_SECONDS)


def _name_of(recipient: Any) -> str:
    if isinstance(recipient, dict):
        return f"{recipient.get('collection', '')}/{recipient.get('id')}"
    return f"/{recipient}"
