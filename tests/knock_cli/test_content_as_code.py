"""From an empty folder to production and back, and on a branch, with Knock's own CLI."""

import json

import httpx
import pytest
from knockapi import APIStatusError

from tests.houses import House
from tests.knock_cli.authors import KEY, edit, told, write_workflow
from tests.knock_cli.conftest import Account
from tests.knock_cli.programs import KnockCli

pytestmark = pytest.mark.node


async def test_from_an_empty_folder_to_production_and_back(
    knock_cli: KnockCli, api: httpx.AsyncClient, house: House, account: Account
) -> None:
    said = await knock_cli.at_a_terminal("init", answers="\r")
    assert said.code == 0
    assert json.loads((knock_cli.folder / "knock.json").read_text())["knockDir"] == ".knock"
    resources = knock_cli.folder / ".knock"
    await knock_cli("pull", "--force")

    write_workflow(resources, "first")
    assert "Successfully validated 1 workflow" in await knock_cli("workflow", "validate", KEY)
    assert "Successfully pushed 1 workflow" in await knock_cli("push")
    async with house.knock(account.development.secret_key) as knock:
        with pytest.raises(APIStatusError, match="workflow_missing"):
            await told(knock, "ada")
        assert "Successfully committed all changes" in await knock_cli("commit", "--force", "-m", "One")
        assert await told(knock, "ada") == "<p>first</p>\n"

    async with house.knock(account.production.secret_key) as knock:
        with pytest.raises(APIStatusError, match="workflow_missing"):
            await told(knock, "ada")
        await knock_cli("commit", "promote", "--to", "production", "--force")
        assert await told(knock, "ada") == "<p>first</p>\n"
        edit(resources, "second")
        await knock_cli("push", "--commit", "-m", "Two")
        newest = (await knock_cli("commit", "list", "--json")).json["entries"][0]
        assert (newest["commit_message"], newest["resource"]["identifier"]) == ("Two", KEY)
        await knock_cli("commit", "promote", "--only", newest["id"], "--force")
        assert await told(knock, "bob") == "<p>second</p>\n"

        reverted = await api.put(f"/v1/tocsin/commits/{newest['id']}/revert")
        assert reverted.status_code == 200, reverted.text
        await knock_cli("commit", "promote", "--to", "production", "--force")
        assert await told(knock, "cleo") == "<p>first</p>\n"
        edit(resources, "third")
        await knock_cli("push", "--commit", "-m", "Three")
        await knock_cli("commit", "promote", "--to", "production", "--force")
        assert await told(knock, "dana") == "<p>third</p>\n"


async def test_a_branch_is_worked_on_rebased_and_merged(
    knock_cli: KnockCli, api: httpx.AsyncClient, house: House, account: Account
) -> None:
    here = ("--knock-dir", ".")
    write_workflow(knock_cli.folder, "main")
    await knock_cli("push", *here, "--commit")
    (knock_cli.folder / ".gitignore").write_text(".knockbranch\n")

    assert "branch `shorter`" in await knock_cli("branch", "switch", "shorter", "--create", "--force")
    assert (knock_cli.folder / ".knockbranch").read_text() == "shorter\n"
    edit(knock_cli.folder, "branch")
    await knock_cli("push", *here, "--commit", "-m", "On the branch")
    async with house.knock(account.development.secret_key) as knock:
        on_branch = knock.with_options(default_headers={"X-Knock-Branch": "shorter"})
        assert await told(knock, "ada") == "<p>main</p>\n"
        assert await told(on_branch, "bob") == "<p>branch</p>\n"

        await knock_cli("branch", "exit")
        other = {"type": "audience", "key": "other", "content": {"name": "Other", "type": "static"}}
        body = {"resources": [other], "commit": True}
        development = {"environment": "development"}
        pushed = await api.put("/v1/tocsin/content", json=body, params=development)
        assert pushed.status_code == 200, pushed.text
        rebased = await api.put("/v1/branches/shorter/rebase", params=development)
        assert rebased.status_code == 200, rebased.text

        assert "merged all changes" in await knock_cli("branch", "merge", "shorter", "--force")
        assert await told(knock, "cleo") == "<p>branch</p>\n"
    assert "shorter" not in await knock_cli("branch", "list")
