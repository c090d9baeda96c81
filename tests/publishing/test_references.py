"""What content refers to must be there, and fit."""

from typing import Any

import pytest

from tests.builders import email_step, in_app_step, workflow
from tests.pipelines import Pipeline

LAYOUT = {"name": "L", "html_layout": "{{ content }}", "text_layout": "{{ content }}"}


def mail(**template: Any) -> dict[str, Any]:
    step = email_step()
    return workflow({**step, "template": {"subject": "s", "html_body": "b", **template}})


async def push(pipeline: Pipeline, **named: tuple[str, dict[str, Any]]) -> dict[str, Any] | None:
    """The refusal of a push of these, by key; None when it was taken."""
    resources = [{"type": kind, "key": key, "content": content} for key, (kind, content) in named.items()]
    answer = await pipeline.call("PUT", "/v1/tocsin/content/validate", {"resources": resources})
    return None if answer.status_code == 200 else answer.json()


async def mistake(pipeline: Pipeline, **named: tuple[str, dict[str, Any]]) -> tuple[str, str]:
    told = await push(pipeline, **named)
    assert told is not None
    return told["errors"][0]["field"], told["errors"][0]["message"]


async def test_a_layout_must_be_there_or_come_along(pipeline: Pipeline) -> None:
    needs = mail(settings={"layout_key": "plain"})
    path, said = await mistake(pipeline, w=("workflow", needs))
    assert path == "steps[0].template.settings.layout_key"
    assert '"plain"' in said
    assert await push(pipeline, w=("workflow", needs), plain=("email_layout", LAYOUT)) is None


async def test_an_mjml_template_needs_an_mjml_layout(pipeline: Pipeline) -> None:
    needs = mail(is_mjml=True, html_body="<mj-text>x</mj-text>", settings={"layout_key": "plain"})
    path, said = await mistake(pipeline, w=("workflow", needs), plain=("email_layout", LAYOUT))
    assert path == "steps[0].template.settings.layout_key"
    assert "not MJML" in said
    mjml = {**LAYOUT, "is_mjml": True, "html_layout": "<mjml><mj-body>{{ content }}</mj-body></mjml>"}
    assert await push(pipeline, w=("workflow", needs), plain=("email_layout", mjml)) is None


async def test_a_partial_must_be_there_or_come_along(pipeline: Pipeline) -> None:
    needs = workflow(in_app_step(body="{% render 'sign' %}"))
    partial = {"type": "markdown", "name": "Sign", "content": "bye"}
    path, said = await mistake(pipeline, w=("workflow", needs))
    assert path == "steps[0].template.markdown_body"
    assert '"sign"' in said
    assert await push(pipeline, w=("workflow", needs), sign=("partial", partial)) is None


@pytest.mark.parametrize("length", [1, 2, 3])
async def test_partials_that_render_one_another_in_a_circle_are_refused(
    pipeline: Pipeline, length: int
) -> None:
    circle = {
        f"p{n}": (
            "partial",
            {"type": "html", "name": "P", "content": f"{{% render 'p{(n + 1) % length}' %}}"},
        )
        for n in range(length)
    }
    path, said = await mistake(pipeline, **circle)
    assert path == "content"
    assert "itself" in said or "circle" in said


@pytest.mark.rule("E-LIMITS-37")
async def test_partials_are_nested_five_deep_and_no_deeper(pipeline: Pipeline) -> None:
    def chain(length: int) -> dict[str, tuple[str, dict[str, Any]]]:
        contents = [f"{{% render 'p{n + 1}' %}}" for n in range(length - 1)] + ["end"]
        return {
            f"p{n}": ("partial", {"type": "html", "name": "P", "content": content})
            for n, content in enumerate(contents)
        }

    assert await push(pipeline, **chain(5)) is None
    path, said = await mistake(pipeline, **chain(6))
    assert (path, "5 deep" in said) == ("content", True)


async def test_a_channel_must_be_of_the_steps_type(pipeline: Pipeline) -> None:
    path, said = await mistake(pipeline, w=("workflow", workflow({**email_step(), "channel_key": "in-app"})))
    assert path == "steps[0].channel_key"
    assert "in_app_feed" in said


async def test_a_guide_needs_its_message_type_variant_and_audience(pipeline: Pipeline) -> None:
    step = {
        "ref": "step_1",
        "schema_key": "card2",
        "schema_semver": "1.0.0",
        "schema_variant_key": "default",
        "values": {"title": "{{ data.x }}"},
    }
    guide = {"name": "G", "channel_key": "guides", "steps": [step], "target_audience_key": "staff"}
    kind = {
        "name": "Card",
        "description": "",
        "preview": "",
        "variants": [{"key": "other", "name": "O", "fields": []}],
    }
    told = await push(pipeline, g=("guide", guide))
    assert told is not None
    assert {one["field"] for one in told["errors"]} == {"steps[0].schema_key", "target_audience_key"}
    audience = ("audience", {"type": "static", "name": "Staff"})
    path, said = await mistake(pipeline, g=("guide", guide), card2=("message_type", kind), staff=audience)
    assert (path, "other" in said) == ("steps[0].schema_variant_key", True)


async def test_an_unknown_channel_is_taken_in_development(pipeline: Pipeline) -> None:
    assert await push(pipeline, w=("workflow", workflow({**email_step(), "channel_key": "postmark"}))) is None


@pytest.mark.parametrize("field", ["html_layout", "text_layout"])
async def test_a_layout_prints_the_content(pipeline: Pipeline, field: str) -> None:
    path, said = await mistake(pipeline, plain=("email_layout", {**LAYOUT, field: "nothing"}))
    assert (path, "{{ content }}" in said) == (field, True)


async def test_channels_that_are_made_before_the_content_count_where_it_is_validated(
    pipeline: Pipeline,
) -> None:
    resources = [
        {"type": "workflow", "key": "one", "content": workflow({**email_step(), "channel_key": "post"})},
        {
            "type": "workflow",
            "key": "all",
            "content": workflow({**email_step(), "channel_key": None, "channel_group_key": "every"}),
        },
    ]
    path = "/v1/tocsin/content/validate"

    async def fields(**coming: dict[str, str]) -> list[tuple[str, str]]:
        answer = await pipeline.call(
            "PUT", path, {"resources": resources, "force": True, **coming}, "production"
        )
        told = [] if answer.status_code == 200 else answer.json()["errors"]
        return [(one["resource"]["key"], one["field"]) for one in told]

    both = [("one", "steps[0].channel_key"), ("all", "steps[0].channel_group_key")]
    assert await fields() == both
    assert await fields(channels={"post": "email"}, channel_groups={"every": "email"}) == []
    assert await fields(channels={"post": "sms"}, channel_groups={"every": "push"}) == both
    assert await pipeline.rows("SELECT key FROM channels WHERE key = 'post'") == []
