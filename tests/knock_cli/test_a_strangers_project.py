"""What Knock's own CLI pulled elsewhere is pushed as it is, and comes back byte for byte."""

import shutil

import httpx
import pytest

from tests.knock_cli.folders import STRANGER, contents, copy_stranger
from tests.knock_cli.programs import KnockCli

pytestmark = pytest.mark.node


async def test_it_is_pushed_committed_and_pulled_back_unchanged(
    knock_cli: KnockCli, api: httpx.AsyncClient
) -> None:
    copy_stranger(knock_cli.folder)
    here = ("--knock-dir", ".")

    await knock_cli("push", *here)
    await knock_cli("commit", "--force", "-m", "All of it")
    await knock_cli("pull", "--force", *here)
    assert contents(knock_cli.folder) == contents(STRANGER)

    # Again from nothing: now no file tells the CLI what was in a file of its own.
    shutil.rmtree(knock_cli.folder)
    knock_cli.folder.mkdir()
    await knock_cli("pull", "--force", *here, "--hide-uncommitted-changes")
    assert contents(knock_cli.folder) == contents(STRANGER)
    commits = (await api.get("/v1/commits", params={"environment": "development"})).json()["entries"]
    assert {commit["commit_message"] for commit in commits} == {"All of it"}
