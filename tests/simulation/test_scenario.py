"""What events.json may say, and what is said of a mistake in it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulation.scenario import START, ScenarioMistake, read_events, read_span

TRIGGER = {"recipients": ["ada"]}


def written(folder: Path, *events: Any) -> Path:
    file = folder / "events.json"
    file.write_text(json.dumps(events))
    return file


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("15m", 900), ("36h", 129_600), ("1d12h", 129_600), ("2w", 1_209_600)]
)
def test_spans_are_numbers_with_units(text: str, seconds: int) -> None:
    assert read_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "7", "d", "7x", "-1d", "1 d"])
def test_anything_else_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="no span of time"):
        read_span(text)


def test_events_stand_in_the_order_they_happen(tmp_path: Path) -> None:
    at = ["36h", "0s", "2035-01-01T10:00:00+01:00", "2035-01-02T00:00:00"]
    events = read_events(written(tmp_path, *({"at": one, "trigger": TRIGGER} for one in at)), START)
    assert [one.moment(START) for one in events] == [
        START,
        START,
        datetime(2035, 1, 2, tzinfo=UTC),
        START + timedelta(hours=36),
    ]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"at": "soon", "trigger": TRIGGER}, "[0].at: 'soon' is neither"),
        ({"at": 5, "trigger": TRIGGER}, "[0].at: must be a text"),
        ({"at": "0s"}, "[0]: must say exactly one of trigger, cancel, engage, set, event"),
        ({"at": "0s", "trigger": TRIGGER, "cancel": {"cancellation_key": "c"}}, "must say exactly one"),
        ({"at": "0s", "trigger": {"recipients": []}}, "[0].trigger.recipients"),
        (
            {"at": "0s", "trigger": {"recipients": [{"name": "Ada"}]}},
            "[0].trigger.recipients[0]: id: must be",
        ),
        ({"at": "0s", "set": {"user": {"id": "a/b"}}}, "[0].set.user: id: must not contain /"),
        ({"at": "0s", "set": {"user": {"id": "a", "collection": "b"}}}, "[0].set: user: b/a is an object"),
        ({"at": "0s", "set": {"object": "ada"}}, "[0].set: object: id and collection are needed"),
        ({"at": "0s", "set": {"user": {"id": "a\0"}}}, "u0000"),
        ({"at": "0s", "trigger": TRIGGER | {"recipient": "ada"}}, "[0].trigger.recipient: Extra"),
        (
            {"at": "0s", "engage": {"recipient": "ada", "step_ref": "a", "status": "loved"}},
            "[0].engage.status",
        ),
        ({"at": "0s", "set": {}}, "must name exactly one: a user, an object or a tenant"),
        ({"at": "0s", "event": {"event_type": "audience", "event_key": "enter"}}, "needs audience_key"),
        ({"at": "2034-12-31T00:00:00Z", "trigger": TRIGGER}, "[0].at lies before the start"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, event: dict[str, Any], told: str) -> None:
    file = written(tmp_path, event)
    with pytest.raises(ScenarioMistake) as mistake:
        read_events(file, START)
    assert str(file) in str(mistake.value)
    assert told in str(mistake.value)


def test_an_event_after_the_end_is_told_and_one_at_the_end_is_not(tmp_path: Path) -> None:
    file = written(tmp_path, {"at": "7d", "trigger": TRIGGER}, {"at": "10d", "trigger": TRIGGER})

    with pytest.raises(ScenarioMistake, match=r"\[1\]\.at lies after the end, 2035-01-08T09:00:00Z"):
        read_events(file, START, START + timedelta(days=7))


def test_a_file_that_is_not_there_or_no_json_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioMistake, match="is not there"):
        read_events(tmp_path / "none.json", START)
    (tmp_path / "events.json").write_text("[{]")
    with pytest.raises(ScenarioMistake, match="is no JSON"):
        read_events(tmp_path / "events.json", START)
