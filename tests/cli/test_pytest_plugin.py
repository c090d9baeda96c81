"""The plugin, in a team's own test: another process, which knows nothing but the instance's address."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.builders import delay_step, in_app_step, workflow
from tests.committing import publish
from tests.development import as_development
from tests.environments import TestEnvironment
from tests.houses import House

TEST = """
pytest_plugins = ["cli.pytest_plugin"]

def test_a_welcome_comes_after_three_days(tocsin_clock, triggered, messages_for):
    (run,) = triggered("welcome", [{"id": "ada", "name": "Ada"}])
    assert run["status"] == "paused"
    tocsin_clock.advance("71h", recipient="ada")
    assert messages_for("ada") == []
    assert [one["kind"] for one in tocsin_clock.advance("1h")] == ["run"]
    (message,) = messages_for("ada", count=1, source="welcome")
    assert message["source"]["step_ref"] == "in_app_1"
"""


@pytest.mark.rule("E-DELAY-5")
async def test_a_teams_own_test_waits_three_days_in_a_moment(
    house: House, environment: TestEnvironment, tmp_path: Path
) -> None:
    test = tmp_path / "test_welcome.py"
    test.write_text(TEST)
    async with as_development(house.database, environment) as development:
        steps = [delay_step(value=3), in_app_step()]
        await publish(house.database, development, "welcome", workflow(*steps))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(test)),
            cwd=tmp_path,
            env=os.environ | {"TOCSIN_URL": house.url, "KNOCK_API_KEY": development.secret_key},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()

    assert process.returncode == 0, printed.decode()
    assert "1 passed" in printed.decode()
