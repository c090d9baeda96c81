"""D24: local activities run again without any crash, so every effect answers once."""

import asyncio
from datetime import timedelta

from activities.runs import Runs
from activities.steps.channel import ChannelSteps
from activities.versions import Versions
from models.database import Database
from models.values.kinds import Outcome
from tests.builders import email_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.runs import NOON, rows, write_run
from workflows_engine.effects.runs import FinishAsk


async def test_composing_twice_at_once_writes_one_message_and_answers_the_same(
    database: Database, environment: TestEnvironment
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    run = await write_run(database, environment, "greet")
    steps = ChannelSteps(database, Versions(SEALER))

    answers = await asyncio.gather(
        *(steps.compose_messages(run.ask("in_app_1", NOON + timedelta(seconds=late))) for late in range(5))
    )

    assert len({answer.model_dump_json() for answer in answers}) == 1
    messages = await rows(database, "SELECT id FROM messages WHERE recipient_run_id = %s", run.id)
    assert [message["id"] for message in messages] == answers[0].message_ids
    items = await rows(database, "SELECT position FROM feed_items WHERE recipient_run_id = %s", run.id)
    assert [item["position"] for item in items] == [1]


async def test_a_mail_composed_again_later_keeps_its_id_and_time(
    database: Database, environment: TestEnvironment
) -> None:
    await publish(database, environment, "mail", workflow(email_step()))
    run = await write_run(database, environment, "mail")
    steps = ChannelSteps(database, Versions(SEALER))

    first = await steps.compose_messages(run.ask("email_1", NOON))
    again = await steps.compose_messages(run.ask("email_1", NOON + timedelta(days=1)))

    assert again == first
    messages = await rows(database, "SELECT inserted_at FROM messages WHERE recipient_run_id = %s", run.id)
    assert [message["inserted_at"] for message in messages] == [NOON]


async def test_a_run_finishes_with_the_first_outcome_it_was_given(
    database: Database, environment: TestEnvironment
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    run = await write_run(database, environment, "greet")
    performer = Runs(database, Versions(SEALER))
    ask = FinishAsk(
        environment_id=environment.id, recipient_run_id=run.id, outcome=Outcome.FINISHED, now=NOON
    )

    await performer.finish_run(ask)
    await performer.finish_run(ask.model_copy(update={"outcome": Outcome.CANCELLED}))

    found = await rows(database, "SELECT status, outcome FROM recipient_runs WHERE id = %s", run.id)
    assert found == [{"status": "completed", "outcome": "finished"}]
    log = await rows(database, "SELECT event FROM run_events WHERE recipient_run_id = %s", run.id)
    assert sorted(line["event"] for line in log) == ["cancel_came_late", "run_completed"]
