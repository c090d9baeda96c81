"""The same call twice: one trigger, one answer (E-TRIGGER-26, -27, -28)."""

import asyncio
from typing import Any

import knockapi
import pytest
from knockapi import AsyncKnock

from models.sealing import Sealer
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment, make_environment
from tests.feeds import feed_with
from tests.houses import SECRET, House
from tests.journeys.settling import settled_runs
from tests.runs import rows

TRIGGERS = "SELECT id, idempotency_key FROM triggers WHERE environment_id = %s"


@pytest.fixture(autouse=True)
async def greet(house: House, environment: TestEnvironment) -> None:
    await publish(house.database, environment, "greet", workflow(in_app_step()))


async def ask(knock: AsyncKnock, key: str, who: str = "ada", **body: Any) -> Any:
    return await knock.workflows.with_raw_response.trigger(
        "greet", recipients=[{"id": who}], idempotency_key=key, **body
    )


@pytest.mark.rule("E-TRIGGER-26", "E-TRIGGER-27")
async def test_a_replay_answers_the_same_and_says_that_it_is_one(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    first = await ask(knock, "once", data={"a": 1, "b": [2]})
    again = await ask(knock, "once", data={"b": [2], "a": 1})

    assert (await again.parse()).workflow_run_id == (await first.parse()).workflow_run_id
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["original-x-request-id"] == first.headers["x-request-id"]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert "idempotent-replayed" not in first.headers
    await feed_with(knock, "ada", 1)
    assert len(await settled_runs(house, environment, 1)) == 1
    assert len(await rows(house.database, TRIGGERS, environment.id)) == 1


@pytest.mark.parametrize(
    "change", [{"data": {"a": 2}}, {"who": "bob"}, {"tenant": "acme"}, {"settings": {"sandbox_mode": True}}]
)
@pytest.mark.rule("E-TRIGGER-28")
async def test_a_key_with_other_parameters_is_refused(
    house: House, environment: TestEnvironment, knock: AsyncKnock, change: dict[str, Any]
) -> None:
    await ask(knock, "once", data={"a": 1}) if "data" in change else await ask(knock, "once")

    with pytest.raises(knockapi.UnprocessableEntityError, match="Idempotency-Key") as refused:
        await ask(knock, "once", **change)

    assert refused.value.body["code"] == "invalid_params"  # type: ignore[index]
    assert len(await rows(house.database, TRIGGERS, environment.id)) == 1


async def test_a_key_belongs_to_one_workflow_path(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "other", workflow(in_app_step()))
    await ask(knock, "once")

    with pytest.raises(knockapi.UnprocessableEntityError):
        await knock.workflows.trigger("other", recipients=[{"id": "ada"}], idempotency_key="once")


@pytest.mark.rule("E-TRIGGER-28")
async def test_ten_at_once_are_one_trigger(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    answers = await asyncio.gather(*(ask(knock, "once") for _ in range(10)))

    ids = {(await answer.parse()).workflow_run_id for answer in answers}
    written = await rows(house.database, TRIGGERS, environment.id)
    assert ids == {str(written[0]["id"])}
    assert len(written) == 1
    await feed_with(knock, "ada", 1)
    assert len(await settled_runs(house, environment, 1)) == 1


@pytest.mark.rule("E-TRIGGER-27")
async def test_what_was_refused_is_not_remembered(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    with pytest.raises(knockapi.UnprocessableEntityError, match="actor_missing"):
        await ask(knock, "once", actor="eve")
    await knock.users.update("eve", name="Eve")

    answer = await ask(knock, "once", actor="eve")

    assert answer.status_code == 200
    assert "idempotent-replayed" not in answer.headers


@pytest.mark.rule("E-TRIGGER-26")
async def test_a_key_means_nothing_to_another_environment_or_another_endpoint(
    house: House, knock: AsyncKnock, other_environment: TestEnvironment
) -> None:
    await publish(house.database, other_environment, "greet", workflow(in_app_step()))
    first = await ask(knock, "once")
    async with house.knock(other_environment.secret_key) as other:
        second = await ask(other, "once")
    for _ in range(2):
        await knock.workflows.cancel("greet", cancellation_key="c", idempotency_key="once")

    assert "idempotent-replayed" not in second.headers
    assert (await second.parse()).workflow_run_id != (await first.parse()).workflow_run_id


@pytest.fixture
async def other_environment(house: House) -> TestEnvironment:
    return await make_environment(house.database, Sealer(SECRET))
