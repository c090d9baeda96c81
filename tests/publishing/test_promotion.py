"""Promoting: in order, one step at a time, all or one (E-VERSION-1, -4)."""

import pytest

from tests.builders import email_step, workflow
from tests.pipelines import Pipeline


async def test_promoting_all_brings_production_up_to_development(pipeline: Pipeline) -> None:
    await pipeline.commit("one", "1")
    await pipeline.commit("one", "2")
    await pipeline.commit("two", "3")
    await pipeline.save("three", "draft")

    assert sorted(await pipeline.promote("production")) == ["one", "two"]

    assert [await pipeline.text(key, "production") for key in ("one", "two", "three")] == ["2", "3", None]
    assert await pipeline.promote("production") == []


async def test_a_promoted_commit_is_the_same_content_in_a_version_of_its_own(pipeline: Pipeline) -> None:
    await pipeline.commit("one", "1", commit_message="First")
    await pipeline.promote("production")

    (commit,) = await pipeline.log("production")
    assert (commit["commit_message"], commit["environment"]) == ("First", "production")
    versions = await pipeline.rows("SELECT DISTINCT id, content_hash FROM resource_versions")
    assert len(versions) == 2
    assert len({row["content_hash"] for row in versions}) == 1


async def test_the_log_tells_what_was_promoted(pipeline: Pipeline) -> None:
    await pipeline.commit("one", "1")
    await pipeline.commit("one", "2")
    await pipeline.promote("production")
    await pipeline.commit("one", "3")

    assert len(await pipeline.log(promoted="true")) == 2
    assert len(await pipeline.log(promoted="false")) == 1


async def test_one_commit_takes_the_earlier_ones_of_its_resource_along_and_no_later(
    pipeline: Pipeline,
) -> None:
    for text in ("1", "2", "3"):
        await pipeline.commit("one", text)
    await pipeline.commit("two", "x")
    _, _, second, _ = await pipeline.log()

    told = await pipeline.put(f"/v1/commits/{second['id']}/promote")

    assert told["commit"]["environment"] == "production"
    assert await pipeline.text("one", "production") == "2"
    assert await pipeline.text("two", "production") is None


async def test_promoting_the_same_commit_again_changes_nothing(pipeline: Pipeline) -> None:
    await pipeline.commit("one", "1")
    (commit,) = await pipeline.log()
    first = await pipeline.put(f"/v1/commits/{commit['id']}/promote")
    second = await pipeline.put(f"/v1/commits/{commit['id']}/promote")

    assert first == second
    assert len(await pipeline.log("production")) == 1


async def test_a_commit_that_was_overtaken_is_not_promoted(pipeline: Pipeline) -> None:
    await pipeline.commit("one", "1")
    await pipeline.commit("one", "2")
    await pipeline.promote("production")
    _, first = await pipeline.log()

    told = await pipeline.refused("PUT", f"/v1/commits/{first['id']}/promote")

    assert (told["status"], told["code"]) == (422, "commit_superseded")
    assert await pipeline.text("one", "production") == "2"


async def test_a_revert_is_promoted_as_any_commit(pipeline: Pipeline) -> None:
    await pipeline.commit("one", "1")
    await pipeline.commit("one", "2")
    await pipeline.promote("production")
    (newest, *_) = await pipeline.log()
    await pipeline.put(f"/v1/tocsin/commits/{newest['id']}/revert")

    assert await pipeline.promote("production") == ["one"]
    assert await pipeline.text("one", "production") == "1"


async def test_a_commit_is_reverted_where_it_was_made(pipeline: Pipeline) -> None:
    await pipeline.commit("one", "1")
    await pipeline.commit("one", "2")
    await pipeline.promote("production")
    (newest, *_) = await pipeline.log("production")

    told = await pipeline.refused("PUT", f"/v1/tocsin/commits/{newest['id']}/revert")

    assert told["code"] == "commit_not_revertible"


async def test_each_environment_is_promoted_from_the_one_before_it(long_pipeline: Pipeline) -> None:
    await long_pipeline.commit("one", "1")
    assert await long_pipeline.promote("production") == []
    await long_pipeline.promote("staging")
    await long_pipeline.commit("one", "2")
    await long_pipeline.promote("production")

    texts = [await long_pipeline.text("one", slug) for slug in ("development", "staging", "production")]
    assert texts == ["2", "1", "1"]
    (staged,) = await long_pipeline.log("staging")
    again = await long_pipeline.put(f"/v1/commits/{staged['id']}/promote")
    assert again["commit"]["environment"] == "production"


async def test_nothing_follows_production(pipeline: Pipeline) -> None:
    await pipeline.commit("one", "1")
    await pipeline.promote("production")
    (commit,) = await pipeline.log("production")

    told = await pipeline.refused("PUT", f"/v1/commits/{commit['id']}/promote")
    assert (told["status"], told["code"]) == (422, "commit_not_promotable")


@pytest.mark.parametrize(
    ("query", "status"),
    [({}, 422), ({"to_environment": "development"}, 422), ({"to_environment": "nowhere"}, 404)],
)
async def test_promoting_needs_an_environment_that_something_comes_before(
    pipeline: Pipeline, query: dict[str, str], status: int
) -> None:
    assert (await pipeline.refused("PUT", "/v1/commits/promote", **query))["status"] == status


async def test_what_needs_a_channel_that_nobody_made_stays_in_development(pipeline: Pipeline) -> None:
    step = {**email_step(), "channel_key": "postmark"}
    await pipeline.put("/v1/workflows/mail", {"workflow": workflow(step)}, commit="true")
    await pipeline.commit("one", "1")

    told = await pipeline.refused("PUT", "/v1/commits/promote", to_environment="production")

    assert told["errors"][0]["field"] == "steps[0].channel_key"
    assert "postmark" in told["errors"][0]["message"]
    assert await pipeline.text("one", "production") is None


async def test_content_is_written_in_development_unless_forced(pipeline: Pipeline) -> None:
    body = {"workflow": workflow()}
    told = await pipeline.refused("PUT", "/v1/workflows/one", body, environment="production")
    assert told["code"] == "environment_not_editable"
    await pipeline.put("/v1/workflows/one", body, "production", force="true", commit="true")
    assert len(await pipeline.log("production")) == 1
