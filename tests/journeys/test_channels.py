"""Channels as they are set up, and what messages then do."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from knockapi import AsyncKnock

from tests.builders import email_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS, eventually
from tests.houses import House


@pytest.fixture
async def manager(house: House, environment: TestEnvironment) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {environment.service_token}"}
    query = {"environment": environment.slug}
    async with httpx.AsyncClient(
        base_url=house.url, headers=headers, params=query, timeout=PATIENCE_SECONDS
    ) as http:
        yield http


async def put(manager: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    answer = await manager.put(path, json=body)
    assert answer.status_code == 200, answer.text


async def test_a_mail_goes_out_through_the_server_that_variables_name(
    house: House, environment: TestEnvironment, knock: AsyncKnock, manager: httpx.AsyncClient
) -> None:
    name, key, ada = f"host_{uuid4().hex[:8]}", f"mail-{uuid4().hex[:8]}", f"{uuid4().hex}@example.com"
    await put(manager, f"/v1/tocsin/variables/{name}", {"value": "127.0.0.1", "type": "secret"})
    settings = {"host": f"{{{{ vars.{name} }}}}", "port": house.mailbox.port, "tls": "none"}
    channel = {
        "name": "Mail",
        "type": "email",
        "provider": "email_smtp",
        "provider_settings": settings,
        "channel_settings": {"from_address": "us@example.com"},
    }
    await put(manager, f"/v1/tocsin/channels/{key}", channel)
    await publish(house.database, environment, "greet", workflow(email_step(channel_key=key)))

    await knock.workflows.trigger("greet", recipients=[{"id": "ada", "email": ada}])

    async def has_arrived() -> bool:
        return len(house.mailbox.mails_to(ada)) == 1

    await eventually(has_arrived)
