"""What is wrong is said by the CLI with the file, the place and what was expected; and nothing is changed."""

import pytest

from tests.knock_cli.authors import KEY, write_workflow
from tests.knock_cli.programs import KnockCli

pytestmark = pytest.mark.node


async def test_a_refused_push_names_file_and_place(knock_cli: KnockCli) -> None:
    file = write_workflow(knock_cli.folder, "fine", colour="red")
    said = await knock_cli.refused("workflow", "push", "--all", "--workflows-dir", "workflows")
    assert 'data at "colour" this key is unknown; remove it' in said
    assert "workflow.json" in said
    assert file.read_text() == "fine"
    assert (await knock_cli("workflow", "list", "--json")).json["entries"] == []


async def test_other_environments_are_pushed_to_by_force_only(knock_cli: KnockCli) -> None:
    write_workflow(knock_cli.folder, "live")
    live = ("workflow", "push", KEY, "--environment", "production")
    folder = knock_cli.folder
    knock_cli.folder = folder / "workflows"
    said = await knock_cli.refused(*live)
    assert "promoted to production" in said
    await knock_cli(*live, "--force", "--commit")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("workflow", "get", "nothing"), 'There is no workflow "nothing" in development'),
        (("workflow", "list", "--branch", "nothing"), 'There is no branch "nothing"'),
        (("commit", "promote", "--to", "nowhere", "--force"), 'There is no environment "nowhere"'),
        (("whoami", "--service-token", "knock_st_wrong"), "key"),
    ],
)
async def test_what_is_not_there_is_said(knock_cli: KnockCli, words: tuple[str, ...], told: str) -> None:
    said = await knock_cli.refused(*words)
    assert told in said
