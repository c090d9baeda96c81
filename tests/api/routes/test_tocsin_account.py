from typing import Any

import pytest

from models.queries.account import find_branding, find_locale, find_preference_defaults, find_zone
from tests.pipelines import Pipeline

PATH = "/v1/tocsin/account"


async def test_what_is_set_is_shown_and_read_by_runs(pipeline: Pipeline) -> None:
    fresh = await pipeline.get(PATH)
    assert (fresh["timezone"], fresh["locale"], fresh["translations_enabled"]) == ("Etc/UTC", "en", True)
    given = {
        "name": "Acme, Inc.",
        "slug": "acme",
        "timezone": "Europe/Berlin",
        "locale": "de-DE",
        "translations_enabled": False,
        "branding": {"primary_color": "#1a2b3c", "support_email": "help@acme.example"},
    }
    shown = await pipeline.put(PATH, given)
    assert {name: shown[name] for name in given} == given
    assert await pipeline.get(PATH) == shown
    async with pipeline.database.connection() as connection:
        assert await find_branding(connection) == given["branding"]
        assert (await find_zone(connection), await find_locale(connection)) == ("Europe/Berlin", "de-DE")


async def test_branding_is_merged_and_null_takes_a_key_away(pipeline: Pipeline) -> None:
    await pipeline.put(
        PATH, {"branding": {"primary_color": "#fff", "logo_url": "https://acme.example/l.png"}}
    )
    shown = await pipeline.put(PATH, {"branding": {"logo_url": None, "dark_primary_color": "#000"}})
    assert shown["branding"] == {"primary_color": "#fff", "dark_primary_color": "#000"}


async def test_default_preferences_are_each_environments_own_and_are_replaced_whole(
    pipeline: Pipeline,
) -> None:
    strict = {"channel_types": {"sms": False}, "categories": {"Marketing & news": {"conditions": []}}}
    await pipeline.put(PATH, {"preferences": strict})
    await pipeline.put(PATH, {"preferences": {"channel_types": {"push": False}}}, "production")
    assert (await pipeline.get(PATH))["preferences"] == strict
    assert (await pipeline.get(PATH, "production"))["preferences"] == {"channel_types": {"push": False}}
    await pipeline.put(PATH, {"preferences": {}})
    (row,) = await pipeline.rows("SELECT id FROM environments WHERE slug = 'development'")
    async with pipeline.database.connection() as connection:
        assert await find_preference_defaults(connection, row["id"]) == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"timezone": "Berlin"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"locale": "deutsch!"}, "locale"),
        ({"slug": "Acme Inc"}, "slug"),
        ({"name": ""}, "name"),
        ({"branding": {"primary_color": "red"}}, "branding.primary_color"),
        ({"branding": {"logo_url": "javascript:alert(1)"}}, "branding.logo_url"),
        ({"branding": {"a-b": "x"}}, "branding"),
        ({"branding": {"custom": 1}}, "branding.custom"),
        ({"preferences": {"channel_types": {"email": "no"}}}, "preferences.channel_types.email"),
        ({"preferences": {"channels": {"email": True}}}, "preferences.channels"),
        ({"preferences": {"workflow": {}}}, "preferences.workflow"),
        ({"colour": 1}, "colour"),
    ],
)
async def test_what_cannot_hold_is_refused_by_its_place(
    pipeline: Pipeline, body: dict[str, Any], field: str
) -> None:
    before = await pipeline.get(PATH)
    told = await pipeline.refused("PUT", PATH, body)
    assert told["status"] == 422
    assert any(error["field"].startswith(field) for error in told["errors"])
    assert await pipeline.get(PATH) == before
