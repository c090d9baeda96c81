"""Branches: what they copy, keep to themselves, take over and give back (E-VERSION-8, -9)."""

import pytest

from tests.builders import in_app_step, workflow
from tests.pipelines import Pipeline


async def branch(pipeline: Pipeline, slug: str = "mine") -> None:
    answer = await pipeline.call("POST", f"/v1/branches/{slug}")
    assert answer.status_code == 201, answer.text


async def rebase(pipeline: Pipeline, slug: str = "mine") -> None:
    await pipeline.put(f"/v1/branches/{slug}/rebase")


async def test_a_branch_begins_with_what_is_published(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    await pipeline.save("greet", "draft")
    await branch(pipeline)

    assert await pipeline.text("greet", branch="mine") == "one"
    assert await pipeline.log(branch="mine") == []


async def test_what_is_done_on_a_branch_stays_there(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    await branch(pipeline)
    await branch(pipeline, "other")
    await pipeline.commit("greet", "two", branch="mine")
    await pipeline.commit("new", "new", branch="mine")

    assert [await pipeline.text("greet", **at) for at in ({"branch": "mine"}, {}, {"branch": "other"})] == [
        "two",
        "one",
        "one",
    ]
    assert await pipeline.text("new") is None
    assert len(await pipeline.log()) == 1


async def test_merging_applies_the_branchs_commits(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    await branch(pipeline)
    await pipeline.commit("greet", "two", branch="mine")
    await pipeline.commit("new", "new", branch="mine")
    await pipeline.save("draft", "draft", branch="mine")

    assert sorted(await pipeline.promote("development", branch="mine")) == ["greet", "new"]

    assert [await pipeline.text(key) for key in ("greet", "new", "draft")] == ["two", "new", None]
    assert await pipeline.promote("development", branch="mine") == []
    assert await pipeline.promote("production") == ["greet", "new"]


async def test_one_commit_of_a_branch_can_be_merged(pipeline: Pipeline) -> None:
    await branch(pipeline)
    await pipeline.commit("one", "1", branch="mine")
    await pipeline.commit("two", "2", branch="mine")
    _, first = await pipeline.log(branch="mine")

    merged = await pipeline.put(f"/v1/commits/{first['id']}/promote")

    assert merged["commit"]["environment"] == "development"
    assert [await pipeline.text(key) for key in ("one", "two")] == ["1", None]
    assert await pipeline.promote("development", branch="mine") == ["two"]


async def test_a_merge_of_what_development_changed_too_waits_for_a_rebase(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    await branch(pipeline)
    await pipeline.commit("greet", "branch", branch="mine")
    await pipeline.commit("greet", "main")

    told = await pipeline.refused("PUT", "/v1/commits/promote", to_environment="development", branch="mine")
    assert (told["status"], told["code"]) == (422, "branch_merge_conflict")
    assert await pipeline.text("greet") == "main"

    await rebase(pipeline)
    assert await pipeline.text("greet", branch="mine") == "branch"
    assert await pipeline.promote("development", branch="mine") == ["greet"]
    assert await pipeline.text("greet") == "branch"


async def test_a_rebase_takes_what_the_branch_left_alone_and_what_is_new(pipeline: Pipeline) -> None:
    await pipeline.commit("touched", "one")
    await pipeline.commit("untouched", "one")
    await branch(pipeline)
    await pipeline.commit("touched", "branch", branch="mine")
    await pipeline.commit("only-here", "branch", branch="mine")
    for key in ("touched", "untouched", "new"):
        await pipeline.commit(key, "main")

    await rebase(pipeline)

    keys = ("touched", "untouched", "new", "only-here")
    texts = [await pipeline.text(key, branch="mine") for key in keys]
    assert texts == ["branch", "main", "main", "branch"]


async def test_a_rebase_is_blocked_by_drafts_it_would_lose(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    await branch(pipeline)
    await pipeline.save("greet", "draft", branch="mine")
    await pipeline.commit("greet", "main")

    told = await pipeline.refused("PUT", "/v1/branches/mine/rebase")

    assert (told["status"], told["code"]) == (422, "branch_rebase_blocked")
    assert told["errors"][0]["resource"] == {"type": "workflow", "key": "greet"}
    await pipeline.put("/v1/commits", branch="mine")
    await rebase(pipeline)


async def test_drafts_that_lose_nothing_do_not_block_a_rebase(pipeline: Pipeline) -> None:
    await pipeline.commit("unmoved", "one")
    await pipeline.commit("committed", "one")
    await branch(pipeline)
    await pipeline.save("unmoved", "draft", branch="mine")
    await pipeline.save("only-here", "draft", branch="mine")
    await pipeline.commit("committed", "branch", branch="mine")
    await pipeline.save("committed", "draft", branch="mine")
    await pipeline.commit("committed", "main")

    await rebase(pipeline)

    for key in ("unmoved", "only-here", "committed"):
        shown = await pipeline.get(f"/v1/workflows/{key}", branch="mine")
        assert shown["steps"][0]["template"]["markdown_body"] == "draft"


async def test_a_deleted_branch_is_gone_and_its_name_is_free(pipeline: Pipeline) -> None:
    await branch(pipeline)
    await pipeline.commit("greet", "lost", branch="mine")
    assert (await pipeline.call("DELETE", "/v1/branches/mine")).status_code == 204

    for told in (
        await pipeline.refused("GET", "/v1/branches/mine"),
        await pipeline.refused("GET", "/v1/workflows", branch="mine"),
        await pipeline.refused("PUT", "/v1/branches/mine/rebase"),
    ):
        assert (told["status"], told["code"]) == (404, "branch_not_found")
    await branch(pipeline)
    assert await pipeline.text("greet", branch="mine") is None


async def test_branches_are_listed_by_their_newest_commit(pipeline: Pipeline) -> None:
    for slug in ("a", "b", "c"):
        await branch(pipeline, slug)
    await pipeline.commit("greet", "x", branch="b")

    first = await pipeline.get("/v1/branches", limit=2)
    rest = await pipeline.get("/v1/branches", limit=2, after=first["page_info"]["after"])
    assert [one["slug"] for one in first["entries"] + rest["entries"]] == ["b", "c", "a"]
    assert first["entries"][0]["last_commit_at"] is not None


async def test_a_branch_is_of_development_and_has_a_name_of_its_own(pipeline: Pipeline) -> None:
    await branch(pipeline)
    told = await pipeline.refused("POST", "/v1/branches/mine")
    assert (told["status"], told["code"]) == (422, "branch_already_exists")
    told = await pipeline.refused("POST", "/v1/branches/live", environment="production")
    assert told["code"] == "branch_not_allowed"
    told = await pipeline.refused("GET", "/v1/workflows", environment="production", branch="mine")
    assert told["errors"][0]["field"] == "branch"


@pytest.mark.rule("E-LIMITS-9")
async def test_the_name_of_a_branch_has_at_most_255_characters(pipeline: Pipeline) -> None:
    await branch(pipeline, "b" * 255)
    for slug in ("b" * 256, "-b", "b%20b"):
        told = await pipeline.refused("POST", f"/v1/branches/{slug}")
        assert (told["status"], told["errors"][0]["field"]) == (422, "branch_slug")


@pytest.mark.parametrize("slug", ["main", "development", "production"])
async def test_a_branch_is_not_called_as_an_environment(pipeline: Pipeline, slug: str) -> None:
    told = await pipeline.refused("POST", f"/v1/branches/{slug}")
    assert (told["status"], told["errors"][0]["field"]) == (422, "branch_slug")
    assert (await pipeline.get("/v1/branches"))["entries"] == []


async def test_a_branch_named_beside_branches_makes_no_branch_of_a_branch(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    await branch(pipeline)
    await pipeline.commit("greet", "two", branch="mine")

    made = await pipeline.call("POST", "/v1/branches/second", branch="mine")
    assert made.status_code == 201, made.text

    assert await pipeline.text("greet", branch="second") == "one"
    assert {one["slug"] for one in (await pipeline.get("/v1/branches"))["entries"]} == {"mine", "second"}
    assert (await pipeline.get("/v1/branches/second", branch="mine"))["slug"] == "second"
    await pipeline.put("/v1/branches/second/rebase", branch="mine")
    gone = await pipeline.call("DELETE", "/v1/branches/second", branch="mine")
    assert gone.status_code == 204
    assert (
        await pipeline.rows("SELECT slug FROM environments WHERE slug = 'second' AND deleted_at IS NULL")
        == []
    )


async def test_what_is_archived_is_gone_from_every_environment_and_branch(pipeline: Pipeline) -> None:
    audience = {"audience": {"type": "static", "name": "Staff"}}
    await pipeline.put("/v1/audiences/staff", audience, commit="true")
    await pipeline.promote("production")
    await branch(pipeline)

    answer = await pipeline.call("DELETE", "/v1/audiences/staff")
    assert answer.json() == {"result": "success"}

    for at in ({}, {"environment": "production"}, {"branch": "mine"}):
        assert (await pipeline.refused("GET", "/v1/audiences/staff", **at))["status"] == 404
    await pipeline.put("/v1/audiences/staff", audience, commit="true")
    assert (await pipeline.get("/v1/audiences/staff"))["name"] == "Staff"


async def test_a_push_is_whole_or_nothing(pipeline: Pipeline) -> None:
    good = {"type": "workflow", "key": "good", "content": workflow(in_app_step())}
    bad = {"type": "partial", "key": "bad", "content": {"type": "html", "name": "B", "content": "{% if %}"}}
    told = await pipeline.refused("PUT", "/v1/tocsin/content", {"resources": [good, bad], "commit": True})

    assert told["errors"][0]["resource"] == {"type": "partial", "key": "bad"}
    assert (await pipeline.refused("GET", "/v1/workflows/good"))["status"] == 404

    taken = await pipeline.put("/v1/tocsin/content", {"resources": [good], "commit": True})
    assert [one["key"] for one in taken["committed"]] == ["good"]
