"""The example project, pushed as a newcomer pushes it, and what people get from it."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from knockapi import AsyncKnock

from cli.push import push
from models.database import Database
from tests.development import as_development
from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS, eventually
from tests.feeds import body_of, feed_with
from tests.houses import House
from tests.journeys.settling import settled_runs

EXAMPLE = Path(__file__).parents[2] / "examples" / "collab"
PAGE = {"page_id": "p 1", "page_name": "Roadmap <2027>"}


@pytest.fixture
async def collab(
    house: House, database: Database, environment: TestEnvironment, tmp_path: Path
) -> AsyncIterator[TestEnvironment]:
    """The example with a shorter window, published."""
    project = shutil.copytree(EXAMPLE, tmp_path / "collab")
    file = project / "workflows" / "new-comment" / "workflow.json"
    content = json.loads(file.read_text())
    assert content["steps"][0]["settings"]["batch_window"] == {"unit": "seconds", "value": 15}
    content["steps"][0]["settings"]["batch_window"]["value"] = 2
    file.write_text(json.dumps(content))
    async with as_development(database, environment) as development:
        pushed = await asyncio.to_thread(push, project, house.url, development.service_token)
        keys = ("new-comment", "order-shipped", "welcome")
        assert pushed.committed == [f"workflow {key}" for key in keys]
        yield development


def person(id: str, **properties: Any) -> Any:
    return {"id": id, "name": id.title(), **properties}


async def test_three_comments_by_two_people_are_told_once_in_feed_and_mail(
    house: House, collab: TestEnvironment, knock: AsyncKnock
) -> None:
    ada = person("ada", email=f"ada@{collab.secret_key}.example.com")
    for who, comment in (("bob", "Nice!"), ("eve", "I <3 it"), ("bob", "Ship it")):
        await knock.workflows.trigger(
            "new-comment", recipients=[ada], actor=person(who), data={**PAGE, "comment_body": comment}
        )

    zoe = person("zoe", email=f"zoe@{collab.secret_key}.example.com")
    alone: Any = {"actor": person("bob"), "data": {**PAGE, "comment_body": "Nice!"}}
    await knock.workflows.trigger("new-comment", recipients=[zoe], **alone)
    items = await feed_with(knock, "ada", 1)
    mails = await eventually(lambda: received(house, ada["email"]))
    await settled_runs(house, collab, 4)

    assert (len(items), items[0].total_activities, items[0].total_actors) == (1, 3, 2)
    body = body_of(items[0])
    assert "<strong>Bob</strong> and <strong>Eve</strong> left 3 comments on" in body
    assert body.index("Nice!") < body.index("I &lt;3 it") < body.index("Ship it")
    assert "<2027>" not in body
    urls = [block.to_dict()["rendered"] for block in items[0].blocks if block.name == "action_url"]
    assert urls == ["https://papermill.example.com/pages/p 1"]
    assert len(mails) == 1
    assert mails[0].subject == "3 new comments on Roadmap <2027>"
    for part in ("3 new comments on Roadmap &lt;2027&gt;", "From 2 people: Bob and Eve", "I &lt;3 it"):
        assert part in mails[0].html
    assert 'href="https://papermill.example.com/pages/p+1"' in mails[0].html
    assert mails[0].html.count('class="author"') == 3
    assert "{{" not in mails[0].html + mails[0].text
    for part in ("3 new comments on Roadmap <2027>", "I <3 it", "https://papermill.example.com/pages/p+1"):
        assert part in mails[0].text
    single = await eventually(lambda: received(house, zoe["email"]))
    assert single[0].subject == "1 new comment on Roadmap <2027>"
    assert "From 1 person: Bob" in single[0].html


async def test_an_order_asks_its_carrier_and_tells_the_days(
    house: House, collab: TestEnvironment, knock: AsyncKnock
) -> None:
    async with httpx.AsyncClient(base_url=house.url, timeout=PATIENCE_SECONDS) as carrier:
        shipment = (await carrier.get("/demo/shipments/4711")).json()

    await knock.workflows.trigger("order-shipped", recipients=[person("ada")], data={"order_id": "4711"})

    item = (await feed_with(knock, "ada", 1))[0]
    days = shipment["eta_days"]
    assert body_of(item) == (
        f"<p>Order <strong>4711</strong> is on its way with {shipment['carrier']} "
        f"and arrives in {days} {'day' if days == 1 else 'days'}.</p>\n"
    )


async def test_a_welcome_waits_a_day_and_then_greets_by_name(
    house: House, collab: TestEnvironment, knock: AsyncKnock
) -> None:
    ada = person("ada", email=f"new@{collab.secret_key}.example.com")
    await knock.workflows.trigger("welcome", recipients=[ada], settings={"skip_delay": True})

    mails = await eventually(lambda: received(house, ada["email"]))

    assert mails[0].subject == "Welcome to Papermill, Ada"
    assert "Good to have you, Ada." in mails[0].html


async def received(house: House, address: str) -> list[Any]:
    return list(house.mailbox.mails_to(address))
