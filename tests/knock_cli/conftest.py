"""What the journeys with Knock's own programs need: Node, and the packages of package-lock.json."""

import os
import shutil

import pytest

from tests.knock_cli.programs import PACKAGES

MISSING = "Knock's CLI is not installed: `sh requirements/node_packages.sh` installs it where Node is"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips, or under .ci/run fails, what is marked `node` where there is none."""
    if item.get_closest_marker("node") is None:
        return
    if shutil.which("node") and (PACKAGES / "@knocklabs" / "cli").is_dir():
        return
    if os.environ.get("TOCSIN_TESTS_LACK_NOTHING"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)
