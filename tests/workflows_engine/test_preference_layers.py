"""Layers of preferences merged into one set (E-PREF-3 to E-PREF-7)."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.preferring import C1, C2, EMAIL_OFF, EMAIL_ON, HOLDS, MUTED, Set, collaboration, sets, verdict
from workflows_engine.preferences import STRATEGY, Layers, layered, merged, says_anything


def test_layers_are_read_by_their_names_and_what_is_absent_or_no_set_is_empty() -> None:
    own = {"recipient_default": EMAIL_ON, "recipient_tenant": []}
    stored: dict[str, Any] = {"environment": EMAIL_OFF, "tenant": None} | own
    assert Layers.read(stored) == Layers(environment=EMAIL_OFF, recipient_default=EMAIL_ON)
    assert Layers.read({}) == Layers.read(None) == Layers()


@pytest.mark.rule("E-PREF-3")
def test_the_recipients_word_counts_more_than_the_environments() -> None:
    layers = Layers(environment=EMAIL_OFF | {"channels": {C2: False}}, recipient_default=EMAIL_ON)
    assert layers.resolved() == EMAIL_ON | {"channels": {C2: False}}


@pytest.mark.rule("E-PREF-4")
def test_with_a_tenants_set_the_default_set_is_not_looked_at() -> None:
    layers = Layers(
        environment={"channel_types": {"sms": False}},
        tenant={"channel_types": {"push": False, "chat": False}},
        recipient_default=EMAIL_OFF,
        recipient_tenant={"channel_types": {"chat": True}},
    )
    assert layers.resolved() == {"channel_types": {"sms": False, "push": False, "chat": True}}


@pytest.mark.rule("E-PREF-4")
def test_the_recipients_tenant_set_alone_is_enough_to_leave_the_default_set_aside() -> None:
    assert Layers(recipient_default=EMAIL_OFF, recipient_tenant={"workflows": {"x": True}}).resolved() == {
        "workflows": {"x": True}
    }


@pytest.mark.rule("E-PREF-5", "E-PREF-24")
@pytest.mark.parametrize("nothing", [{}, {"categories": {}}, {"channel_types": {STRATEGY: "merge"}}])
def test_a_tenants_set_that_says_nothing_leaves_the_default_set_standing(nothing: Set) -> None:
    layers = Layers(environment={}, tenant=nothing, recipient_tenant=nothing, recipient_default=EMAIL_OFF)
    assert not says_anything(nothing)
    assert layers.resolved() == EMAIL_OFF


@pytest.mark.rule("E-PREF-6")
@pytest.mark.parametrize(
    ("lower", "higher", "expected"),
    [
        (collaboration(False), collaboration(EMAIL_ON), collaboration(EMAIL_ON)),
        (collaboration(EMAIL_OFF), collaboration(True), collaboration(True)),
        (
            collaboration({"conditions": [HOLDS, MUTED]}),
            collaboration({"conditions": [HOLDS], **EMAIL_OFF}),
            collaboration({"conditions": [HOLDS], **EMAIL_OFF}),
        ),
        (EMAIL_OFF, {"channel_types": {"sms": True}}, {"channel_types": {"email": False, "sms": True}}),
    ],
)
def test_merging_is_deep_and_a_leaf_of_the_higher_layer_wins(lower: Set, higher: Set, expected: Set) -> None:
    assert merged(lower, higher) == expected


@pytest.mark.rule("E-PREF-7")
@pytest.mark.parametrize("kind", ["channel_types", "channels"])
def test_a_tenant_can_impose_a_whole_top_level_map(kind: str) -> None:
    name = "email" if kind == "channel_types" else C1
    layers = Layers(
        tenant={kind: {STRATEGY: "replace", name: False}}, recipient_tenant={kind: {name: True, "sms": False}}
    )
    assert layers.resolved() == {kind: {STRATEGY: "replace", name: False}}
    assert not verdict(layers).allowed


@pytest.mark.rule("E-PREF-7")
def test_what_was_imposed_on_returns_when_the_tenant_says_merge() -> None:
    own = collaboration(EMAIL_ON)
    imposed = collaboration(EMAIL_OFF | {STRATEGY: "replace"})
    lifted = collaboration(EMAIL_OFF | {STRATEGY: "merge"})

    assert layered({}, imposed, own) == imposed
    assert layered({}, lifted, own) == collaboration(EMAIL_ON | {STRATEGY: "merge"})


@pytest.mark.rule("E-PREF-7")
def test_other_nodes_than_the_imposed_one_stay_the_recipients() -> None:
    layers = Layers(
        tenant={"categories": {"a": EMAIL_OFF | {STRATEGY: "replace"}, "b": EMAIL_OFF}},
        recipient_tenant={"categories": {"a": EMAIL_ON, "b": EMAIL_ON}},
    )
    assert layers.resolved()["categories"] == {"a": EMAIL_OFF | {STRATEGY: "replace"}, "b": EMAIL_ON}


@pytest.mark.rule("E-PREF-7")
def test_an_environment_can_impose_too() -> None:
    layers = Layers(
        environment={"workflows": {"new-comment": EMAIL_OFF | {STRATEGY: "replace"}}},
        recipient_default={"workflows": {"new-comment": True}},
    )
    assert not verdict(layers).allowed


@pytest.mark.rule("E-PREF-7")
def test_a_recipient_imposes_nothing() -> None:
    assert layered({}, collaboration(EMAIL_OFF | {STRATEGY: "replace"})) == collaboration(EMAIL_OFF)


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if not isinstance(value, Mapping):
        return {path: value}
    found: dict[tuple[str, ...], Any] = {}
    for key, inner in value.items():
        found |= leaves(inner, (*path, key))
    return found


def holds(value: Any, path: tuple[str, ...]) -> bool:
    """Whether there is anything at the path."""
    if not path:
        return True
    return isinstance(value, Mapping) and path[0] in value and holds(value[path[0]], path[1:])


@pytest.mark.rule("E-PREF-6")
@given(sets, sets)
def test_every_leaf_of_the_higher_layer_is_in_the_merge_and_nothing_is_invented(
    lower: Set, higher: Set
) -> None:
    result = leaves(merged(lower, higher))
    above, below = leaves(higher), leaves(lower)
    assert above.items() <= {**below, **result, **above}.items()
    assert all(result[path] == value for path, value in above.items())
    assert all(path in above or result[path] == below[path] for path in result)


@pytest.mark.rule("E-PREF-6")
@given(sets, sets)
def test_what_the_higher_layer_does_not_touch_falls_through(lower: Set, higher: Set) -> None:
    result = leaves(merged(lower, higher))
    above = leaves(higher)
    for path, value in leaves(lower).items():
        touched = holds(higher, path) or any(path[: len(other)] == other for other in above)
        assert touched or result[path] == value


@given(sets)
def test_merging_a_set_with_nothing_or_with_itself_changes_nothing(one: Set) -> None:
    assert merged(one, {}) == merged({}, one) == merged(one, one) == one


@given(sets, sets)
def test_merging_leaves_what_it_merges_as_it_was(lower: Set, higher: Set) -> None:
    before = leaves(lower), leaves(higher)
    merged(lower, higher)
    assert (leaves(lower), leaves(higher)) == before


@pytest.mark.rule("E-PREF-7")
@given(sets, sets, st.sampled_from(["channel_types", "channels"]))
def test_an_imposed_map_is_the_tenants_whatever_the_recipient_says(tenant: Set, own: Set, kind: str) -> None:
    imposed = {**tenant.get(kind, {}), STRATEGY: "replace"}
    assert layered({}, tenant | {kind: imposed}, own)[kind] == imposed
