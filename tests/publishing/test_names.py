"""Names that cannot be kept are refused before anything is looked up."""

import base64
import json
from typing import Any

import pytest

from tests.builders import in_app_step, workflow
from tests.pipelines import Pipeline

TEXTS = {"format": "json", "content": "{}"}


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("en", {"namespace": "a/b~c"}, "namespace"),
        ("en", {"namespace": "n" * 256}, "namespace"),
        ("en", {"namespace": "n" * 9_000}, "namespace"),
        ("en", {"tenant": "t" * 257}, "tenant"),
        ("en%2Fadmin", {}, "locale_code"),
        ("en~acme", {}, "locale_code"),
        ("en" + "-ab" * 85, {}, "locale_code"),
    ],
)
async def test_a_translation_whose_name_would_be_read_as_another_is_refused(
    pipeline: Pipeline, path: str, query: dict[str, str], field: str
) -> None:
    for method, way in (("PUT", ""), ("PUT", "/validate"), ("GET", "")):
        told = await pipeline.refused(
            method, f"/v1/translations/{path}{way}", {"translation": TEXTS}, **query
        )
        assert (told["status"], told["errors"][0]["field"]) == (422, field)
    assert await pipeline.rows("SELECT key FROM resources") == []


@pytest.mark.parametrize(
    ("key", "field"),
    [("", "key"), ("en/a/b", "key"), ("e" * 5, "locale_code"), (f"en/{'n' * 9_000}", "namespace")],
)
async def test_a_push_of_a_translation_without_a_readable_name_is_refused(
    pipeline: Pipeline, key: str, field: str
) -> None:
    resources = [{"type": "translation", "key": key, "content": TEXTS}]
    for path in ("/v1/tocsin/content/validate", "/v1/tocsin/content"):
        told = await pipeline.refused("PUT", path, {"resources": resources})
        assert (told["status"], told["errors"][0]["field"]) == (422, field)


async def test_the_longest_name_of_a_translation_is_kept(pipeline: Pipeline) -> None:
    name = {"namespace": "ß" * 255, "tenant": "~/\n" + "ß" * 253}
    await pipeline.put("/v1/translations/pt-BR", {"translation": TEXTS}, commit="true", **name)
    found = await pipeline.get("/v1/translations/pt-BR", **name)
    assert {part: found[part] for part in ("locale_code", *name)} == {"locale_code": "pt-BR", **name}


@pytest.mark.parametrize("position", [["\ud800"], ["a\0"]])
async def test_a_cursor_that_is_no_text_counts_as_absent(pipeline: Pipeline, position: list[Any]) -> None:
    await pipeline.commit("greet", "one")
    cursor = base64.urlsafe_b64encode(json.dumps(position).encode()).decode()
    page = await pipeline.get("/v1/workflows", after=cursor)
    assert [one["key"] for one in page["entries"]] == ["greet"]


@pytest.mark.rule("E-LIMITS-8")
async def test_a_key_has_at_most_255_characters(pipeline: Pipeline) -> None:
    kinds = {
        "workflows": ("workflow", workflow(in_app_step())),
        "partials": ("partial", {"name": "Footer", "type": "html", "content": "hi"}),
    }
    for path, (name, content) in kinds.items():
        await pipeline.put(f"/v1/{path}/{'k' * 255}", {name: content})
        for key in ("k" * 256, "K", "k.k", "k%20k"):
            told = await pipeline.refused("PUT", f"/v1/{path}/{key}", {name: content})
            assert (told["status"], told["errors"][0]["field"]) == (422, "key")
