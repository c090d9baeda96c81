"""Knock's management SDK (@knocklabs/mgmt) does everything to every kind of content."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.eventually import PATIENCE_SECONDS
from tests.houses import House
from tests.knock_cli.conftest import Account

pytestmark = pytest.mark.node
PROGRAM = Path(__file__).parent / "management.cjs"
KINDS = {"audience", "partial", "email_layout", "message_type", "translation", "guide", "workflow"}


async def run(url: str, token: str) -> Any:
    child = await asyncio.create_subprocess_exec(
        "node",
        str(PROGRAM),
        url,
        token,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await asyncio.wait_for(child.communicate(), PATIENCE_SECONDS)
    assert child.returncode == 0, complaint.decode()
    return json.loads(said)


async def test_every_kind_goes_its_whole_way(house: House, account: Account) -> None:
    told = await run(house.url, account.development.service_token)

    assert set(told["kinds"]) == KINDS
    for kind, one in told["kinds"].items():
        content = "content" if kind == "translation" else "name"
        live = one["retrieved"].get("translation", one["retrieved"])
        assert one["validated"][content] == one["upserted"][content] == live[content], kind
        assert [entry[content] for entry in one["listed"]] == [live[content]], kind
        assert one["missing"]["status"] == 404, kind
        assert (one["wrong"]["status"], one["wrong"]["errors"][0]["field"]) == (422, "colour"), kind
    assert told["committed"]["result"] == told["promoted"]["result"] == "success"
    committed = {commit["resource"]["type"]: commit for commit in told["commits"]}
    assert set(committed) == KINDS
    assert committed["translation"]["resource"]["identifier"] == "en/sdk"
    assert {commit["commit_message"] for commit in told["commits"]} == {"All"}
    assert told["commit"]["id"] == told["commits"][0]["id"]
    assert told["promotedOne"]["commit"]["environment"] == "production"
    assert (told["activated"]["workflow"]["active"], told["guideActivated"]["guide"]["active"]) == (
        False,
        True,
    )


async def test_branches_archives_and_the_account_answer_too(house: House, account: Account) -> None:
    told = await run(house.url, account.development.service_token)
    assert told["branch"]["slug"] == "sdk"
    assert [branch["slug"] for branch in told["branches"]] == ["sdk"]
    assert (told["branchGone"]["status"], told["branchGone"]["code"]) == (404, "branch_not_found")
    assert told["archivedGuide"]["result"] == told["archivedAudience"]["result"] == "success"
    assert told["gone"]["status"] == 404
    environments = told["environments"]
    assert environments.index("development") == environments.index("production") - 1
    assert {"in-app", "guides", "email"} <= set(told["channels"])
    assert told["whoami"]["type"] == "service_token"
    assert told["apiKey"]["api_key"].startswith("sk_")
