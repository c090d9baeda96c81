"""The engine's linter refuses clocks, dice and the outside; elsewhere they are allowed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

RUFF = Path(sys.executable).with_name("ruff")
BANNED = {
    "clock": "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n",
    "time": "import time\n\nNOW = time.time()\n",
    "dice": "import random\n\nROLL = random.random()\n",
    "uuid4": "from uuid import uuid4\n\nNAME = uuid4()\n",
    "environment": "import os\n\nHOME = os.environ\n",
    "gather": "import asyncio\n\nBOTH = asyncio.gather\n",
    "sleep": "import asyncio\n\nWAIT = asyncio.sleep\n",
    "activity": "from temporalio import activity\n\nINFO = activity.info\n",
    "logging": "import logging\n\nLOG = logging.getLogger()\n",
}


def refusals(folder: str, text: str) -> str:
    """What ruff says of this text, were it a module of that folder."""
    words = [str(RUFF), "check", "--no-cache", "--output-format", "concise", "--stdin-filename"]
    given = subprocess.run(
        [*words, f"{folder}/on_purpose.py", "-"], input=text, capture_output=True, text=True, cwd=ROOT
    )
    assert given.returncode in (0, 1), given.stderr
    return given.stdout


@pytest.mark.parametrize("name", BANNED)
def test_the_engine_may_not_reach_the_world(name: str) -> None:
    assert "TID251" in refusals("workflows_engine/steps", BANNED[name])


@pytest.mark.parametrize("name", ["clock", "dice", "activity"])
def test_performers_may(name: str) -> None:
    assert "TID251" not in refusals("activities", BANNED[name])
