from typing import Any

import pytest

from models.tables.recipients import Identification
from models.values.given import GivenRecipient

REPLACE, MERGE = {"__persistence_strategy__": "replace"}, {"__persistence_strategy__": "merge"}


def ada(**more: Any) -> GivenRecipient:
    return GivenRecipient.read({"id": "ada", **more})


def both_ways(first: GivenRecipient, later: GivenRecipient) -> tuple[Any, Any]:
    """Joined as recipients of a trigger, and as they are identified: the same both ways."""
    one, other = Identification.of(first), Identification.of(later)
    assert one is not None
    assert other is not None
    joined, identified = first.joined_by(later), one.joined_by(other)
    assert (joined.properties, joined.preferences) == (identified.properties, identified.preferences)
    return joined.properties, joined.preferences


@pytest.mark.rule("E-TRIGGER-11")
def test_whoever_is_named_twice_has_the_properties_of_both_merged_deeply() -> None:
    first = ada(name="Ada", address={"city": "London", "zip": 1}, tags=["a"], old={"n": 1})
    later = ada(address={"zip": 2}, tags=["b"], old=None)

    properties, _ = both_ways(first, later)

    address = {"city": "London", "zip": 2}
    assert properties == {"name": "Ada", "address": address, "tags": ["b"], "old": None}


@pytest.mark.rule("E-TRIGGER-12", "E-PREF-18")
@pytest.mark.parametrize(
    ("first", "later", "kept"),
    [
        ({}, {}, {"channel_types": {"email": False, "sms": False}}),
        ({}, REPLACE, {"channel_types": {"sms": False}} | REPLACE),
        (REPLACE, MERGE, {"channel_types": {"email": False, "sms": False}} | REPLACE),
    ],
)
def test_preference_sets_of_one_who_is_named_twice_are_merged_unless_the_later_replaces(
    first: dict[str, Any], later: dict[str, Any], kept: dict[str, Any]
) -> None:
    email_off, sms_off = {"channel_types": {"email": False}}, {"channel_types": {"sms": False}}
    acme = {"channel_types": {"push": True}}

    _, sets = both_ways(
        ada(preferences={"default": email_off | first, "acme": acme}),
        ada(preferences={"default": sms_off | later}),
    )

    assert sets == {"default": kept, "acme": acme}


def test_a_bare_id_beside_properties_changes_nothing_of_them() -> None:
    bare, full = GivenRecipient.read("ada"), ada(name="Ada")
    assert bare.joined_by(full).properties == full.joined_by(bare).properties == {"name": "Ada"}
    assert bare.joined_by(bare).properties is None
