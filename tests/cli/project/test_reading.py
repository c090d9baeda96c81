from pathlib import Path
from typing import Any

import pytest

from tests.cli.project.folders import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_everything_is_read_dependencies_first(folder: Folder) -> None:
    for name in (
        "workflows/b/workflow.json",
        "workflows/a/workflow.json",
        "audiences/x/audience.json",
        "partials/x/partial.json",
        "layouts/x/layout.json",
        "guides/x/guide.json",
        "message-types/x/message_type.json",
        "translations/en/en.json",
    ):
        folder.write(name, "{}")
    assert [f"{resource.type} {resource.key}" for resource in folder.resources()] == [
        "audience x",
        "partial x",
        "email_layout x",
        "message_type x",
        "guide x",
        "translation en",
        "workflow a",
        "workflow b",
    ]


def test_the_project_file_says_where_the_resources_lie(folder: Folder) -> None:
    folder.write("knock.json", {"$schema": "https://schemas.knock.app/cli/knock.json", "knockDir": ".knock"})
    folder.write(".knock/partials/p/partial.json", {"name": "P"})
    folder.write("partials/elsewhere/partial.json", {})
    folder.write("tocsin.toml", "[variables]\na = 'b'")
    project, mistakes = folder.read()
    assert mistakes == []
    assert [resource.key for resource in project.resources] == ["p"]
    assert project.configuration.variables == {"a": "b"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ([], "must be the path"),
        ({}, "must be the path"),
        ({"knockDir": 7}, "must be the path"),
        ({"knockDir": "nowhere"}, "the folder nowhere does not exist"),
        ({"knockDir": "../.."}, "leads out of the project"),
    ],
)
def test_a_wrong_project_file_is_told(folder: Folder, content: Any, said: str) -> None:
    folder.write("knock.json", content)
    assert said in folder.mistake().message


def test_unknown_folders_are_warned_of_and_hidden_ones_are_not(folder: Folder) -> None:
    for name in ("schemas/users/x", "workflow/hello/workflow.json", ".git/x", "node_modules/a/x"):
        folder.write(name, "{}")
    folder.write("README.md", "")
    project, mistakes = folder.read()
    assert mistakes == []
    assert [warning.split(": ")[0] for warning in project.warnings] == [
        str(folder.path / "schemas"),
        str(folder.path / "workflow"),
    ]


def test_an_empty_folder_is_an_empty_project(folder: Folder) -> None:
    assert folder.read()[0].is_empty
    folder.write("tocsin.toml", "[account]\ndefault_timezone = 'Europe/Berlin'")
    assert not folder.read()[0].is_empty
