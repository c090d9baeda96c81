"""What resources and commits look like where something was never said: the contract has no null for it."""

from typing import Any

import pytest

from tests.builders import in_app_step, workflow
from tests.pipelines import Pipeline

MESSAGE_TYPE = {"name": "M", "description": None, "preview": "", "icon_name": None}


@pytest.mark.parametrize(
    ("path", "body", "absent"),
    [
        (
            "partials/sign",
            {"partial": {"type": "html", "name": "P", "content": "", "description": None, "icon_name": None}},
            {"icon_name", "description"},
        ),
        ("partials/sign", {"partial": {"type": "html", "name": "P", "content": ""}}, {"icon_name"}),
        ("message_types/card2", {"message_type": MESSAGE_TYPE}, {"icon_name"}),
        ("translations/en", {"translation": {"format": "json", "content": "{}"}}, {"tenant"}),
        (
            "email_layouts/plain",
            {"email_layout": {"name": "L", "html_layout": "{{ content }}", "text_layout": "{{ content }}"}},
            {"branding_overrides"},
        ),
        (
            "workflows/greet",
            {"workflow": {**workflow(in_app_step()), "description": None, "trigger_data_json_schema": None}},
            {"description", "trigger_data_json_schema", "deleted_at"},
        ),
    ],
)
async def test_a_plain_field_that_was_not_said_is_left_out_and_not_null(
    pipeline: Pipeline, path: str, body: dict[str, Any], absent: set[str]
) -> None:
    wrapper = next(iter(body))
    validated = (await pipeline.put(f"/v1/{path}/validate", body))[wrapper]
    saved = (await pipeline.put(f"/v1/{path}", body, commit="true"))[wrapper]
    read = await pipeline.get(f"/v1/{path}")

    assert not absent & validated.keys()
    assert not absent & saved.keys()
    assert not absent & read.keys()
    await pipeline.put(f"/v1/{path}", {wrapper: saved}, commit="true")
    assert len(await pipeline.log()) == 1


async def test_what_is_only_validated_is_as_old_as_the_answer(pipeline: Pipeline) -> None:
    body = {"workflow": workflow(in_app_step())}
    shown = (await pipeline.put("/v1/workflows/greet/validate", body))["workflow"]
    assert shown["created_at"] == shown["updated_at"]
    assert shown["created_at"].endswith("Z")


async def test_a_commit_without_a_message_has_none(pipeline: Pipeline) -> None:
    await pipeline.commit("greet", "one")
    (listed,) = await pipeline.log()
    got = await pipeline.get(f"/v1/commits/{listed['id']}")
    promoted = (await pipeline.put(f"/v1/commits/{listed['id']}/promote"))["commit"]
    diff = (await pipeline.get(f"/v1/tocsin/commits/{listed['id']}/diff"))["commit"]
    for commit in (listed, got, promoted, diff):
        assert "commit_message" not in commit
