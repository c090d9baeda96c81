"""Accepting triggers: whole or not at all, and once (D5)."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from dispatch.codec import data_converter
from dispatch.errors import (
    ActorMissing,
    IdempotencyMismatch,
    NotAccepted,
    Unavailable,
    WorkflowInactive,
    WorkflowMissing,
)
from dispatch.temporal import Temporal
from dispatch.triggers import Accepted, Idempotency, Place, Replayed, TriggerRequest, accept
from models.database import Database
from models.sealing import Sealer
from models.values.given import GivenRecipient, GivenTenant
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment, make_environment
from tests.houses import SECRET
from tests.runs import rows
from workflows_engine import names

KEY = Idempotency("order-7", b"what was asked")


@dataclass(frozen=True)
class Door:
    """Where triggers of one environment come in."""

    database: Database
    temporal: Temporal
    environment: TestEnvironment

    async def accept(self, request: TriggerRequest) -> Accepted:
        place = Place(self.environment.id, self.environment.slug)
        return await accept(self.database, self.temporal, place, request)

    async def all(self, table: str) -> list[dict[str, Any]]:
        sql = f"SELECT * FROM {table} WHERE environment_id = %s ORDER BY inserted_at"
        return await rows(self.database, sql, self.environment.id)

    async def execute(self, sql: str, *values: Any) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(sql, (*values, self.environment.id))


@pytest.fixture
async def door(database: Database, temporal: Temporal, environment: TestEnvironment) -> Door:
    await publish(database, environment, "greet", workflow(in_app_step()))
    return Door(database, temporal, environment)


def request(*recipients: Any, key: str = "greet", **more: Any) -> TriggerRequest:
    given = [GivenRecipient.read(one) for one in recipients or ({"id": "ada"},)]
    return TriggerRequest(workflow_key=key, recipients=given, request_id="request-1", **more)


@pytest.mark.rule("E-TRIGGER-1")
async def test_an_accepted_trigger_stands_as_a_row_a_run_and_a_workflow(door: Door) -> None:
    accepted = await door.accept(request(cancellation_key="k", data={"b": 1, "a": 2}))

    (trigger,), (run,) = await door.all("triggers"), await door.all("recipient_runs")
    assert (trigger["id"], list(trigger["data"])) == (accepted.workflow_run_id, ["b", "a"])
    assert trigger["answered_at"] is not None
    assert (run["workflow_run_id"], run["cancellation_key"]) == (accepted.workflow_run_id, "k")
    assert run["acceptance"] == trigger["acceptance"] > 0
    workflow_id = f"{door.environment.slug}/greet/ada/{run['id']}"
    described = await door.temporal.client.get_workflow_handle(workflow_id).describe()
    assert described.workflow_type == "RecipientRun"
    assert accepted.run_url is not None
    assert str(described.run_id) in accepted.run_url


@pytest.mark.rule("E-TRIGGER-21")
async def test_more_than_one_recipient_is_fanned_out_by_a_workflow(door: Door) -> None:
    accepted = await door.accept(request({"id": "ada"}, {"id": "bob"}))

    assert accepted.run_url is not None
    workflow_id = names.workflow_run_workflow(door.environment.slug, "greet", accepted.workflow_run_id)
    described = await door.temporal.client.get_workflow_handle(workflow_id).describe()
    assert described.workflow_type == "WorkflowRun"


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (request(key="unknown"), WorkflowMissing),
        (request(actor=GivenRecipient.read("nobody")), ActorMissing),
    ],
)
@pytest.mark.rule("E-TRIGGER-5", "E-TRIGGER-6")
async def test_a_refused_trigger_leaves_nothing_behind(
    door: Door, refused: TriggerRequest, error: type[NotAccepted]
) -> None:
    with pytest.raises(error):
        await door.accept(refused)
    assert [await door.all(table) for table in ("triggers", "recipient_runs", "recipients")] == [[], [], []]


@pytest.mark.rule("E-TRIGGER-5")
async def test_an_inactive_workflow_accepts_nothing(door: Door) -> None:
    await door.execute("UPDATE resources SET active = false WHERE environment_id = %s")
    with pytest.raises(WorkflowInactive, match='"greet" is inactive'):
        await door.accept(request())
    assert await door.all("triggers") == []


@pytest.mark.rule("E-TRIGGER-5", "E-TRIGGER-10")
async def test_an_actor_is_known_by_being_given_or_having_been_identified(door: Door) -> None:
    await door.accept(request(actor=GivenRecipient.read({"id": "bob", "name": "Bob"})))
    await door.accept(request(actor=GivenRecipient.read("bob")))

    assert [trigger["actor_id"] for trigger in await door.all("triggers")] == ["bob", "bob"]


@pytest.mark.rule("E-TRIGGER-10", "E-TRIGGER-17")
async def test_whoever_is_named_twice_inline_is_written_once(door: Door) -> None:
    tenant = GivenTenant.read({"id": "acme", "name": "Acme"})
    actor = GivenRecipient.read({"id": "ada", "name": "Ada"})
    await door.accept(request({"id": "ada", "email": "a@example.com"}, actor=actor, tenant=tenant))

    found = {(row["collection"], row["id"]): row["properties"] for row in await door.all("recipients")}
    assert found == {
        ("$users", "ada"): {"name": "Ada", "email": "a@example.com"},
        ("$tenants", "acme"): {"name": "Acme"},
    }


@pytest.mark.rule("E-TRIGGER-26", "E-TRIGGER-27")
async def test_the_same_call_again_hears_the_first_answer(door: Door) -> None:
    first = await door.accept(request(idempotency=KEY))

    with pytest.raises(Replayed) as replay:
        await door.accept(replace(request(idempotency=KEY), request_id="request-2"))

    again = replay.value.accepted
    assert (again.workflow_run_id, again.replay_of) == (first.workflow_run_id, "request-1")
    assert len(await door.all("triggers")) == len(await door.all("recipient_runs")) == 1


@pytest.mark.rule("E-TRIGGER-28")
async def test_the_same_key_with_another_question_is_refused(door: Door) -> None:
    await door.accept(request(idempotency=KEY))

    with pytest.raises(IdempotencyMismatch, match="used with other parameters"):
        await door.accept(request("bob", idempotency=Idempotency(KEY.key, b"something else")))

    assert len(await door.all("triggers")) == 1


@pytest.mark.rule("E-TRIGGER-27")
async def test_a_refused_call_does_not_use_its_key_up(door: Door) -> None:
    with pytest.raises(ActorMissing):
        await door.accept(request(actor=GivenRecipient.read("bob"), idempotency=KEY))

    await door.accept(request(idempotency=Idempotency(KEY.key, b"something else")))

    assert len(await door.all("triggers")) == 1


@pytest.mark.rule("E-TRIGGER-28")
async def test_duplicates_at_the_same_moment_are_one_run(door: Door) -> None:
    async def once() -> UUID:
        try:
            return (await door.accept(request(idempotency=KEY))).workflow_run_id
        except Replayed as replay:
            return replay.accepted.workflow_run_id

    answers = await asyncio.gather(*(once() for _ in range(10)))

    (trigger,) = await door.all("triggers")
    assert set(answers) == {trigger["id"]}
    assert len(await door.all("recipient_runs")) == 1


async def age(door: Door, hours: float) -> None:
    """Let the triggers of the environment be that much older."""
    await door.execute(
        "UPDATE triggers SET inserted_at = inserted_at - %s::interval WHERE environment_id = %s",
        timedelta(hours=hours),
    )


@pytest.mark.rule("E-TRIGGER-26", "E-LIMITS-5")
async def test_a_key_is_remembered_for_24_hours_and_then_free_again(door: Door) -> None:
    first = await door.accept(request(idempotency=KEY))
    await age(door, 23.9)
    with pytest.raises(Replayed):
        await door.accept(request(idempotency=KEY))

    await age(door, 0.2)
    second = await door.accept(request(idempotency=KEY))

    assert second.workflow_run_id != first.workflow_run_id
    with pytest.raises(Replayed) as replay:
        await door.accept(request(idempotency=KEY))
    assert replay.value.accepted.workflow_run_id == second.workflow_run_id
    assert len(await door.all("recipient_runs")) == 2


@pytest.mark.rule("E-TRIGGER-26")
async def test_a_key_is_free_for_every_environment(
    door: Door, database: Database, temporal: Temporal
) -> None:
    other = await make_environment(database, Sealer(SECRET))
    await publish(database, other, "greet", workflow(in_app_step()))

    first = await door.accept(request(idempotency=KEY))
    second = await Door(database, temporal, other).accept(request(idempotency=KEY))

    assert first.workflow_run_id != second.workflow_run_id


@pytest.mark.rule("E-TRIGGER-27")
async def test_a_retry_after_temporal_was_away_resumes_the_same_run(door: Door) -> None:
    nowhere = await Client.connect("127.0.0.1:9", data_converter=data_converter(None), lazy=True)
    away = replace(door, temporal=Temporal(client=nowhere))
    with pytest.raises(Unavailable, match="Temporal does not answer"):
        await away.accept(request(idempotency=KEY))
    (written,) = await door.all("triggers")
    assert written["answered_at"] is None

    accepted = await door.accept(request(idempotency=KEY))

    assert accepted.workflow_run_id == written["id"]
    assert len(await door.all("recipient_runs")) == 1


@pytest.mark.rule("E-TRIGGER-27")
async def test_a_retry_after_its_trigger_was_withdrawn_is_a_new_run(door: Door) -> None:
    first = await door.accept(request(idempotency=KEY))
    await door.execute(
        "UPDATE triggers SET answered_at = NULL, retired_at = inserted_at WHERE environment_id = %s"
    )

    second = await door.accept(request(idempotency=KEY))

    assert second.workflow_run_id != first.workflow_run_id
