import json
from pathlib import Path
from typing import Any

import pytest

from cli.project.mistakes import Mistake
from cli.project.workflows import ReadWorkflow, read_workflows


class Folder:
    """A project with one workflow, `hello`."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.directory = project / "workflows" / "hello"
        self.directory.mkdir(parents=True)

    def write(self, name: str, content: Any) -> Path:
        file = self.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    def read(self) -> tuple[list[ReadWorkflow], list[Mistake]]:
        mistakes: list[Mistake] = []
        return read_workflows(self.project, mistakes), mistakes

    def mistake(self) -> Mistake:
        mistakes = self.read()[1]
        assert len(mistakes) == 1
        return mistakes[0]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_references_are_replaced_by_what_their_files_hold(folder: Folder) -> None:
    folder.write("workflow.json", {"steps": [{"body@": "a/body.md", "settings@": "a/settings.json"}]})
    body = folder.write("a/body.md", "text\n")
    settings = folder.write("a/settings.json", {"deep": {"html@": "a/page.html"}, "plain": 1})
    page = folder.write("a/page.html", "<p>")

    (workflow,), mistakes = folder.read()

    assert mistakes == []
    assert workflow.key == "hello"
    assert workflow.content == {
        "steps": [{"body": "text\n", "settings": {"deep": {"html": "<p>"}, "plain": 1}}]
    }
    assert workflow.origin("steps[0].body") == body
    assert workflow.origin("steps[0].settings.deep.html") == page
    assert workflow.origin("steps[0].settings.plain") == workflow.origin("steps[0].settings") == settings
    assert workflow.origin("steps[0]") == workflow.origin("") == workflow.file


def test_what_the_cli_notes_for_itself_is_left_out(folder: Folder) -> None:
    folder.write("workflow.json", {"name": "Hello", "__readonly": {"key": "other"}})
    assert folder.read()[0][0].content == {"name": "Hello"}


def test_workflows_are_read_in_the_order_of_their_keys_and_files_beside_them_ignored(tmp_path: Path) -> None:
    for key in ("b", "a"):
        (tmp_path / "workflows" / key).mkdir(parents=True)
        (tmp_path / "workflows" / key / "workflow.json").write_text("{}")
    (tmp_path / "workflows" / "notes.txt").touch()
    mistakes: list[Mistake] = []
    assert [workflow.key for workflow in read_workflows(tmp_path, mistakes)] == ["a", "b"]
    assert mistakes == []


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("../../../secret", "leads out of the workflow's folder"),
        ("/etc/hostname", "leads out of the workflow's folder"),
        ("no.md", "does not exist"),
        ("", "does not exist"),
        ("a\0b", "U+0000"),
        (7, "must be the path of a file"),
        (None, "must be the path of a file"),
    ],
)
def test_a_reference_that_leads_nowhere_is_told(folder: Folder, reference: Any, said: str) -> None:
    file = folder.write("workflow.json", {"steps": [{"body@": reference}]})
    mistake = folder.mistake()
    assert (mistake.file, mistake.path) == (file, "steps[0].body@")
    assert said in mistake.message


def test_a_link_out_of_the_folder_is_not_followed(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (folder.directory / "body.md").symlink_to(tmp_path / "secret")
    folder.write("workflow.json", {"body@": "body.md"})
    assert "leads out" in folder.mistake().message


def test_files_that_refer_to_each_other_in_a_circle_are_told(folder: Folder) -> None:
    folder.write("workflow.json", {"a@": "one.json"})
    folder.write("one.json", {"b@": "two.json"})
    folder.write("two.json", {"c@": "one.json"})
    mistake = folder.mistake()
    assert mistake.path == "a.b.c@"
    assert "refers to itself" in mistake.message


def test_the_same_file_may_be_used_twice(folder: Folder) -> None:
    folder.write("workflow.json", {"a@": "one.json", "b@": "one.json"})
    folder.write("one.json", {"x": 1})
    (workflow,), mistakes = folder.read()
    assert (workflow.content, mistakes) == ({"a": {"x": 1}, "b": {"x": 1}}, [])


def test_a_value_beside_its_own_reference_is_told(folder: Folder) -> None:
    folder.write("workflow.json", {"body@": "body.md", "body": "other"})
    folder.write("body.md", "text")
    assert "remove one of both" in folder.mistake().message


def test_broken_json_in_a_referenced_file_is_told_at_its_line(folder: Folder) -> None:
    folder.write("workflow.json", {"settings@": "settings.json"})
    file = folder.write("settings.json", '{\n"a": }')
    assert str(folder.mistake()).startswith(f"{file}: line 2: is not JSON")


def test_a_folder_in_place_of_the_file_is_told(folder: Folder) -> None:
    (folder.directory / "workflow.json").mkdir()
    assert "cannot be read" in folder.mistake().message
