"""Whole simulations on the real engine: what each kind of event does, and that two runs are alike."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.embedded.postgres import EmbeddedPostgres
from cli.timelines import as_text
from simulation.scenario import START
from simulation.simulate import Played
from tests.builders import batch_step, delay_step, email_step, in_app_step, workflow
from tests.simulation.theatre import Theatre

UNREAD = {
    "all": [
        {
            "variable": "refs.in_app_1.engagement_status",
            "operator": "not_contains",
            "argument": "$message.read",
        }
    ]
}
REMINDED = workflow(
    in_app_step(body="Hello {{ recipient.name }}"),
    delay_step(),
    email_step(conditions=UNREAD),
)
AWAITED = {"event_type": "integration_source", "integration_source_key": "shop", "event_key": "paid"}
WAITING = workflow(
    {
        "type": "wait_for_event",
        "ref": "wait_1",
        "settings": {
            "event": AWAITED,
            "expires_after": {"unit": "days", "value": 3},
            "on_timeout": "continue",
        },
    },
    in_app_step(body="{% if refs.wait_1.matched %}Paid{% else %}Not paid{% endif %}"),
)
DIGEST = workflow(
    batch_step(seconds=30, key="page"),
    in_app_step(body="{{ total_activities }}: {% for a in activities %}{{ a.text }};{% endfor %}"),
    email_step(),
)


@pytest.fixture
def theatre(postgres: EmbeddedPostgres, template: str, tmp_path: Path) -> Theatre:
    return Theatre(postgres.url, template, tmp_path)


def person(name: str) -> dict[str, str]:
    return {"id": name, "name": name.title(), "email": f"{name}@example.com"}


def outcomes(played: Played) -> list[tuple[str, Any, str | None, str | None]]:
    """When, who, which step, and what came of it."""
    shown = [entry.to_json() for entry in played.entries if entry.outcome is not None]
    return [(one["at"], one["recipient"], one["step_ref"], one["outcome"]) for one in shown]


async def test_whoever_read_the_first_message_is_not_reminded(theatre: Theatre) -> None:
    played = await theatre.play(
        {"welcome": REMINDED},
        {"at": "0s", "trigger": {"recipients": [person("ada"), person("bob")]}},
        {"at": "0s", "trigger": {"recipients": [person("eve")], "cancellation_key": "c"}},
        {"at": "2h", "engage": {"recipient": "ada", "step_ref": "in_app_1", "status": "read"}},
        {"at": "3h", "cancel": {"cancellation_key": "c"}},
        {"at": "4h", "engage": {"recipient": "eve", "step_ref": "email_1", "status": "read"}},
        {"at": "5h", "cancel": {"workflow": "nothing", "cancellation_key": "c"}},
    )

    assert outcomes(played) == [
        ("2035-01-01T09:00:00Z", "ada", "in_app_1", "delivered"),
        ("2035-01-01T09:00:00Z", "bob", "in_app_1", "delivered"),
        ("2035-01-01T09:00:00Z", "eve", "in_app_1", "delivered"),
        ("2035-01-01T12:00:00Z", "eve", None, "cancelled"),
        ("2035-01-02T09:00:00Z", "ada", "email_1", "skipped"),
        ("2035-01-02T09:00:00Z", "bob", "email_1", "sent"),
    ]
    assert [one.refusal is None for one in played.happened] == [True, True, True, True, False, False]
    told = as_text(theatre.simulation, played)
    assert "ada  email_1: skipped, since its conditions did not hold" in told
    assert "came to nothing: email_1 has sent eve no message so far" in told
    assert told.endswith("4 messages, 1 skipped")
    refusals = [one for one in played.to_json() if one["outcome"] == "refused"]
    assert [(one["at"], one["recipient"]) for one in refusals] == [
        ("2035-01-01T13:00:00Z", None),
        ("2035-01-01T14:00:00Z", None),
    ]
    assert refusals[0]["reason"] == "email_1 has sent eve no message so far"


async def test_what_is_set_and_what_is_awaited_is_seen(theatre: Theatre) -> None:
    played = await theatre.play(
        {"order": WAITING, "welcome": REMINDED},
        {"at": "0s", "trigger": {"recipients": [person("ada"), person("bob")]}},
        {"at": "1h", "set": {"user": {"id": "ada", "name": "Countess"}}},
        {
            "at": "1h",
            "trigger": {"workflow": "welcome", "recipients": ["ada"], "settings": {"skip_delay": True}},
        },
        {"at": "36h", "event": {**AWAITED, "recipient": "ada"}},
        {"at": "37h", "event": {**AWAITED, "recipient": "ada"}},
    )

    told = as_text(theatre.simulation, played)
    feed = [entry for entry in played.entries if entry.channel_type == "in_app_feed"]
    assert [(str(one.recipient), one.content["blocks"][0]["rendered"]) for one in feed if one.content] == [
        ("ada", "<p>Hello Countess</p>\n"),
        ("ada", "<p>Paid</p>\n"),
        ("bob", "<p>Not paid</p>\n"),
    ]
    assert [one.at - START for one in feed] == [timedelta(hours=1), timedelta(hours=36), timedelta(days=3)]
    assert told.count("came to nothing: nobody waits for it") == 1


async def test_two_simulations_of_the_same_events_are_byte_equal(theatre: Theatre) -> None:
    trigger = {"recipients": [person(one) for one in ("ada", "bob", "eve")], "actor": person("grace")}
    events = [
        {"at": at, "trigger": trigger | {"data": {"page": "p", "text": text}}}
        for at, text in (("0s", "one"), ("10s", "two"), ("1d", "three"))
    ]
    printed = []
    for _ in range(2):
        played = await theatre.play({"digest": DIGEST}, *events)
        printed.append(json.dumps(played.to_json()))

    assert printed[0] == printed[1]
    assert outcomes(played)[::2] == [
        (f"2035-01-0{day}T09:00:30Z", who, "in_app_1", "delivered")
        for day in (1, 2)
        for who in ("ada", "bob", "eve")
    ]
