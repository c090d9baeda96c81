"""What Knock's CLI leaves out, adds and expects beyond the contract."""

import json
from typing import Any

import pytest

from tests.pipelines import Pipeline

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("file", "expected"), [("content.md", "markdown"), ("content.html", "html"), ("a.json", "json")]
)
async def test_a_partials_type_is_that_of_the_file_beside_its_content(
    pipeline: Pipeline, file: str, expected: str
) -> None:
    partial = {"name": "P", "content": "{}", "content@": file}
    saved = await pipeline.put("/v1/partials/p", {"partial": partial})
    assert saved["partial"]["type"] == expected
    # The CLI never sends the type, nor is it another for another file.
    again = await pipeline.put("/v1/partials/p", {"partial": {**partial, "content@": "content.txt"}})
    assert again["partial"]["type"] == expected


async def test_a_message_types_version_stays_when_it_is_left_out(pipeline: Pipeline) -> None:
    content: Json = {"name": "M", "description": None, "preview": "<p>", "variants": []}
    await pipeline.put("/v1/message_types/m", {"message_type": {**content, "semver": "2.1.0"}})
    again = await pipeline.put("/v1/message_types/m", {"message_type": content})
    assert again["message_type"]["semver"] == "2.1.0"


async def test_audiences_are_annotated_for_who_loses_the_environment(pipeline: Pipeline) -> None:
    body = {"audience": {"name": "A", "type": "static"}}
    answer = await pipeline.http.put("/v1/audiences/a", json=body)
    assert answer.json()["audience"]["__annotation"]["readonly_fields"]
    assert "__annotation" not in (await pipeline.put("/v1/audiences/a", body))["audience"]


async def test_content_is_shown_in_the_order_that_it_was_written(pipeline: Pipeline) -> None:
    content: Json = {"tags": ["x"], "steps": [], "name": "W", "categories": []}
    await pipeline.put("/v1/workflows/w", {"workflow": content})
    shown = await pipeline.get("/v1/workflows/w", annotate="true")
    assert [key for key in shown if key in content] == list(content)


async def test_a_translation_is_answered_in_the_format_asked_for(pipeline: Pipeline) -> None:
    po = 'msgid "hello"\nmsgstr "Hallo"\n'
    await pipeline.put("/v1/translations/de", {"translation": {"format": "po", "content": po}})
    as_json = await pipeline.get("/v1/translations/de", format="json")
    assert json.loads(as_json["translation"]["content"]) == {"hello": "Hallo"}
    assert as_json["content"] == as_json["translation"]["content"]
    [listed] = (await pipeline.get("/v1/translations", format="json"))["entries"]
    assert (listed["format"], json.loads(listed["content"])) == ("json", {"hello": "Hallo"})
    assert (await pipeline.get("/v1/translations/de"))["translation"]["content"] == po


async def test_tenants_translations_are_left_out_where_files_are_asked_for(pipeline: Pipeline) -> None:
    body = {"translation": {"format": "json", "content": "{}"}}
    await pipeline.put("/v1/translations/en", body)
    await pipeline.put("/v1/translations/en", body, tenant="acme")

    async def tenants(**query: str) -> list[str | None]:
        return [one.get("tenant") for one in (await pipeline.get("/v1/translations", **query))["entries"]]

    assert await tenants() == [None, "acme"]
    assert await tenants(format="json") == [None]
    assert await tenants(format="json", tenant="acme") == ["acme"]


async def test_a_new_guide_is_shown_to_nobody(pipeline: Pipeline) -> None:
    guide = {"name": "G", "channel_key": "guides", "steps": []}
    saved = await pipeline.put("/v1/guides/g", {"guide": guide})
    assert saved["guide"]["active"] is False
