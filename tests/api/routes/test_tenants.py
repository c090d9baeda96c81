from typing import Any

import pytest
from knockapi import AsyncKnock, NotFoundError

from models.database import Database
from models.parts import Part, execute
from models.queries.account import write_preference_defaults
from models.tables.recipients import Identification, identify
from models.values.given import GivenTenant
from models.values.refs import TENANTS, RecipientRef
from tests.api.conftest import Client
from tests.environments import TestEnvironment
from tests.runs import NOON

EMAIL_OFF = {"channel_types": {"email": False}}


async def test_the_sdk_sets_reads_lists_and_deletes_a_tenant(sdk: AsyncKnock) -> None:
    made = await sdk.tenants.set(
        "acme",
        name="Acme",
        settings={"branding": {"primary_color": "#112233"}},
        extra_body={"plan": "gold"},
    )
    assert (made.id, made.name, made.api_typename) == ("acme", "Acme", "Tenant")
    assert made.model_extra is not None
    assert made.model_extra["plan"] == "gold"
    listed = await sdk.tenants.list()
    assert [one.id for one in listed.entries] == ["acme"]

    await sdk.tenants.delete("acme")

    with pytest.raises(NotFoundError):
        await sdk.tenants.get("acme")
    with pytest.raises(NotFoundError):
        await sdk.tenants.delete("acme")


@pytest.mark.rule("E-TENANT-3")
async def test_settings_are_merged_deeply(client: Client) -> None:
    await client.put("/v1/tenants/acme", json={"settings": {"branding": {"logo_url": "a", "icon_url": "b"}}})
    await client.put("/v1/tenants/acme", json={"settings": {"branding": {"icon_url": "c"}}})
    shown = (await client.put("/v1/tenants/acme", json={"settings": {"preference_set": EMAIL_OFF}})).json()
    assert shown["settings"] == {
        "branding": {"logo_url": "a", "icon_url": "c"},
        "preference_set": {**EMAIL_OFF, "id": "default"},
    }


async def test_a_tenant_with_settings_of_another_kind_is_listed_as_it_is(
    client: Client, database: Database, environment: TestEnvironment
) -> None:
    kept = {"a": "x", "b": {"preference_set": 5}}
    async with database.connection() as connection:
        for tenant_id, settings in kept.items():
            ref = RecipientRef(collection=TENANTS, id=tenant_id)
            await identify(connection, environment.id, ref, {"settings": settings}, NOON)

    listed = (await client.found("/v1/tenants"))["entries"]

    assert {one["id"]: one["settings"] for one in listed} == kept


def set_of(preference_set: dict[str, Any] | None) -> dict[str, Any]:
    return {"settings": {"preference_set": preference_set}}


SMS_OFF = {"channel_types": {"sms": False}}
REPLACING = {"__persistence_strategy__": "replace", **SMS_OFF}
LARGE = {"notes": "x" * 300_000}


@pytest.mark.rule("E-PREF-18")
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (SMS_OFF, {"channel_types": {"email": False, "sms": False}}),
        ({"__persistence_strategy__": "merge", **SMS_OFF}, {"channel_types": {"email": False, "sms": False}}),
        (REPLACING, SMS_OFF),
        ({"__persistence_strategy__": "replace"}, {}),
        (None, None),
    ],
)
@pytest.mark.parametrize("writer", ["identify", "bulk", "inline"])
async def test_a_tenants_set_is_merged_unless_it_is_to_replace_or_is_null(
    client: Client,
    database: Database,
    environment: TestEnvironment,
    writer: str,
    given: dict[str, Any] | None,
    kept: dict[str, Any] | None,
) -> None:
    name = {"name": "Acme", "settings": {"branding": {"logo_url": "a"}}}
    await client.put("/v1/tenants/acme", json=name)
    await client.put("/v1/tenants/acme", json=set_of(EMAIL_OFF))
    if writer == "identify":
        await client.put("/v1/tenants/acme", json=set_of(given))
    elif writer == "bulk":
        await client.post("/v1/tenants/bulk/set", json={"tenants": [{"id": "acme", **set_of(given)}]})
    else:
        wanted = Identification.of(GivenTenant.read({"id": "acme", **set_of(given)}))
        assert wanted is not None
        async with database.transaction() as connection:
            parts = [Part("claimed", "SELECT 1", {}), *wanted.parts("tenant", environment.id, NOON)]
            await execute(connection, parts, "SELECT count(*) FROM claimed")

    shown = await client.found("/v1/tenants/acme")

    assert (shown["name"], shown["settings"]["branding"]) == ("Acme", {"logo_url": "a"})
    assert shown["settings"]["preference_set"] == (None if kept is None else {**kept, "id": "default"})


async def test_a_new_tenants_set_that_is_to_replace_is_kept_without_saying_so(client: Client) -> None:
    shown = (await client.put("/v1/tenants/acme", json=set_of(REPLACING))).json()
    assert shown["settings"]["preference_set"] == {**SMS_OFF, "id": "default"}


async def test_a_set_that_is_to_replace_leaves_what_was_when_it_comes_with_too_much(client: Client) -> None:
    before = (await client.put("/v1/tenants/acme", json=set_of(EMAIL_OFF))).json()
    await client.refused("PUT", "/v1/tenants/acme", json=set_of(REPLACING) | LARGE)
    await client.post(
        "/v1/tenants/bulk/set", json={"tenants": [{"id": "acme", **set_of(REPLACING), **LARGE}]}
    )
    assert await client.found("/v1/tenants/acme") == before


async def test_only_a_tenants_settings_know_a_strategy(client: Client) -> None:
    given = set_of(REPLACING)
    await client.put("/v1/users/ada", json=set_of({"mine": True}))
    shown = (await client.put("/v1/users/ada", json=given)).json()
    assert shown["settings"]["preference_set"] == {"mine": True, **REPLACING}


@pytest.mark.rule("E-TENANT-3")
async def test_a_preference_set_is_resolved_when_asked_for(
    client: Client, database: Database, environment: TestEnvironment
) -> None:
    async with database.connection() as connection:
        defaults = {"channel_types": {"sms": False, "email": True}}
        await write_preference_defaults(connection, environment.id, defaults, NOON)
    path = "/v1/tenants/acme"
    resolved = {"id": "default", "channel_types": {"sms": False, "email": False}}
    asked = {"resolve_full_preference_settings": "true"}
    set_ = await client.put(path, json={"settings": {"preference_set": EMAIL_OFF}}, params=asked)
    assert set_.json()["settings"]["preference_set"] == resolved
    assert (await client.found(path, **asked))["settings"]["preference_set"] == resolved
    assert (await client.found(path))["settings"]["preference_set"] == {**EMAIL_OFF, "id": "default"}


async def test_tenants_are_found_by_id_and_by_name(client: Client) -> None:
    for tenant_id, name in (("a", "Acme"), ("b", "Acme"), ("c", "Other")):
        await client.put(f"/v1/tenants/{tenant_id}", json={"name": name})
    await client.put("/v1/users/a", json={"name": "Acme"})

    async def ids(**query: str) -> list[str]:
        return [one["id"] for one in (await client.found("/v1/tenants", **query))["entries"]]

    assert await ids() == ["c", "b", "a"]
    assert await ids(name="Acme") == ["b", "a"]
    assert await ids(name="Acme", tenant_id="a") == ["a"]
    assert await ids(tenant_id="nobody") == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/tenants/two%20words", {}, "id"),
        ("/v1/tenants/acme", {"name": 7}, "name"),
        ("/v1/tenants/acme", {"settings": []}, "settings"),
        ("/v1/tenants/acme", {"settings": {"branding": "red"}}, "settings.branding"),
        ("/v1/tenants/acme", {"settings": {"branding": {"logo_url": 7}}}, "settings.branding.logo_url"),
        (
            "/v1/tenants/acme",
            {"settings": {"preference_set": {"workflows": []}}},
            "settings.preference_set.workflows",
        ),
    ],
)
async def test_a_tenant_that_cannot_be_kept_is_refused(
    client: Client, path: str, body: dict[str, object], field: str
) -> None:
    told = await client.refused("PUT", path, json=body)
    assert (told["status"], told["errors"][0]["field"]) == (422, field)
