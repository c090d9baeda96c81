"""Throttles: how many runs pass in a window, on Postgres and in virtual time."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.steps.throttle import ThrottleSteps
from activities.versions import Versions
from models.database import Database
from tests.builders import Step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.runs import NOON, rows, write_run
from tests.virtual_time import VirtualTime
from workflows_engine.effects.steps import StepAnswer, Verdict

HOUR = {"unit": "hours", "value": 1}
MINUTE = timedelta(minutes=1)
PASSED, HALTED, SKIPPED = Verdict.DONE, Verdict.STOP, Verdict.SKIP


def throttle(ref: str = "throttle_1", **settings: Any) -> Step:
    return {"type": "throttle", "ref": ref, "settings": {"throttle_window": HOUR, **settings}}


class Gate:
    """Runs of one workflow at its throttle."""

    def __init__(self, database: Database, environment: TestEnvironment, key: str = "alert") -> None:
        self._database = database
        self._environment = environment
        self._key = key
        self._steps = ThrottleSteps(database, Versions(SEALER))

    async def publish(self, *steps: Step) -> None:
        await publish(self._database, self._environment, self._key, workflow(*steps))

    async def come(
        self, at: datetime = NOON, who: str = "ada", ref: str = "throttle_1", **data: Any
    ) -> StepAnswer:
        """A new run comes to the step at this time."""
        run = await write_run(self._database, self._environment, self._key, {"id": who}, data=data)
        return await self._steps.pass_throttle(run.ask(ref, at))

    async def lines(self, event: str) -> list[dict[str, Any]]:
        sql = "SELECT * FROM run_events WHERE environment_id = %s AND event = %s ORDER BY inserted_at, id"
        return await rows(self._database, sql, self._environment.id, event)


@pytest.fixture
async def gate(database: Database, environment: TestEnvironment) -> Gate:
    return Gate(database, environment)


@pytest.mark.rule("E-THROTTLE-1", "E-THROTTLE-2", "E-THROTTLE-8")
async def test_so_many_pass_in_a_window_anchored_at_its_first_run_and_the_next_halts(gate: Gate) -> None:
    await gate.publish(throttle(throttle_limit=2))
    minutes = [0, 30, 31, 59, 60, 61, 62, 119, 120]

    verdicts = [(await gate.come(NOON + at * MINUTE)).verdict for at in minutes]

    # Those that were held back at 31 and 59 minutes did not keep the window open.
    assert verdicts == [PASSED, PASSED, HALTED, HALTED, PASSED, PASSED, HALTED, HALTED, PASSED]


@pytest.mark.rule("E-THROTTLE-1", "E-LIMITS-13")
async def test_one_passes_where_no_limit_is_given(gate: Gate) -> None:
    await gate.publish(throttle())

    assert [(await gate.come()).verdict for _ in range(3)] == [PASSED, HALTED, HALTED]


@pytest.mark.rule("E-THROTTLE-1")
async def test_of_runs_that_come_at_once_exactly_the_limit_passes(gate: Gate) -> None:
    await gate.publish(throttle(throttle_limit=3))

    answers = await asyncio.gather(*(gate.come() for _ in range(12)))

    assert [answer.verdict for answer in answers].count(PASSED) == 3
    assert sorted(line["data"]["passed"] for line in await gate.lines("throttle_passed")) == [1, 2, 3]


@pytest.mark.rule("E-THROTTLE-1")
async def test_a_run_that_asks_again_hears_the_same_and_counts_once(
    database: Database, environment: TestEnvironment, gate: Gate
) -> None:
    await gate.publish(throttle(throttle_limit=2))
    run = await write_run(database, environment, "alert", {"id": "ada"})
    performer = ThrottleSteps(database, Versions(SEALER))

    first = await performer.pass_throttle(run.ask("throttle_1", NOON))
    again = await performer.pass_throttle(run.ask("throttle_1", NOON + MINUTE))

    assert again == first
    assert [(await gate.come()).verdict for _ in range(2)] == [PASSED, HALTED]


@pytest.mark.rule("E-THROTTLE-3", "E-THROTTLE-4")
@pytest.mark.parametrize("key", ["project", "data.project", "{{ data.project }}-{{ recipient.id }}"])
async def test_each_recipient_and_each_key_has_a_window_of_its_own(gate: Gate, key: str) -> None:
    await gate.publish(throttle(throttle_key=key))

    first = [(await gate.come(who=who, project=project)).verdict for who in "ab" for project in (1, 2)]
    second = [(await gate.come(who=who, project=project)).verdict for who in "ab" for project in (1, 2)]

    assert (set(first), set(second)) == ({PASSED}, {HALTED})


@pytest.mark.rule("E-THROTTLE-3")
async def test_steps_and_workflows_count_apart_and_a_commit_opens_no_gate(
    database: Database, environment: TestEnvironment, gate: Gate
) -> None:
    other = Gate(database, environment, "other")
    await gate.publish(throttle(), throttle("throttle_2"))
    await other.publish(throttle())

    assert (await gate.come()).verdict is PASSED
    assert (await gate.come(ref="throttle_2")).verdict is PASSED
    assert (await other.come()).verdict is PASSED

    await gate.publish(throttle(), in_app_step())
    assert (await gate.come()).verdict is HALTED


@pytest.mark.rule("E-THROTTLE-5", "E-THROTTLE-4", "E-THROTTLE-7", "E-LIMITS-13")
@pytest.mark.parametrize(
    ("settings", "data", "reason"),
    [
        ({"throttle_key": "project"}, {}, "throttle_key is empty for this run"),
        ({"throttle_key": "project"}, {"project": ""}, "throttle_key is empty for this run"),
        (
            {"throttle_key": "{{ data.project | divided_by: 0 }}"},
            {"project": 1},
            "the Liquid in throttle_key cannot be rendered",
        ),
        (
            {"throttle_key": "project"},
            {"project": "a" * 58},
            "throttle_key has 64 characters or more once it is encoded",
        ),
        (
            {"throttle_key": "project"},
            {"project": "ä" * 10},
            "throttle_key has 64 characters or more once it is encoded",
        ),
        ({"throttle_window_field_path": "data.until"}, {}, "data.until is missing"),
        (
            {"throttle_window_field_path": "data.until"},
            {"until": (NOON - MINUTE).isoformat()},
            "data.until is not in the future",
        ),
        (
            {"throttle_window_field_path": "data.until"},
            {"until": {"unit": "days", "value": 32}},
            "data.until is more than 31 days away",
        ),
    ],
)
async def test_a_broken_throttle_lets_every_run_pass_and_says_so(
    gate: Gate, settings: dict[str, Any], data: dict[str, Any], reason: str
) -> None:
    await gate.publish(throttle(**settings))

    answers = [await gate.come(**data) for _ in range(2)]

    assert [(answer.verdict, answer.reason) for answer in answers] == [(SKIPPED, reason)] * 2
    assert {line["status"] for line in await gate.lines("step_skipped")} == {"error"}


@pytest.mark.rule("E-THROTTLE-4", "E-LIMITS-13")
@pytest.mark.parametrize("project", ["a" * 57, "ä" * 9])
async def test_a_key_just_short_enough_counts(gate: Gate, project: str) -> None:
    await gate.publish(throttle(throttle_key="project"))

    assert [(await gate.come(project=project)).verdict for _ in range(2)] == [PASSED, HALTED]


@pytest.mark.rule("E-THROTTLE-6", "E-DELAY-11")
@pytest.mark.parametrize(
    "value",
    [
        (NOON + timedelta(hours=2)).isoformat(),
        {"unit": "hours", "value": 2},
        {"frequency": "daily", "hours": 14},
    ],
)
async def test_a_window_may_end_where_the_data_says_and_later_runs_do_not_move_it(
    gate: Gate, value: Any
) -> None:
    await gate.publish(throttle(throttle_window_field_path="data.until"))
    assert (await gate.come(until=value)).verdict is PASSED

    later = (NOON + timedelta(days=1)).isoformat()
    verdicts = [(await gate.come(NOON + at * MINUTE, until=later)).verdict for at in (30, 119, 120)]

    assert verdicts == [HALTED, HALTED, PASSED]


@pytest.mark.rule("E-THROTTLE-1", "E-RUN-3", "E-RUN-6")
async def test_a_run_that_is_held_back_completes_without_sending(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    unwanted = {"all": [{"variable": "data.urgent", "operator": "not_equal_to", "argument": "true"}]}
    step = throttle() | {"conditions": unwanted}
    await virtual.publish(environment, "alert", workflow(step, in_app_step()))

    for data in ({}, {}, {"urgent": True}):
        await virtual.trigger(environment, "alert", data=data)

    ends = [(run["status"], run["outcome"], run["error_count"]) for run in await virtual.runs(environment)]
    assert ends == [("completed", "finished", 0), ("completed", "halted", 0), ("completed", "finished", 0)]
    assert len(await virtual.messages(environment)) == 2
    (line,) = await virtual.log(environment, "throttle_closed")
    assert (line["step_ref"], line["data"]["passed"], line["data"]["limit"]) == ("throttle_1", 1, 1)


@pytest.mark.rule("E-THROTTLE-7")
async def test_a_cancel_closes_no_window_and_opens_none(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "alert", workflow(throttle(), in_app_step()))
    await virtual.trigger(environment, "alert", cancellation_key="stop")
    await virtual.cancel(environment, "alert", "stop")

    await virtual.trigger(environment, "alert")

    assert [run["outcome"] for run in await virtual.runs(environment)] == ["finished", "halted"]
