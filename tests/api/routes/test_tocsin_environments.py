import asyncio
from typing import Any

import pytest

from tests.pipelines import Pipeline

PATH = "/v1/tocsin/environments"


async def order(pipeline: Pipeline) -> list[str]:
    return [one["slug"] for one in (await pipeline.http.get("/v1/environments")).json()["entries"]]


async def test_environments_are_listed_in_their_order_as_knock_shows_them(long_pipeline: Pipeline) -> None:
    first = (await long_pipeline.http.get("/v1/environments", params={"limit": 1})).json()
    (one,) = first["entries"]
    assert (one["slug"], one["owner"], one["hide_pii_data"], one["deleted_at"]) == (
        "development",
        "system",
        False,
        None,
    )
    after = {"after": first["page_info"]["after"]}
    rest = (await long_pipeline.http.get("/v1/environments", params=after)).json()["entries"]
    assert [(one["slug"], one["owner"]) for one in rest] == [("staging", "user"), ("production", "system")]
    assert (await long_pipeline.get("/v1/environments/staging"))["name"] == "Staging"
    assert (await long_pipeline.refused("GET", "/v1/environments/moon"))["code"] == "resource_missing"


async def test_a_branch_is_no_environment(pipeline: Pipeline) -> None:
    assert (await pipeline.call("POST", "/v1/branches/feature")).status_code == 201
    assert await order(pipeline) == ["development", "production"]
    assert (await pipeline.refused("GET", "/v1/environments/feature"))["status"] == 404


async def test_an_environment_cannot_take_the_slug_of_a_branch(pipeline: Pipeline) -> None:
    assert (await pipeline.call("POST", "/v1/branches/feature")).status_code == 201
    told = await pipeline.refused("PUT", f"{PATH}/feature", {})
    assert [one["field"] for one in told["errors"]] == ["slug"]
    assert "is a branch of development" in told["errors"][0]["message"]
    assert await order(pipeline) == ["development", "production"]


async def test_new_environments_go_between_development_and_production(pipeline: Pipeline) -> None:
    made = await pipeline.put(f"{PATH}/staging", {"name": "Staging", "label_color": "#ff0000"})
    assert (made["owner"], made["label_color"], made["enhanced_security"]) == ("user", "#ff0000", False)
    await pipeline.put(f"{PATH}/qa", {"before": "staging"})
    await pipeline.put(f"{PATH}/acceptance", {"after": "staging"})
    assert await order(pipeline) == ["development", "qa", "staging", "acceptance", "production"]


async def test_content_is_promoted_through_a_new_environment(pipeline: Pipeline) -> None:
    await pipeline.put(f"{PATH}/staging", {})
    await pipeline.commit("hello", "Hi")
    assert await pipeline.promote("staging")
    assert await pipeline.text("hello", "staging") == "Hi"
    assert await pipeline.text("hello", "production") is None


async def test_a_change_keeps_what_was_not_given(pipeline: Pipeline) -> None:
    await pipeline.put(f"{PATH}/staging", {"name": "Staging", "hide_pii_data": True})
    shown = await pipeline.put(f"{PATH}/staging", {"name": "Acceptance"})
    assert (shown["name"], shown["hide_pii_data"]) == ("Acceptance", True)
    assert (await pipeline.put(f"{PATH}/production", {"name": "Live"}))["name"] == "Live"


@pytest.mark.rule("E-LIMITS-9")
@pytest.mark.parametrize(
    ("slug", "body", "field"),
    [
        ("staging", {"before": "development"}, "before"),
        ("staging", {"after": "production"}, "after"),
        ("staging", {"after": "moon"}, "after"),
        ("staging", {"before": "production", "after": "development"}, "after"),
        ("Staging!", {}, "slug"),
        ("s" * 256, {}, "slug"),
        ("staging", {"label_color": "red"}, "label_color"),
        ("production", {"before": "development"}, "before"),
        ("production", {"enhanced_security": True}, "enhanced_security"),
    ],
)
async def test_what_would_break_the_order_or_lock_everyone_out_is_refused(
    pipeline: Pipeline, slug: str, body: dict[str, Any], field: str
) -> None:
    told = await pipeline.refused("PUT", f"{PATH}/{slug}", body)
    assert (told["status"], told["errors"][0]["field"]) == (422, field)
    assert await order(pipeline) == ["development", "production"]


async def test_an_empty_environment_is_archived_with_its_keys_and_its_slug_is_free(
    pipeline: Pipeline,
) -> None:
    await pipeline.put(f"{PATH}/staging", {})
    key = (await pipeline.http.post("/v1/api_keys/exchange", params={"environment": "staging"})).json()
    assert (await pipeline.call("DELETE", f"{PATH}/staging")).status_code == 204
    assert await order(pipeline) == ["development", "production"]
    headers = {"authorization": f"Bearer {key['api_key']}"}
    assert (await pipeline.http.get("/v1/messages", headers=headers)).status_code == 401
    await pipeline.put(f"{PATH}/staging", {})
    assert await order(pipeline) == ["development", "staging", "production"]


@pytest.mark.parametrize("slug", ["development", "production"])
async def test_the_environments_that_every_account_has_stay(pipeline: Pipeline, slug: str) -> None:
    assert (await pipeline.refused("DELETE", f"{PATH}/{slug}"))["status"] == 422


async def test_an_environment_that_holds_something_stays(pipeline: Pipeline) -> None:
    await pipeline.put(f"{PATH}/staging", {})
    await pipeline.commit("hello", "Hi")
    await pipeline.promote("staging")
    told = await pipeline.refused("DELETE", f"{PATH}/staging")
    assert (told["status"], "resources" in told["message"]) == (422, True)


async def test_environments_made_at_once_all_stand_between(pipeline: Pipeline) -> None:
    answers = await asyncio.gather(*(pipeline.put(f"{PATH}/env-{n}", {}) for n in range(8)))
    assert len({one["order"] for one in (await pipeline.get("/v1/environments"))["entries"]}) == 10
    assert {one["slug"] for one in answers} == set((await order(pipeline))[1:-1])
