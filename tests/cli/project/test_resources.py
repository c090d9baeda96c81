from pathlib import Path
from typing import Any

import pytest

from models.values.content import ContentType
from tests.cli.project.folders import Folder

WORKFLOW = "workflows/hello/workflow.json"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_resource_has_the_key_of_its_folder_and_its_files_inlined(folder: Folder) -> None:
    file = folder.write(
        WORKFLOW,
        {
            "name": "Hello",
            "steps": [{"template": {"text_body@": "sms_1/text_body.txt"}}],
            "__readonly": {"key": "other"},
            "$schema": "https://schemas.knock.app/cli/workflow.json",
        },
    )
    body = folder.write("workflows/hello/sms_1/text_body.txt", "Grüße\n")
    workflow = folder.only()
    assert (workflow.type, workflow.key, workflow.file) == (ContentType.WORKFLOW, "hello", file)
    assert workflow.content == {"name": "Hello", "steps": [{"template": {"text_body": "Grüße\n"}}]}
    assert workflow.origin("steps[0].template.text_body") == body
    assert workflow.origin("steps[0].template") == workflow.origin("") == file


def test_visual_blocks_are_joined_and_their_contents_lie_beside_them(folder: Folder) -> None:
    folder.write(WORKFLOW, {"template": {"visual_blocks@": "email_1/visual_blocks.json"}})
    blocks = folder.write(
        "workflows/hello/email_1/visual_blocks.json",
        [{"type": "markdown", "content@": "visual_blocks/1.content.md"}, {"type": "divider"}],
    )
    first = folder.write("workflows/hello/email_1/visual_blocks/1.content.md", "# Hi")
    workflow = folder.only()
    assert workflow.content == {
        "template": {"visual_blocks": [{"type": "markdown", "content": "# Hi"}, {"type": "divider"}]}
    }
    assert workflow.origin("template.visual_blocks[0].content") == first
    assert workflow.origin("template.visual_blocks[1].type") == blocks


def test_json_in_any_other_file_stays_text(folder: Folder) -> None:
    folder.write(WORKFLOW, {"template": {"json_body@": "chat_1/json_body.json"}})
    folder.write("workflows/hello/chat_1/json_body.json", '{"blocks": [{{ data.blocks }}]}')
    assert folder.only().content == {"template": {"json_body": '{"blocks": [{{ data.blocks }}]}'}}


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("audiences/a/audience.json", {"type": "static"}, ContentType.AUDIENCE),
        ("partials/a/partial.json", {"type": "html"}, ContentType.PARTIAL),
        ("layouts/a/layout.json", {"name": "A"}, ContentType.EMAIL_LAYOUT),
        ("message-types/a/message_type.json", {"name": "A"}, ContentType.MESSAGE_TYPE),
        ("guides/a/guide.json", {"name": "A"}, ContentType.GUIDE),
    ],
)
def test_every_kind_has_its_folder(folder: Folder, path: str, content: Any, kind: ContentType) -> None:
    folder.write(path, content)
    resource = folder.only()
    assert (resource.type, resource.key, resource.content) == (kind, "a", content)


@pytest.mark.parametrize(
    ("readonly", "file", "expected"),
    [
        ({"type": "markdown"}, "content.txt", "markdown"),
        (None, "content.html", "html"),
        (None, "content.md", "markdown"),
        (None, "content.json", "json"),
        ({"valid": True}, "content.txt", "text"),
    ],
)
def test_a_partials_type_is_found_where_the_cli_left_it(
    folder: Folder, readonly: Any, file: str, expected: str
) -> None:
    given = {"name": "P", "content@": file}
    folder.write("partials/p/partial.json", given | ({"__readonly": readonly} if readonly else {}))
    folder.write(f"partials/p/{file}", "x")
    assert folder.only().content == {"type": expected, "name": "P", "content": "x"}


def test_a_message_types_version_comes_along(folder: Folder) -> None:
    folder.write("message-types/b/message_type.json", {"name": "B", "__readonly": {"semver": "1.2.0"}})
    assert folder.only().content == {"semver": "1.2.0", "name": "B"}


@pytest.mark.parametrize(
    ("file", "text", "key", "content"),
    [
        ("en/en.json", '{"b": "ü", "a": {"c": 1}}', "en", '{"b":"ü","a":{"c":1}}'),
        ("pt-BR/admin.pt-BR.json", "{}", "pt-BR/admin", "{}"),
        ("de/de.po", 'msgid "x"\nmsgstr "y"\n', "de", 'msgid "x"\nmsgstr "y"\n'),
        ("en/admin.en~acme.json", "{}", "en/admin~acme", "{}"),
        ("en/en~acme.json", "{}", "en~acme", "{}"),
    ],
)
def test_a_translation_is_named_by_its_file(
    folder: Folder, file: str, text: str, key: str, content: str
) -> None:
    folder.write(f"translations/{file}", text)
    translation = folder.only()
    assert (translation.type, translation.key) == (ContentType.TRANSLATION, key)
    assert translation.content == {"format": file.rpartition(".")[2], "content": content}


def test_knocks_own_translations_are_left_out(folder: Folder) -> None:
    folder.write("translations/en/system.en.json", "{}")
    assert folder.resources() == []


@pytest.mark.parametrize(
    "name", ["en/fr.json", "en/notes.txt", "en/a.b.en.json", "en/.en.json.bak/x", "en/x"]
)
def test_a_file_that_is_no_translation_is_told(folder: Folder, name: str) -> None:
    folder.write(f"translations/{name}", "{}")
    mistakes = folder.read()[1]
    assert [mistake.message[:17] for mistake in mistakes] == ([] if "/." in name else ["is no translation"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("translations/en/en.json", "translations/en/en.po"),
        ("workflows/Hello/workflow.json", "workflows/hello/workflow.json"),
    ],
)
def test_two_resources_of_one_key_are_told(folder: Folder, one: str, other: str) -> None:
    folder.write(one, "{}")
    file = folder.write(other, "{}")
    assert str(folder.mistake()).startswith(f"{file}: has the key of {folder.path / one}")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("../other/secret", "leads out of"),
        ("/etc/hostname", "leads out of"),
        ("no.md", "the file no.md does not exist"),
        ("", "must be the path of a file"),
        ("a\0b", "must be the path of a file"),
        (7, "must be the path of a file"),
        (None, "must be the path of a file"),
        ("workflow.json", "refers to itself"),
    ],
)
def test_a_reference_that_leads_nowhere_is_told(folder: Folder, reference: Any, said: str) -> None:
    file = folder.write(WORKFLOW, {"steps": [{"body@": reference}]})
    mistake = folder.mistake()
    assert (mistake.file, mistake.path) == (file, "steps[0].body@")
    assert said in mistake.message


def test_a_wrong_reference_in_visual_blocks_is_told_in_their_file(folder: Folder) -> None:
    folder.write(WORKFLOW, {"visual_blocks@": "email_1/visual_blocks.json"})
    blocks = folder.write("workflows/hello/email_1/visual_blocks.json", [{"content@": "no.md"}])
    mistake = folder.mistake()
    assert (mistake.file, mistake.path) == (blocks, "visual_blocks[0].content@")


def test_files_within_files_within_files_are_told(folder: Folder) -> None:
    folder.write(WORKFLOW, {"a@": "a/visual_blocks.json"})
    folder.write("workflows/hello/a/visual_blocks.json", {"b@": "b/visual_blocks.json"})
    folder.write("workflows/hello/a/b/visual_blocks.json", {"c@": "c.md"})
    assert "a file within a file within a file" in folder.mistake().message


def test_a_value_beside_its_own_reference_is_told(folder: Folder) -> None:
    folder.write(WORKFLOW, {"body@": "body.md", "body": "other"})
    assert folder.mistake().message == "stands beside body; remove one of both"


def test_a_folder_without_its_file_is_told(folder: Folder) -> None:
    folder.write("partials/p/content.html", "x")
    mistake = folder.mistake()
    assert mistake.file == folder.path / "partials/p/partial.json"
    assert mistake.message == "is missing; each folder in partials/ holds a partial.json"


@pytest.mark.parametrize("link", ["workflows/hello/body.md", "workflows/out", "partials"])
def test_links_out_of_the_project_are_not_followed(
    folder: Folder, tmp_path_factory: pytest.TempPathFactory, link: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_text("s")
    folder.write(WORKFLOW, {"body@": "body.md"} if link.endswith(".md") else {})
    (folder.path / link).symlink_to(outside / "secret" if link.endswith(".md") else outside)
    assert "link that leads out" in folder.mistake().message
