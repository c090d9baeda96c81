"""Saving, committing, the log, empty commits, reverts (E-VERSION-3, -5, -6, -7)."""

import pytest

from tests.builders import workflow
from tests.pipelines import Pipeline


async def test_what_is_saved_is_read_but_not_published(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    await pipeline.save("greet", "two")

    saved = await pipeline.get("/v1/workflows/greet")
    assert saved["steps"][0]["template"]["markdown_body"] == "two"
    assert await pipeline.text("greet") == "one"


async def test_what_was_never_committed_is_hidden_with_the_uncommitted(pipeline: Pipeline) -> None:
    await pipeline.save("greet", "one")

    assert await pipeline.text("greet") is None
    hidden = await pipeline.get("/v1/workflows", hide_uncommitted_changes="true")
    assert hidden["entries"] == []
    assert len((await pipeline.get("/v1/workflows"))["entries"]) == 1


async def test_a_commit_tells_its_resource_author_message_and_time(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one", commit_message="First")

    (commit,) = await pipeline.log()
    assert commit["resource"] == {"type": "workflow", "identifier": "greet"}
    assert (commit["commit_message"], commit["environment"]) == ("First", "development")
    assert commit["author"]["email"]
    assert commit["created_at"].endswith("Z")
    assert await pipeline.get(f"/v1/commits/{commit['id']}") == commit


async def test_the_log_is_newest_first_and_paged(pipeline: Pipeline) -> None:
    for number in range(5):
        await pipeline.commit("greet", str(number), commit_message=str(number))

    first = await pipeline.get("/v1/commits", limit=2)
    second = await pipeline.get("/v1/commits", limit=2, after=first["page_info"]["after"])
    told = [commit["commit_message"] for commit in first["entries"] + second["entries"]]
    assert told == ["4", "3", "2", "1"]


async def test_content_that_did_not_change_makes_no_commit(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    await pipeline.commit("greet", "one")
    await pipeline.put("/v1/commits")

    assert len(await pipeline.log()) == 1


async def test_sending_back_what_was_read_changes_nothing(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    read = await pipeline.get("/v1/workflows/greet")
    await pipeline.put("/v1/workflows/greet", {"workflow": read}, commit="true")

    assert len(await pipeline.log()) == 1


async def test_saving_what_is_published_takes_the_draft_back(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    await pipeline.save("greet", "two")
    await pipeline.save("greet", "one")

    assert (await pipeline.put("/v1/commits"))["committed"] == []


async def test_an_empty_commit_is_a_new_version_of_the_same_content(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    only = {"resource_type": "workflow", "resource_id": "greet", "allow_empty": "true"}
    await pipeline.put("/v1/commits", **only)

    versions = await pipeline.rows("SELECT number, content_hash FROM resource_versions ORDER BY number")
    assert [row["number"] for row in versions] == [1, 2]
    assert versions[0]["content_hash"] == versions[1]["content_hash"]
    assert len(await pipeline.log()) == 2


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({}, 422, "allow_empty"),
        ({"resource_type": "workflow"}, 422, "allow_empty"),
        ({"resource_id": "greet"}, 422, "resource_type"),
        ({"resource_type": "workflow", "resource_id": "nobody"}, 404, None),
    ],
)
async def test_an_empty_commit_needs_exactly_one_known_resource(
    pipeline: Pipeline, query: dict[str, str], status: int, field: str | None
) -> None:
    told = await pipeline.refused("PUT", "/v1/commits", allow_empty="true", **query)

    assert told["status"] == status
    if field:
        assert told["errors"][0]["field"] == field


async def test_one_type_or_one_resource_can_be_committed(pipeline: Pipeline) -> None:
    await pipeline.save("one", "one")
    await pipeline.save("two", "two")
    partial = {"partial": {"type": "html", "name": "P", "content": "<b>p</b>"}}
    await pipeline.put("/v1/partials/bold", partial)

    chosen = await pipeline.put("/v1/commits", resource_type="workflow", resource_id="two")
    assert chosen["committed"] == ["two"]
    assert (await pipeline.put("/v1/commits", resource_type="partial"))["committed"] == ["bold"]
    assert (await pipeline.put("/v1/commits"))["committed"] == ["one"]


async def test_a_revert_restores_what_was_before_and_discards_the_draft(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    await pipeline.commit("greet", "two", commit_message="Second")
    await pipeline.save("greet", "three")
    (newest, *_) = await pipeline.log()

    reverted = await pipeline.put(f"/v1/tocsin/commits/{newest['id']}/revert")

    assert reverted["commit"]["commit_message"] == "Revert: Second"
    assert await pipeline.text("greet") == "one"
    shown = await pipeline.get("/v1/workflows/greet")
    assert shown["steps"][0]["template"]["markdown_body"] == "one"
    assert len(await pipeline.log()) == 3


async def test_the_first_commit_of_a_resource_is_not_reverted(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    (first,) = await pipeline.log()
    told = await pipeline.refused("PUT", f"/v1/tocsin/commits/{first['id']}/revert")

    assert (told["status"], told["code"]) == (422, "commit_not_revertible")
    assert await pipeline.text("greet") == "one"


async def test_a_commit_shows_what_it_changed(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    await pipeline.commit("greet", "two")
    (newest, *_) = await pipeline.log()

    shown = await pipeline.get(f"/v1/tocsin/commits/{newest['id']}/diff")

    path = "steps[0].template.markdown_body"
    assert shown["changes"] == [{"path": path, "before": "one", "after": "two"}]
    assert f"-{path}: one\n+{path}: two" in shown["diff"]


async def test_nothing_of_a_commit_is_published_when_one_of_its_drafts_is_wrong(pipeline: Pipeline) -> None:
    await pipeline.save("good", "good")
    bad = {"workflow": workflow({"type": "channel"})}
    assert (await pipeline.refused("PUT", "/v1/workflows/bad", bad))["status"] == 422
    # A draft that went wrong later: the layout it needs is saved, and thrown away.
    layout = {"email_layout": {"name": "L", "html_layout": "{{content}}", "text_layout": "{{content}}"}}
    await pipeline.put("/v1/email_layouts/plain", layout)
    template = {"subject": "s", "html_body": "b", "settings": {"layout_key": "plain"}}
    step = {"type": "channel", "ref": "e", "channel_key": "email", "channel_type": "email"}
    await pipeline.put("/v1/workflows/mail", {"workflow": workflow({**step, "template": template})})
    answer = await pipeline.call("DELETE", "/v1/tocsin/content/email_layout/plain")
    assert answer.status_code == 200

    told = await pipeline.refused("PUT", "/v1/commits")

    assert told["errors"][0]["resource"] == {"type": "workflow", "key": "mail"}
    assert "layout_key" in told["errors"][0]["field"]
    assert await pipeline.text("good") is None
    assert await pipeline.log() == []
