"""What merged preferences say of one channel (E-PREF-8 to E-PREF-14, E-PREF-24)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.preferring import (
    C1,
    C2,
    EMAIL_OFF,
    EMAIL_ON,
    HOLDS,
    MUTED,
    Set,
    allowed,
    collaboration,
    sets,
    verdict,
)
from workflows_engine.conditions import Judgement
from workflows_engine.preferences import CHANNEL_TYPES, KEYS, STRATEGY, Layers, Subject, weigh

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


@pytest.mark.rule("E-PREF-8", "E-PREF-10", "E-PREF-16")
@pytest.mark.parametrize("word", [True, False])
def test_the_trace_of_a_workflow_above_preferences_tells_the_commercial_word_alone(word: bool) -> None:
    own = Layers(recipient_default=EMAIL_OFF | {"commercial_subscribed": word})
    said = verdict(own, overrides=True, is_commercial=True)
    opt_out = {"location": "commercial_subscribed", "allowed": word}
    told = {"commercial_subscribed": opt_out, "allowed": word, "overridden": True}
    assert (said.allowed, said.trace) == (word, told)
    assert verdict(own, overrides=True).trace == {"allowed": True, "overridden": True}


@pytest.mark.rule("E-PREF-10", "E-PREF-16")
def test_the_trace_tells_the_commercial_word_of_commercial_messages_only() -> None:
    nothing_said = verdict(Layers(), is_commercial=True).trace["commercial_subscribed"]
    assert nothing_said == {"location": "commercial_subscribed", "allowed": True}
    assert "commercial_subscribed" not in verdict(Layers()).trace


@pytest.mark.rule("E-PREF-4", "E-PREF-16")
def test_the_trace_names_the_set_that_counted() -> None:
    assert verdict(Layers(recipient_tenant=EMAIL_OFF)).trace["preference_set"] == "tenant"
    assert verdict(Layers(recipient_default=EMAIL_OFF)).trace["preference_set"] == "default"


@pytest.mark.rule("E-PREF-12", "E-PREF-16")
def test_conditions_that_cannot_be_judged_do_not_allow_and_say_why() -> None:
    subject = Subject("new-comment", C1, "email")
    layers = Layers(recipient_default={"channel_types": {"email": {"conditions": [HOLDS]}}})
    said = weigh(layers, subject, lambda _: Judgement(False, [{"result": "not judged"}], "a secret"))
    assert not said.allowed
    assert said.trace["nodes"][""]["decided_by"] == [
        {
            "location": "channel_types.email",
            "allowed": False,
            "conditions": [{"result": "not judged"}],
            "unjudged": "a secret",
        }
    ]
