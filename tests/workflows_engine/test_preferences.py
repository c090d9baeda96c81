"""Layers of preferences merged, and what they say of one channel (E-PREF)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values.conditions import Condition, ConditionGroup
from tests.runs import NOON
from workflows_engine.conditions import Grounds, Judgement, judge
from workflows_engine.preferences import (
    CHANNEL_TYPES,
    KEYS,
    STRATEGY,
    Layers,
    Subject,
    Verdict,
    layered,
    merged,
    says_anything,
    weigh,
)

Set = dict[str, Any]

C1 = "11111111-1111-4111-8111-111111111111"
C2 = "22222222-2222-4222-8222-222222222222"
EMAIL_OFF: Set = {"channel_types": {"email": False}}
EMAIL_ON: Set = {"channel_types": {"email": True}}
SCOPE = {"recipient": {"id": "ada", "muted": ["t-rex"]}, "data": {"dino": "t-rex"}, "tenant": {"vip": True}}
MUTED = {"variable": "recipient.muted", "operator": "not_contains", "argument": "data.dino"}
HOLDS = {"variable": "recipient.id", "operator": "equal_to", "argument": "ada"}


def judged(conditions: Sequence[Any]) -> Judgement:
    group = ConditionGroup(all=[Condition.model_validate(one) for one in conditions])
    return judge(group, Grounds(SCOPE, NOON))


def verdict(layers: Layers, channel_id: str = C1, channel_type: str = "email", **more: Any) -> Verdict:
    subject = {"workflow_key": "new-comment", "categories": ["collaboration"]} | more
    return weigh(layers, Subject(channel_id=channel_id, channel_type=channel_type, **subject), judged)


def allowed(own: Set, channel_id: str = C1, channel_type: str = "email", **more: Any) -> bool:
    return verdict(Layers(recipient_default=own), channel_id, channel_type, **more).allowed


def collaboration(node: Any) -> Set:
    return {"categories": {"collaboration": node}}


VECTORS = [
    ("a", Layers(), C1, "email", True),
    ("b", Layers(recipient_default=collaboration(False) | {"channels": {C1: True}}), C1, "email", False),
    ("c on c1", Layers(recipient_default=EMAIL_OFF | {"channels": {C1: True}}), C1, "email", True),
    ("c elsewhere", Layers(recipient_default=EMAIL_OFF | {"channels": {C1: True}}), C2, "email", False),
    (
        "d",
        Layers(
            environment={"channel_types": {"sms": False}}, recipient_default={"channel_types": {"sms": True}}
        ),
        C1,
        "sms",
        True,
    ),
    (
        "e",
        Layers(tenant=collaboration(EMAIL_OFF), recipient_tenant=collaboration(EMAIL_ON)),
        C1,
        "email",
        True,
    ),
    (
        "e imposed",
        Layers(
            tenant=collaboration(EMAIL_OFF | {STRATEGY: "replace"}),
            recipient_tenant=collaboration(EMAIL_ON),
        ),
        C1,
        "email",
        False,
    ),
    ("f", Layers(recipient_default=EMAIL_OFF), C1, "email", False),
    ("g", Layers(tenant={"channel_types": {"sms": True}}, recipient_default=EMAIL_OFF), C1, "email", True),
    ("g empty", Layers(tenant={}, recipient_tenant={}, recipient_default=EMAIL_OFF), C1, "email", False),
]


@pytest.mark.rule("E-PREF-24", "E-PREF-3", "E-PREF-4", "E-PREF-5")
@pytest.mark.parametrize(
    ("layers", "channel_id", "channel_type", "expected"),
    [v[1:] for v in VECTORS],
    ids=[v[0] for v in VECTORS],
)
def test_the_rules_own_examples_hold(
    layers: Layers, channel_id: str, channel_type: str, expected: bool
) -> None:
    assert verdict(layers, channel_id, channel_type).allowed is expected


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


@pytest.mark.rule("E-PREF-8")
def test_a_workflow_that_overrides_preferences_sends_whatever_they_say() -> None:
    own = {"workflows": {"new-comment": False}, **EMAIL_OFF, "commercial_subscribed": False}
    assert allowed(own, overrides=True)
    assert not allowed(own)


@pytest.mark.rule("E-PREF-8", "E-PREF-10")
def test_a_commercial_opt_out_stands_even_against_an_overriding_workflow() -> None:
    assert not allowed({"commercial_subscribed": False}, overrides=True, is_commercial=True)


@pytest.mark.rule("E-PREF-9")
def test_what_was_never_said_is_preferred_and_shown_so() -> None:
    said = verdict(Layers(recipient_default={"channel_types": {"sms": False}}))
    assert said.allowed
    assert said.trace["channel_types"] == dict.fromkeys(CHANNEL_TYPES, True) | {"sms": False}


@pytest.mark.rule("E-PREF-10")
@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (Layers(), True),
        (Layers(recipient_default={"commercial_subscribed": False}), False),
        (Layers(recipient_default={"commercial_subscribed": {"conditions": [MUTED]}}), False),
        (Layers(recipient_default={"commercial_subscribed": {"conditions": [HOLDS]}}), True),
        (Layers(environment={"commercial_subscribed": False}), False),
        (Layers(tenant={"commercial_subscribed": False}), False),
        (
            Layers(
                tenant={"commercial_subscribed": True}, recipient_default={"commercial_subscribed": False}
            ),
            False,
        ),
        (
            Layers(
                environment={"commercial_subscribed": False},
                tenant={"commercial_subscribed": False},
                recipient_default={"commercial_subscribed": True},
            ),
            True,
        ),
    ],
)
def test_the_default_sets_commercial_subscription_outranks_every_other_layer(
    layers: Layers, expected: bool
) -> None:
    assert verdict(layers, is_commercial=True).allowed is expected
    assert verdict(layers).allowed, "transactional messages do not ask"


@pytest.mark.rule("E-PREF-11", "E-PREF-13")
@pytest.mark.parametrize(
    "own",
    [
        {"channel_types": {"email": False}, "workflows": {"new-comment": True}},
        {"workflows": {"new-comment": False}, "channels": {C1: True}, "categories": {"a": True, "b": True}},
        {"workflows": {"new-comment": EMAIL_OFF}, "categories": {"a": True}},
        {"categories": {"a": True, "b": False}, "workflows": {"new-comment": True}, "channels": {C1: True}},
        {"categories": {"a": EMAIL_OFF, "b": True}},
    ],
)
def test_one_node_that_says_no_is_enough(own: Set) -> None:
    assert not allowed(own, categories=["a", "b"])


@pytest.mark.rule("E-PREF-11", "E-PREF-1")
def test_nodes_of_other_workflows_and_categories_do_not_apply() -> None:
    own = {"workflows": {"other": False}, "categories": {"Collaboration": False, "Q&A / news": False}}
    assert allowed(own)
    assert not allowed(own, categories=["Q&A / news"])


@pytest.mark.rule("E-PREF-12")
@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (True, True),
        (False, False),
        ({}, True),
        ({"conditions": []}, True),
        ({"conditions": [HOLDS]}, True),
        ({"conditions": [HOLDS, MUTED]}, False),
        ({"conditions": [MUTED], "channels": {C1: True}}, False),
        ({"conditions": [HOLDS], **EMAIL_OFF}, False),
        ({"channel_types": {"email": {"conditions": [HOLDS]}}}, True),
        ({"channel_types": {"email": {"conditions": [MUTED]}}}, False),
        ({"channels": {C1: {"conditions": [MUTED]}}}, False),
        ({"channel_types": {"sms": False}, "channels": {C2: False}}, True),
    ],
)
def test_a_node_needs_its_conditions_and_its_choice_for_the_channel(node: Any, expected: bool) -> None:
    assert allowed(collaboration(node)) is expected
    assert allowed({"workflows": {"new-comment": node}}) is expected


@pytest.mark.rule("E-PREF-14")
def test_a_channel_beats_its_type_within_its_node_only() -> None:
    assert allowed(EMAIL_OFF | {"channels": {C1: True}})
    assert not allowed({"channel_types": {"email": True}, "channels": {C1: False}})
    assert not allowed({"channels": {C1: True}} | collaboration(EMAIL_OFF))


def test_an_in_app_channel_of_the_generic_type_is_preferred_as_the_feed() -> None:
    assert not allowed({"channel_types": {"in_app_feed": False}}, channel_type="in_app")
    assert allowed({"channel_types": dict.fromkeys(CHANNEL_TYPES, False)}, channel_type="in_app_guide")


@pytest.mark.rule("E-COND-30", "E-PREF-16")
def test_the_trace_is_grouped_by_where_in_the_set_it_was_said() -> None:
    own = {
        "channels": {C1: True},
        "workflows": {"new-comment": {"conditions": [MUTED], "channel_types": {"email": True}}},
        "categories": {"collaboration": False},
    }
    trace = verdict(Layers(recipient_default=own)).trace
    line = {"variable": "recipient.muted", "operator": "not_contains", "result": False}
    line |= {"variable_value": ["t-rex"], "argument_value": "t-rex"}

    assert trace["allowed"] is False
    assert trace["preference_set"] == "default"
    assert trace["nodes"] == {
        "": {"allowed": True, "decided_by": [{"location": f"channels.{C1}", "allowed": True}]},
        "workflows.new-comment": {
            "allowed": False,
            "decided_by": [
                {"location": "workflows.new-comment", "allowed": False, "conditions": [line]},
                {"location": "workflows.new-comment.channel_types.email", "allowed": True},
            ],
        },
        "categories.collaboration": {"allowed": False},
    }


@pytest.mark.parametrize(
    "stored", [None, {}, {"tenant": None}, {"tenant": "loud"}, {"tenant": {"channel_types": 7, "id": "x"}}]
)
def test_what_was_stored_and_is_no_preference_is_not_looked_at(stored: Any) -> None:
    assert verdict(Layers.read(stored)).allowed


choices = st.booleans() | st.just({"conditions": [HOLDS]}) | st.just({"conditions": [MUTED]})
maps = {
    "channel_types": st.dictionaries(st.sampled_from(CHANNEL_TYPES), choices),
    "channels": st.dictionaries(st.sampled_from([C1, C2]), choices),
}
nodes = st.booleans() | st.fixed_dictionaries({}, optional=maps)
sets = st.fixed_dictionaries(
    {},
    optional=maps
    | {
        "categories": st.dictionaries(st.sampled_from(["collaboration", "b"]), nodes),
        "workflows": st.dictionaries(st.sampled_from(["new-comment", "other"]), nodes),
        "commercial_subscribed": choices,
    },
)


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


@pytest.mark.rule("E-PREF-13")
@given(sets, st.sampled_from(["workflows", "categories"]))
def test_a_flat_no_of_an_applicable_node_is_never_outvoted(own: Set, kind: str) -> None:
    name = "new-comment" if kind == "workflows" else "collaboration"
    assert not allowed({**own, kind: {**own.get(kind, {}), name: False}})


@pytest.mark.rule("E-PREF-11")
@given(sets, sets, sets, sets)
def test_the_verdict_is_what_all_its_nodes_say(a: Set, b: Set, c: Set, d: Set) -> None:
    said = verdict(Layers(a, b, c, d), is_commercial=True)
    parts = [*said.trace["nodes"].values(), said.trace["commercial_subscribed"]]
    assert said.allowed is all(part["allowed"] for part in parts)
    assert set(Layers(a, b, c, d).resolved()) <= set(KEYS)
