"""What `tocsin simulate` refuses before it starts anything."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app

TRIGGER: dict[str, Any] = {"at": "0s", "trigger": {"recipients": ["ada"]}}


def project(folder: Path) -> Path:
    home = folder / "project"
    (home / "workflows" / "hi").mkdir(parents=True)
    (home / "workflows" / "hi" / "workflow.json").write_text('{"name": "Hi", "steps": []}')
    return home


@pytest.mark.parametrize(
    ("key", "event", "told"),
    [
        ("nope", TRIGGER, "holds no workflow 'nope'; it holds hi"),
        ("hi", TRIGGER | {"at": "10d"}, "[0].at lies after the end"),
        ("hi", {"at": "0s", "set": {"user": {"id": "a/b"}}}, "[0].set.user: id: must not contain"),
    ],
)
def test_what_would_come_to_nothing_is_told_before_servers_start(
    tmp_path: Path, key: str, event: dict[str, Any], told: str
) -> None:
    events = tmp_path / "events.json"
    events.write_text(json.dumps([event]))

    arguments = [
        "simulate",
        str(project(tmp_path)),
        "--workflow",
        key,
        "--events",
        str(events),
        "--for",
        "7d",
    ]
    result = CliRunner().invoke(app, [*arguments, "--json"])

    assert result.exit_code == 1
    assert told in result.output
    assert "Simulating" not in result.output
