"""Ways through the log that once lost, broke or revived something."""

from typing import Any

from tests.builders import email_step, in_app_step, workflow
from tests.pipelines import Pipeline

LAYOUT = {"name": "L", "html_layout": "{{ content }}", "text_layout": "{{ content }}"}


async def branch(pipeline: Pipeline, slug: str = "mine") -> None:
    answer = await pipeline.call("POST", f"/v1/branches/{slug}")
    assert answer.status_code == 201, answer.text


async def archive(pipeline: Pipeline, kind: str, key: str) -> None:
    answer = await pipeline.call("DELETE", f"/v1/tocsin/content/{kind}/{key}")
    assert answer.status_code == 200, answer.text


async def partial(pipeline: Pipeline, key: str, content: str, **query: Any) -> None:
    body = {"partial": {"type": "html", "name": key, "content": content}}
    await pipeline.put(f"/v1/partials/{key}", body, **query)


async def test_a_rebase_keeps_what_was_committed_after_the_merged_commit(pipeline: Pipeline) -> None:
    await branch(pipeline)
    await pipeline.commit("greet", "b1", branch="mine")
    await pipeline.commit("greet", "b2", branch="mine")
    _, first = await pipeline.log(branch="mine")
    await pipeline.put(f"/v1/commits/{first['id']}/promote")
    await pipeline.commit("greet", "main")

    await pipeline.put("/v1/branches/mine/rebase")

    assert await pipeline.text("greet", branch="mine") == "b2"
    assert await pipeline.promote("development", branch="mine") == ["greet"]
    assert await pipeline.text("greet") == "b2"


async def test_a_merged_commit_is_reverted_in_development_though_its_branch_is_gone(
    pipeline: Pipeline,
) -> None:
    await pipeline.commit("greet", "one")
    await branch(pipeline)
    await pipeline.commit("greet", "two", branch="mine")
    await pipeline.promote("development", branch="mine")
    await pipeline.call("DELETE", "/v1/branches/mine")
    (newest, *_) = await pipeline.log()

    await pipeline.put(f"/v1/tocsin/commits/{newest['id']}/revert")

    assert await pipeline.text("greet") == "one"


async def test_an_environment_put_in_between_takes_production_nowhere_back(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    await pipeline.commit("greet", "two")
    await pipeline.promote("production")
    await pipeline.put("/v1/tocsin/environments/staging", {"name": "Staging", "after": "development"})
    _, first = await pipeline.log()
    staged = await pipeline.put(f"/v1/commits/{first['id']}/promote")
    assert staged["commit"]["environment"] == "staging"

    assert await pipeline.promote("production") == []
    told = await pipeline.refused("PUT", f"/v1/commits/{staged['commit']['id']}/promote")
    assert told["code"] == "commit_superseded"
    assert await pipeline.text("greet", "production") == "two"
    assert await pipeline.promote("staging") == ["greet"]


async def test_a_commit_promoted_again_answers_as_the_first_time(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    (commit,) = await pipeline.log()
    first = await pipeline.put(f"/v1/commits/{commit['id']}/promote")
    await pipeline.put(
        "/v1/workflows/greet",
        {"workflow": workflow(in_app_step(body="forced"))},
        "production",
        force="true",
        commit="true",
    )

    assert await pipeline.put(f"/v1/commits/{commit['id']}/promote") == first
    assert await pipeline.text("greet", "production") == "forced"


async def test_a_draft_under_an_archived_key_publishes_nothing_and_hides_nothing(pipeline: Pipeline) -> None:
    await partial(pipeline, "sign", "<b>old</b>", commit="true")
    await archive(pipeline, "partial", "sign")
    await partial(pipeline, "sign", "<b>new</b>")

    (row,) = await pipeline.rows("SELECT archived_at, current_version_id FROM resources WHERE key = 'sign'")
    assert row["archived_at"] is not None
    assert row["current_version_id"] is not None
    shown = await pipeline.get("/v1/partials/sign")
    assert shown["content"] == "<b>new</b>"
    assert (await pipeline.put("/v1/commits"))["committed"] == ["sign"]
    (row,) = await pipeline.rows("SELECT archived_at FROM resources WHERE key = 'sign'")
    assert row["archived_at"] is None


async def test_what_is_archived_stands_no_publishing_in_the_way(pipeline: Pipeline) -> None:
    await partial(pipeline, "sign", "<b>x</b>", commit="true")
    await pipeline.put("/v1/email_layouts/plain", {"email_layout": LAYOUT}, commit="true")
    template = {"subject": "s", "html_body": "{% render 'sign' %}", "settings": {"layout_key": "plain"}}
    mail = workflow({**email_step(), "channel_key": "sink-email", "template": template})
    await pipeline.put("/v1/workflows/mail", {"workflow": mail}, commit="true")
    await archive(pipeline, "partial", "sign")
    await archive(pipeline, "email_layout", "plain")

    changed = {**mail, "name": "Changed"}
    await pipeline.put("/v1/workflows/mail", {"workflow": changed}, commit="true")

    rows = await pipeline.rows(
        "SELECT compiled -> 'partials' AS partials FROM resource_versions WHERE key = 'mail' ORDER BY number"
    )
    assert [list(row["partials"]) for row in rows] == [["sign"], []]


async def test_a_guide_that_begins_anew_is_switched_off(pipeline: Pipeline) -> None:
    guide = {"guide": {"name": "G", "channel_key": "sink-in-app-guide", "steps": []}}
    for _ in range(2):
        await pipeline.put("/v1/guides/tour", guide, commit="true")
        await pipeline.promote("production")
        assert (await pipeline.get("/v1/guides/tour", "production"))["active"] is False
        await pipeline.put("/v1/guides/tour/activate", {"status": True}, "production")
        await pipeline.call("DELETE", "/v1/guides/tour")


async def test_a_change_that_breaks_what_is_published_is_refused(pipeline: Pipeline) -> None:
    for number in range(5, 0, -1):
        inner = f"{{% render 'p{number + 1}' %}}" if number < 5 else "end"
        await partial(pipeline, f"p{number}", inner, commit="true")
    await partial(pipeline, "p6", "deeper", commit="true")
    body = {"partial": {"type": "html", "name": "p5", "content": "{% render 'p6' %}"}}

    told = await pipeline.refused("PUT", "/v1/partials/p5", body, commit="true")

    assert told["status"] == 422
    assert "5 deep" in told["message"]
