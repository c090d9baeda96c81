"""A project pulled from a Knock account is pushed as it is, and each of its channel types is rendered."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cli.push import push
from tests.development import as_development
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.houses import House
from tests.runs import rows

PROJECT = Path(__file__).parents[2] / "examples" / "stranger"
WHO: Any = {
    "id": "ada",
    "name": "Ada",
    "email": "ada@example.com",
    "phone_number": "+4915112345678",
    "billing_phone": "+4915112345678",
    "plan": "enterprise",
}
GERMAN: Any = {**WHO, "locale": "de-DE"}
MESSAGES = """
    SELECT m.step_ref, m.status, m.content, c.type FROM messages m JOIN channels c ON c.id = m.channel_id
    WHERE m.environment_id = %s ORDER BY m.inserted_at
"""


@pytest.fixture
async def stranger(house: House, environment: TestEnvironment) -> AsyncIterator[TestEnvironment]:
    """Development, with the whole project published in it and no channel of it set up."""
    async with as_development(house.database, environment) as development:
        pushed = await asyncio.to_thread(push, PROJECT, house.url, development.service_token)
        assert pushed.committed
        assert set(pushed.committed) == set(pushed.resources)
        yield development


async def messages(house: House, environment: TestEnvironment, count: int) -> dict[str, dict[str, Any]]:
    """By step, once so many were sent or delivered."""
    found = await eventually(
        lambda: rows(house.database, MESSAGES, environment.id),
        until=lambda found: sum(one["status"] in ("sent", "delivered") for one in found) >= count,
    )
    return {one["step_ref"]: one for one in found}


async def test_a_message_of_every_channel_type_is_rendered(house: House, stranger: TestEnvironment) -> None:
    data: dict[str, object] = {"number": "A-17", "amount": "120 €", "pay_url": "https://pay.example.com/17"}
    async with house.knock(stranger.secret_key) as knock:
        await knock.workflows.trigger("invoice-overdue", recipients=[WHO], data=data)
        found = await messages(house, stranger, 8)

    assert {step: one["type"] for step, one in found.items()} == {
        "email_1": "email",
        "in_app_feed_1": "in_app_feed",
        "sms_1": "sms",
        "push_1": "push",
        "chat_1": "chat",
        "chat_2": "chat",
        "http_1": "http",
        "in_app_guide_1": "in_app_guide",
    }
    assert {step: one["status"] for step, one in found.items()} == {
        **dict.fromkeys(found, "sent"),
        "http_1": "delivered",
        "in_app_feed_1": "delivered",
        "in_app_guide_1": "delivered",
    }
    told = str({step: one["content"] for step, one in found.items()})
    assert "{{" not in told.replace("{{ data.", "").replace("{{ vars.", "")  # feed blocks keep their source
    for step in ("email_1", "sms_1", "push_1", "chat_1", "chat_2", "http_1", "in_app_feed_1"):
        assert "A-17" in str(found[step]["content"]), step


async def test_visual_blocks_partials_layouts_and_translations_make_one_mail(
    house: House, stranger: TestEnvironment
) -> None:
    data: dict[str, object] = {"month": "May", "open": 1, "total": 12.5}
    async with house.knock(stranger.secret_key) as knock:
        await knock.workflows.trigger("monthly-statement", recipients=[GERMAN], data=data)
        mail = (await messages(house, stranger, 1))["email_1"]["content"]

    assert mail["subject_line"] == "Ihre Abrechnung für May"
    for part in ("Eine Rechnung ist offen", "Summe", "Open the statement", "Pay now", "#0B6E4F"):
        assert part in mail["html_body"], part
