"""Content that goes: archived, or saved and thrown away (E-VERSION-2, E-RUN-12)."""

from tests.pipelines import Pipeline


async def test_a_key_that_was_archived_and_saved_again_stops_no_promotion(pipeline: Pipeline) -> None:
    await pipeline.commit("one", "1")
    await pipeline.commit("two", "2")
    await pipeline.call("DELETE", "/v1/tocsin/content/workflow/one")
    await pipeline.save("one", "again")

    assert await pipeline.promote("production") == ["two"]
    assert await pipeline.text("one", "production") is None

    await pipeline.put("/v1/commits")
    assert await pipeline.promote("production") == ["one"]
    assert await pipeline.text("one", "production") == "again"


async def test_what_was_saved_and_thrown_away_is_listed_nowhere(pipeline: Pipeline) -> None:
    await pipeline.save("one", "1")
    await pipeline.commit("two", "2")
    await pipeline.call("DELETE", "/v1/tocsin/drafts/workflow/one")

    for query in ({}, {"hide_uncommitted_changes": "true"}):
        listed = await pipeline.get("/v1/workflows", **query)
        assert [one["key"] for one in listed["entries"]] == ["two"]
    assert (await pipeline.refused("GET", "/v1/workflows/one"))["status"] == 404
    assert (await pipeline.refused("PUT", "/v1/workflows/one/activate", {"status": True}))["status"] == 404
    only = {"resource_type": "workflow", "resource_id": "one", "allow_empty": "true"}
    assert (await pipeline.refused("PUT", "/v1/commits", **only))["status"] == 404

    await pipeline.commit("one", "1")
    assert await pipeline.text("one") == "1"
