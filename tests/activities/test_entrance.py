"""Beginning a run that conditions or a frequency may hold back, however often its first effect is asked."""

from datetime import timedelta
from typing import Any

import pytest

from activities.runs import Runs
from activities.versions import Versions
from models.database import Database
from models.sealing import Sealer
from models.values.kinds import Outcome
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SECRET
from tests.runs import NOON, WrittenRun, rows, write_run
from workflows_engine.effects.runs import BeginAnswer, BeginAsk

ONCE = {"trigger_frequency": "once_per_recipient"}
SOON = {"all": [{"variable": "data.at", "operator": "is_timestamp_before_now", "argument": ""}]}
USED = "SELECT recipient_run_id, scope FROM first_runs WHERE environment_id = %s"


async def begin(database: Database, run: WrittenRun, minutes: int = 0) -> BeginAnswer:
    ask = BeginAsk(
        environment_id=run.environment_id, recipient_run_id=run.id, now=NOON + timedelta(minutes=minutes)
    )
    answer: BeginAnswer = await Runs(database, Versions(Sealer(SECRET))).begin_run(ask)
    return answer


@pytest.mark.rule("E-TRIGGER-25")
@pytest.mark.parametrize("more", [{}, {"cancellation_key": "k"}])
async def test_a_run_that_is_asked_again_is_still_the_first(
    database: Database, environment: TestEnvironment, more: dict[str, Any]
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step(), **ONCE))
    first = await write_run(database, environment, "greet", **more)
    second = await write_run(database, environment, "greet", **more)

    answers = [await begin(database, run) for run in (first, first, second, first, second)]

    assert [answer.outcome for answer in answers] == [None, None, Outcome.HALTED, None, Outcome.HALTED]
    assert [answer.plan is None for answer in answers] == [False, False, True, False, True]
    assert await rows(database, USED, environment.id) == [{"recipient_run_id": first.id, "scope": ""}]


@pytest.mark.rule("E-TRIGGER-23", "E-TRIGGER-25")
async def test_a_run_that_was_held_back_stays_so_and_uses_nothing_up(
    database: Database, environment: TestEnvironment
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step(), conditions=SOON, **ONCE))
    data = {"at": (NOON + timedelta(minutes=30)).isoformat()}
    run = await write_run(database, environment, "greet", data=data)

    early, late = await begin(database, run), await begin(database, run, minutes=60)

    assert (early.outcome, late.outcome) == (Outcome.HALTED, Outcome.HALTED)
    assert late.reason == early.reason == "the trigger's conditions do not hold"
    assert await rows(database, USED, environment.id) == []
    lines = await rows(
        database, "SELECT event FROM run_events WHERE recipient_run_id = %s ORDER BY id", run.id
    )
    assert sorted(line["event"] for line in lines) == ["run_completed", "trigger_conditions_evaluated"]


@pytest.mark.rule("E-TRIGGER-23")
async def test_a_run_that_passed_goes_on_though_its_conditions_would_not_hold_any_more(
    database: Database, environment: TestEnvironment
) -> None:
    later = {"all": [{"variable": "data.at", "operator": "is_timestamp_on_or_after_now", "argument": ""}]}
    await publish(database, environment, "greet", workflow(in_app_step(), conditions=later))
    data = {"at": (NOON + timedelta(minutes=30)).isoformat()}
    run = await write_run(database, environment, "greet", data=data)

    early, late = await begin(database, run), await begin(database, run, minutes=60)

    assert (early.outcome, late.outcome) == (None, None)
    assert late.plan == early.plan
