"""What becomes of a trigger whose caller does not wait for the answer."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from starlette.types import Message

from api.app import create_app
from api.fair_turns import FairTurns
from api.settings import ApiSettings
from dispatch.temporal import Temporal
from models.database import Database
from tests.environments import TestEnvironment
from tests.houses import SECRET


async def test_a_trigger_whose_caller_hangs_up_before_its_turn_leaves_the_queue(
    database: Database, temporal: Temporal, environment: TestEnvironment
) -> None:
    settings = ApiSettings(database_url=database.url, secret_key=SECRET, is_development=True)
    app = create_app(settings, database=database, temporal=temporal)
    app.state.trigger_turns = FairTurns(0)
    body = json.dumps({"recipients": ["ada"]}).encode()
    heard: Iterator[Message] = iter(
        [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]
    )
    said: list[Message] = []

    async def receive() -> Message:
        return next(heard)

    async def send(message: Message) -> None:
        said.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/workflows/greet/trigger",
        "raw_path": b"/v1/workflows/greet/trigger",
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {environment.secret_key}".encode()),
            (b"content-type", b"application/json"),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    # Far below the time that a call waits for its turn.
    await asyncio.wait_for(app(scope, receive, send), 10)

    assert said[0]["status"] == 503
