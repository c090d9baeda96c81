"""Recipients and tenants as callers give them."""

from typing import Any

import pytest

from models.values.given import GivenMistake, GivenRecipient, GivenTenant


@pytest.mark.parametrize(
    ("raw", "gid", "properties"),
    [
        ("ada", "gid://Object/$users/ada", None),
        ({"id": "ada"}, "gid://Object/$users/ada", {}),
        ({"id": "ada", "name": "Ada", "old": None}, "gid://Object/$users/ada", {"name": "Ada", "old": None}),
        ({"id": "a/b#c", "collection": "teams"}, "gid://Object/teams/a/b#c", {}),
        ({"id": "t", "collection": "$tenants", "name": "T"}, "gid://Object/$tenants/t", {"name": "T"}),
        ({"id": "u" * 256}, f"gid://Object/$users/{'u' * 256}", {}),
    ],
)
def test_the_shape_says_who_is_meant(raw: Any, gid: str, properties: dict[str, Any] | None) -> None:
    # E-TRIGGER-3, E-TRIGGER-10
    given = GivenRecipient.read(raw)
    assert (given.ref.gid, given.properties, given.trigger_data) == (gid, properties, None)


@pytest.mark.rule("E-TRIGGER-12")
def test_data_for_one_recipient_is_no_property_of_theirs() -> None:
    given = GivenRecipient.read({"id": "ada", "$trigger_data": {"seat": 7}, "channel_data": None})
    assert (given.properties, given.trigger_data) == ({}, {"seat": 7})


@pytest.mark.rule("E-TRIGGER-15")
@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (7, ""),
        (None, ""),
        (["ada"], ""),
        ("", "id"),
        ({}, "id"),
        ({"id": 7}, "id"),
        ({"id": ""}, "id"),
        # E-TRIGGER-15
        ("a/b", "id"),
        ({"id": "a#b"}, "id"),
        ("u" * 257, "id"),
        ({"id": "o" * 257, "collection": "teams"}, "id"),
        ({"id": "ada", "collection": ""}, "collection"),
        ({"id": "ada", "collection": 7}, "collection"),
        ({"id": "ada", "$trigger_data": []}, "$trigger_data"),
        ({"id": "ada", "channel_data": {"push": {}}}, "channel_data"),
        ({"id": "ada", "preferences": {"two words": {}}}, "id"),
    ],
)
def test_a_recipient_that_cannot_be_obeyed_is_refused_at_its_field(raw: Any, field: str) -> None:
    with pytest.raises(GivenMistake) as mistake:
        GivenRecipient.read(raw)
    assert (mistake.value.field, bool(mistake.value.message)) == (field, True)


@pytest.mark.rule("E-TRIGGER-17")
def test_a_tenant_is_made_either_way() -> None:
    assert GivenTenant.read("acme") == GivenTenant(id="acme", properties={})
    assert GivenTenant.read({"id": "acme", "name": "Acme"}).properties == {"name": "Acme"}
    assert GivenTenant.read("acme").ref.gid == "gid://Object/$tenants/acme"


@pytest.mark.parametrize("raw", ["two words", "tab\there", "", 7, {}, {"id": "a b"}, ["acme"]])
def test_a_tenant_without_a_proper_id_is_refused(raw: Any) -> None:
    with pytest.raises(GivenMistake):
        GivenTenant.read(raw)
