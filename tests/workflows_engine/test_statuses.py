"""Conditions on how the messages of earlier steps stand."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values.conditions import Condition, ConditionGroup
from models.values.kinds import EngagementStatus, MessageStatus
from models.values.retention import RETENTION
from workflows_engine.conditions import Grounds, Judgement, judge
from workflows_engine.statuses import (
    GONE,
    RANKS,
    SentMessage,
    StatusVerdict,
    is_about_status,
    judge_status,
    telling,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DELIVERY = "refs.mail.delivery_status"
ENGAGEMENT = "refs.mail.engagement_status"
NEGATED = {"equal_to": "not_equal_to", "greater_than_or_equal_to": "less_than", "contains": "not_contains"}


def condition(variable: str, operator: str, sentinel: Any) -> Condition:
    return Condition.model_validate({"variable": variable, "operator": operator, "argument": sentinel})


def holds(message: SentMessage | None, variable: str, operator: str, sentinel: Any) -> bool:
    refs = {} if message is None else {"mail": message.as_ref()}
    return judge_status(condition(variable, operator, sentinel), refs, NOW).holds


def sent(status: str, *marks: str) -> SentMessage:
    return SentMessage(status, marks, NOW - timedelta(hours=1))


@pytest.mark.rule("E-COND-22", "E-MSG-1")
@pytest.mark.parametrize(
    ("message", "variable", "operator", "sentinel"),
    [
        (None, DELIVERY, "equal_to", "$message.skipped"),
        (sent("undelivered"), DELIVERY, "equal_to", "$message.undelivered"),
        (sent("bounced"), DELIVERY, "equal_to", "$message.bounced"),
        (sent("sent"), DELIVERY, "greater_than_or_equal_to", "$message.sent"),
        (sent("delivered"), DELIVERY, "greater_than_or_equal_to", "$message.sent"),
        (sent("delivered"), DELIVERY, "greater_than_or_equal_to", "$message.delivered"),
        *[
            (sent("sent", mark), ENGAGEMENT, "contains", f"$message.{mark}")
            for mark in ("seen", "read", "interacted", "link_clicked", "archived")
        ],
        (sent("delivered", "seen"), ENGAGEMENT, "contains", "$message.seen_not_read"),
        (sent("delivered", "read"), ENGAGEMENT, "contains", "$message.read_not_link_clicked"),
    ],
)
def test_every_case_of_the_editor_holds_and_its_negation_does_not(
    message: SentMessage | None, variable: str, operator: str, sentinel: str
) -> None:
    assert holds(message, variable, operator, sentinel)
    assert not holds(message, variable, NEGATED[operator], sentinel)


@pytest.mark.rule("E-COND-22")
@pytest.mark.parametrize(
    ("message", "variable", "operator", "sentinel"),
    [
        (sent("queued"), DELIVERY, "greater_than_or_equal_to", "$message.sent"),
        (sent("sent"), DELIVERY, "greater_than_or_equal_to", "$message.delivered"),
        (sent("bounced"), DELIVERY, "equal_to", "$message.undelivered"),
        (sent("sent"), DELIVERY, "equal_to", "$message.skipped"),
        (sent("sent"), ENGAGEMENT, "contains", "$message.seen"),
        (sent("delivered", "seen", "read"), ENGAGEMENT, "contains", "$message.seen_not_read"),
        (sent("delivered"), ENGAGEMENT, "contains", "$message.seen_not_read"),
        (sent("sent", "read", "link_clicked"), ENGAGEMENT, "contains", "$message.read_not_link_clicked"),
    ],
)
def test_what_is_not_so_does_not_hold_and_its_negation_does(
    message: SentMessage, variable: str, operator: str, sentinel: str
) -> None:
    assert not holds(message, variable, operator, sentinel)
    assert holds(message, variable, NEGATED[operator], sentinel)


@pytest.mark.rule("E-COND-23", "E-MSG-1")
def test_statuses_rank_as_knock_has_them() -> None:
    order = (
        "undelivered bounced delivery_attempted queued not_sent sent delivered seen read interacted archived"
    )
    assert all(RANKS[low] < RANKS[high] for low, high in pairwise(order.split()))
    assert RANKS["interacted"] == RANKS["link_clicked"]
    assert set(RANKS) == {"skipped", *MessageStatus, *EngagementStatus}


@pytest.mark.rule("E-COND-23")
def test_a_sandboxed_message_ranks_above_a_queued_one_and_below_one_that_was_sent() -> None:
    assert holds(sent("not_sent"), DELIVERY, "greater_than_or_equal_to", "$message.queued")
    assert not holds(sent("not_sent"), DELIVERY, "greater_than_or_equal_to", "$message.sent")


@pytest.mark.rule("E-COND-24")
def test_of_several_messages_the_furthest_is_looked_at() -> None:
    messages = [sent("delivered"), sent("sent", "read"), sent("undelivered")]
    assert telling(messages) == messages[1]
    assert not holds(telling(messages), DELIVERY, "greater_than_or_equal_to", "$message.delivered")


@pytest.mark.rule("E-COND-24")
@given(st.lists(st.sampled_from(list(MessageStatus)), min_size=1), st.data())
def test_no_message_of_the_step_is_further_than_the_one_looked_at(
    statuses: list[str], data: st.DataObject
) -> None:
    marks = st.lists(st.sampled_from(list(EngagementStatus)), unique=True)
    messages = [sent(status, *data.draw(marks)) for status in statuses]
    chosen = telling(messages)
    assert chosen in messages
    assert all(RANKS[status] <= chosen.best for one in messages for status in (one.delivery_status,))
    assert all(RANKS[mark] <= chosen.best for one in messages for mark in one.engagement_statuses)


CASES = [
    *product([DELIVERY], ["equal_to", "not_equal_to", "greater_than_or_equal_to", "less_than"], ["sent"]),
    *product([ENGAGEMENT], ["contains", "not_contains"], ["seen", "seen_not_read"]),
]


@pytest.mark.rule("E-COND-25")
@pytest.mark.parametrize(("variable", "operator", "name"), CASES)
def test_nothing_holds_of_a_message_past_retention(variable: str, operator: str, name: str) -> None:
    expired = SentMessage("delivered", ("seen",), NOW - RETENTION - timedelta(seconds=1))
    assert not holds(expired, variable, operator, f"$message.{name}")
    assert not holds(GONE, variable, operator, f"$message.{name}")


@pytest.mark.rule("E-COND-25")
def test_a_message_is_past_retention_a_moment_after_its_last_day_and_the_trace_says_so() -> None:
    asked = condition(ENGAGEMENT, "contains", "$message.seen")
    last = SentMessage("delivered", ("seen",), NOW - RETENTION)
    assert judge_status(asked, {"mail": last.as_ref()}, NOW) == StatusVerdict(True, ["seen"])
    told = StatusVerdict(False, ["seen"], "the message is past retention")
    assert judge_status(asked, {"mail": last.as_ref()}, NOW + timedelta(microseconds=1)) == told


def test_a_condition_that_says_nothing_is_told_with_what_it_looked_at() -> None:
    asked = condition(DELIVERY, "contains", "$message.sent")
    told = StatusVerdict(False, "sent", "contains $message.sent says nothing about a delivery_status")
    assert judge_status(asked, {"mail": sent("sent").as_ref()}, NOW) == told


@pytest.mark.rule("E-COND-26")
@pytest.mark.parametrize("status", list(MessageStatus))
def test_a_skipped_step_ranks_below_everything_and_has_no_marks(status: str) -> None:
    assert holds(None, DELIVERY, "less_than", f"$message.{status}")
    assert not holds(None, DELIVERY, "greater_than_or_equal_to", f"$message.{status}")
    assert holds(None, DELIVERY, "not_equal_to", f"$message.{status}")
    assert holds(None, DELIVERY, "equal_to", "$message.skipped")
    assert holds(None, ENGAGEMENT, "not_contains", "$message.seen")
    assert not holds(None, ENGAGEMENT, "contains", "$message.seen")


@pytest.mark.rule("E-COND-26")
def test_the_output_of_a_wait_is_no_message() -> None:
    said = judge_status(condition(DELIVERY, "equal_to", "$message.skipped"), {"mail": {"matched": True}}, NOW)
    assert said.holds


@pytest.mark.rule("E-COND-22")
@pytest.mark.parametrize(
    ("variable", "operator", "sentinel"),
    [
        (DELIVERY, "contains", "$message.sent"),
        (DELIVERY, "equal_to", "sent"),
        (DELIVERY, "equal_to", "$message.seen"),
        (ENGAGEMENT, "equal_to", "$message.seen"),
        (ENGAGEMENT, "not_contains", "$message.sent"),
        (ENGAGEMENT, "contains", None),
    ],
)
def test_other_operators_and_sentinels_never_hold_and_say_so(
    variable: str, operator: str, sentinel: Any
) -> None:
    said = judge_status(condition(variable, operator, sentinel), {"mail": sent("sent").as_ref()}, NOW)
    assert not said.holds
    assert "says nothing about" in (said.reason or "")


@pytest.mark.parametrize(
    "variable", ["refs.wait.matched", "refs.wait.signal_variables.x", "refs.mail", "data.x"]
)
def test_other_variables_are_paths(variable: str) -> None:
    assert not is_about_status(condition(variable, "equal_to", "true"))


def judged(**grounds: Any) -> Judgement:
    leaf = {"variable": DELIVERY, "operator": "greater_than_or_equal_to", "argument": "$message.sent"}
    scope = {"refs": {"mail": sent("delivered").as_ref()}} | grounds.pop("scope", {})
    group = ConditionGroup.model_validate({"all": [leaf]})
    return judge(group, Grounds(scope, NOW, **grounds))


@pytest.mark.rule("E-COND-22", "E-PREF-15")
def test_conditions_of_channels_and_preferences_do_not_know_how_messages_stand() -> None:
    assert judged().holds
    assert not judged(knows_messages=False, scope={"refs": {}}).holds


@pytest.mark.rule("E-COND-29")
def test_the_trace_tells_how_the_message_stood() -> None:
    assert judged().trace == [
        {
            "variable": DELIVERY,
            "operator": "greater_than_or_equal_to",
            "result": True,
            "variable_value": "delivered",
            "argument_value": "$message.sent",
        }
    ]


@pytest.mark.rule("E-COND-22")
def test_a_condition_on_a_status_is_judged_by_rank_and_not_as_text() -> None:
    for variable in (DELIVERY, ENGAGEMENT):
        assert is_about_status(condition(variable, "equal_to", "$message.sent"))
    refs = {"mail": sent("delivered", "seen").as_ref()}
    asked: dict[str, Any] = {"variable": DELIVERY, "operator": "less_than", "argument": "$message.queued"}
    said = judge(ConditionGroup.model_validate({"all": [asked]}), Grounds({"refs": refs}, NOW))
    assert not said.holds
    asked = {"variable": ENGAGEMENT, "operator": "equal_to", "argument": ["seen"]}
    said = judge(ConditionGroup.model_validate({"all": [asked]}), Grounds({"refs": refs}, NOW))
    assert not said.holds


@pytest.mark.rule("E-COND-25", "E-COND-29")
def test_the_trace_says_why_a_status_could_not_count() -> None:
    old = SentMessage("sent", (), NOW - RETENTION - timedelta(days=1))
    (line,) = judged(scope={"refs": {"mail": old.as_ref()}}).trace
    assert (line["result"], line["reason"]) == (False, "the message is past retention")
