"""The run log in a person's words."""

from typing import Any

import pytest

from cli.why.sentences import SENTENCES, Line, because, moment, sentence
from cli.why.traces import about_preferences

NOON = "2035-01-01T12:00:00+00:00"
LEAF = {"variable": "data.plan", "operator": "equal_to", "argument_value": "pro"}
AGAINST: dict[str, Any] = {
    "allowed": False,
    "nodes": {
        "": {"allowed": True, "decided_by": []},
        "categories.news": {
            "allowed": False,
            "decided_by": [{"location": "categories.news.channel_types.email", "allowed": False}],
        },
        "workflows.digest": {"allowed": False},
    },
}


@pytest.mark.parametrize("event", SENTENCES)
def test_a_line_without_data_is_told_too(event: str) -> None:
    assert sentence(Line(event, "step_1")).startswith("step_1: ")


def test_a_line_that_nobody_knows_is_told_by_its_name() -> None:
    assert sentence(Line("moon_landed")) == "moon landed"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            Line("step_skipped", "email_1", data={"reason": "preferences"}),
            "email_1: skipped, since the recipient prefers not to get it",
        ),
        (
            Line("step_skipped", "email_1", data={"reason": "missing recipient data: no email"}),
            "email_1: skipped, since missing recipient data: no email",
        ),
        (
            Line("step_failed", "fetch", attempt=2, data={"error": "503", "retryable": True}),
            "fetch: attempt 2 failed, to be tried again: 503",
        ),
        (
            Line("step_failed", "fetch", attempt=3, data={"error": "503", "retryable": True}),
            "fetch: attempt 3 failed: 503",
        ),
        (
            Line("batch_joined", "batch_1", data={"owner_run_id": "r", "count": 3, "closes_at": NOON}),
            "batch_1: joined the batch of run r as number 3; it closes at Mon 01 Jan 2035 12:00:00 UTC",
        ),
        (
            Line("batch_closed", "b", data={"total_activities": 1, "reason": "max items"}),
            "b: the batch closed with 1 activity (max items)",
        ),
        (
            Line(
                "run_cancelled",
                data={"outcome": "cancelled", "cancelled_by": "cancellation key", "cancel": 7},
            ),
            "the run was cancelled, by cancellation key (cancel 7)",
        ),
        (
            Line(
                "run_cancelled",
                data={
                    "outcome": "cancelled",
                    "reason": "cancelled by cancellation key (cancel 7)",
                    "cancelled_by": "cancellation key",
                    "cancel": 7,
                    "cancelled_at": NOON,
                    "api_key_id": "k",
                },
            ),
            "the run was cancelled, by cancellation key (cancel 7, accepted at Mon 01 Jan 2035 12:00:00 UTC, "
            "API key k)",
        ),
        (
            Line("cancel_came_late", data={"outcome": "finished", "cancelled_by": "Temporal (not today)"}),
            "a cancel by Temporal (not today) came too late, when the run had ended (finished)",
        ),
        (
            Line(
                "wait_started",
                "wait_1",
                data={"event_type": "message", "source_key": "waits", "event_key": "read", "until": NOON},
            ),
            "wait_1: waits until a message of waits is read (until Mon 01 Jan 2035 12:00:00 UTC)",
        ),
        (
            Line(
                "wait_started", data={"event_type": "audience", "audience_key": "vips", "event_key": "exit"}
            ),
            "waits until the recipient leaves the audience vips (until )",
        ),
        (
            Line("run_completed", data={"outcome": "recipient_missing", "reason": "identify it"}),
            "the run could not begin, since nobody knows the recipient: identify it",
        ),
        (
            Line("trigger_conditions_evaluated", data={"held": False}),
            "the workflow's trigger conditions did not hold, so no step ran",
        ),
        (
            Line(
                "message_enqueued", "in", data={"channel_type": "sms", "message_id": "m", "warning": "sink"}
            ),
            "in: made the sms message m (warning: sink)",
        ),
    ],
)
def test_a_line_says_what_happened(line: Line, told: str) -> None:
    assert sentence(line) == told


def test_conditions_are_told_with_what_they_compared() -> None:
    trace = {
        "step": [
            LEAF | {"result": False, "variable_value": "free"},
            {"variable": "data.x", "operator": "exists", "result": "not evaluated"},
        ],
        "channel": [{"variable": "recipient.vip", "operator": "exists", "result": True, "variable_value": 1}],
    }
    assert list(because(Line("step_skipped", data={"conditions": trace}))) == [
        'data.plan is "pro"? no (it is "free")',
        "recipient.vip exists? yes (it is 1)",
    ]


def test_a_condition_that_cannot_be_judged_says_why() -> None:
    leaf = LEAF | {"result": "not judged", "reason": "secret"}
    assert list(because(Line("step_skipped", data={"conditions": [leaf]}))) == [
        'data.plan is "pro"? not judged: secret'
    ]


def test_preferences_name_the_places_that_were_against() -> None:
    assert list(about_preferences(AGAINST)) == [
        "opted out at categories.news.channel_types.email",
        "opted out at workflows.digest",
    ]
    assert list(about_preferences({"allowed": True, "nodes": {"": {"allowed": True}}})) == []


def test_an_opt_out_of_commercial_messages_is_named() -> None:
    trace = {"allowed": False, "overridden": True, "commercial_subscribed": {"allowed": False}}
    assert list(about_preferences(trace)) == [
        "the workflow overrides preferences",
        "opted out of commercial messages",
    ]


def test_a_fetch_shows_its_exchange() -> None:
    data = {"request": {"method": "POST", "url": "https://x.test/a"}, "response": {"status": 503}}
    assert list(because(Line("step_failed", data=data))) == ["POST https://x.test/a → 503"]


def test_what_is_no_time_stays_as_it_is() -> None:
    assert moment("") == ""
