"""What a caller hears of a trigger at once, and by which ways one may be made (E-TRIGGER)."""

from typing import Any

import httpx
import knockapi
import pytest
from knockapi import AsyncKnock

from models.values.content import ContentType, Name
from publishing.drafts import Written, save
from tests.builders import delay_step, in_app_step, workflow
from tests.committing import publish, space_of
from tests.environments import TestEnvironment
from tests.feeds import body_of, feed_with
from tests.houses import House
from tests.journeys.settling import settled_runs
from tests.runs import rows

SCHEMA = {
    "type": "object",
    "required": ["order"],
    "properties": {"order": {"type": "object", "properties": {"total": {"type": "number"}}}},
}


RUNS = "SELECT * FROM recipient_runs WHERE environment_id = %s ORDER BY acceptance, recipient_id"


async def settled(house: House, environment: TestEnvironment, count: int) -> list[dict[str, Any]]:
    """The rows of the environment's runs, once so many have ended."""
    await settled_runs(house, environment, count)
    return await rows(house.database, RUNS, environment.id)


@pytest.mark.rule("E-TRIGGER-5", "E-TRIGGER-6", "E-TRIGGER-7")
async def test_data_that_does_not_follow_the_schema_is_refused_and_told_where(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "paid", workflow(in_app_step()))
    content = workflow(in_app_step(), trigger_data_json_schema=SCHEMA)
    await publish(house.database, environment, "paid", content)

    async def told(**more: Any) -> Any:
        with pytest.raises(knockapi.UnprocessableEntityError) as refused:
            await knock.workflows.trigger("paid", **{"recipients": [{"id": "ada"}], **more})
        return refused.value.body

    body = await told(data={"order": {"total": "much"}})
    assert (body["code"], body["status"]) == ("invalid_params", 422)
    assert body["errors"] == [
        {"field": "data.order.total", "message": "'much' is not of type 'number'", "type": "invalid"}
    ]
    assert (await told())["errors"][0]["field"] == "data"
    # The shared data alone is looked at, whatever a recipient has of its own.
    own: Any = {"id": "ada", "$trigger_data": {"order": {"total": 1}}}
    assert (await told(recipients=[own]))["errors"][0]["message"] == "'order' is a required property"
    assert await rows(house.database, "SELECT FROM triggers WHERE environment_id = %s", environment.id) == []

    accepted = await knock.workflows.trigger("paid", recipients=[{"id": "ada"}], data={"order": {"total": 1}})
    (run,) = await settled(house, environment, 1)
    assert str(run["workflow_run_id"]) == accepted.workflow_run_id


@pytest.mark.rule("E-TRIGGER-7")
async def test_a_replay_is_not_held_against_a_schema_of_later(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "paid", workflow(in_app_step()))
    first = await knock.workflows.trigger("paid", recipients=[{"id": "ada"}], idempotency_key="once")
    content = workflow(in_app_step(), trigger_data_json_schema=SCHEMA)
    await publish(house.database, environment, "paid", content)

    again = await knock.workflows.trigger("paid", recipients=[{"id": "ada"}], idempotency_key="once")

    assert again.workflow_run_id == first.workflow_run_id


@pytest.mark.rule("E-TRIGGER-18", "E-TRIGGER-21", "E-SUBS-3")
async def test_the_sdk_notifies_the_subscribers_of_an_object(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    body = "{{ recipient.subscription.role }} of {{ recipient.subscription.object.name }}"
    await publish(house.database, environment, "alert", workflow(in_app_step(body=body)))
    project: Any = {"collection": "projects", "id": "p1", "name": "Apollo"}
    await knock.objects.add_subscriptions(
        "projects", "p1", recipients=[{"id": "ada", "name": "Ada"}], properties={"role": "pilot"}
    )

    accepted = await knock.workflows.trigger("alert", recipients=[project])

    assert body_of((await feed_with(knock, "ada", 1))[0]) == "<p>pilot of Apollo</p>\n"
    runs = await settled(house, environment, 2)
    assert {str(run["workflow_run_id"]) for run in runs} == {accepted.workflow_run_id}
    message = (await knock.messages.list(workflow_run_id=accepted.workflow_run_id)).items[0].to_dict()
    assert message["recipient"] in ("ada", {"collection": "projects", "id": "p1"})


@pytest.mark.rule("E-TRIGGER-32")
async def test_the_first_apis_notify_triggers_and_cancels(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(delay_step()))
    for person in ("ada", "bob"):
        await knock.users.update(person, name=person)
    call = {"name": "greet", "actor": "bob", "recipients": ["ada"], "cancellation_key": "k", "data": {"a": 1}}

    answer = await knock.post("/v1/notify", body=call, cast_to=httpx.Response)
    result = answer.json()["result_id"]
    inline = {**call, "recipients": [{"id": "ada", "name": "Ada"}]}
    with pytest.raises(knockapi.UnprocessableEntityError, match=r"recipients\[0\] must be a user id"):
        await knock.post("/v1/notify", body=inline, cast_to=httpx.Response)
    with pytest.raises(knockapi.UnprocessableEntityError, match="actor"):
        await knock.post("/v1/notify", body={**call, "actor": None}, cast_to=httpx.Response)
    cancel = {"name": "greet", "cancellation_key": "k"}
    cancelled = await knock.post("/v1/notify/cancel", body=cancel, cast_to=httpx.Response)

    assert cancelled.status_code == 204
    (run,) = await settled(house, environment, 1)
    assert (str(run["workflow_run_id"]), run["actor_id"], run["outcome"]) == (result, "bob", "cancelled")


@pytest.mark.rule("E-TRIGGER-33", "E-TRIGGER-24", "E-TRIGGER-29")
async def test_the_test_runner_rehearses_however_often(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    once = {"trigger_frequency": "once_per_recipient"}
    await publish(house.database, environment, "greet", workflow(in_app_step(), **once))
    path = f"/v1/workflows/greet/run?environment={environment.slug}"
    async with house.knock(environment.service_token) as manager:
        for _ in range(2):
            body = {"recipients": [{"id": "ada", "name": "Ada"}]}
            answer = await manager.put(path, body=body, cast_to=httpx.Response)
            assert answer.json().keys() == {"workflow_run_id"}

    runs = await settled(house, environment, 2)
    assert [(run["trigger_source"], run["outcome"]) for run in runs] == [("rehearsal", "finished")] * 2
    listed = (await knock.workflow_recipient_runs.list()).items
    assert {run.trigger_source.type for run in listed} == {"rehearsal"}


@pytest.mark.rule("E-TRIGGER-33")
async def test_the_test_runner_runs_what_is_saved_and_nobody_else_does(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    path = f"/v1/workflows/draft/run?environment={environment.slug}"
    name = Name(ContentType.WORKFLOW, "draft")

    async def saved(body: str) -> None:
        async with house.database.transaction() as connection:
            content = workflow(in_app_step(body=body))
            await save(connection, space_of(environment), [Written(name, content)])

    async with house.knock(environment.service_token) as manager:

        async def rehearse(who: str) -> str:
            body = {"recipients": [{"id": who}]}
            await manager.put(path, body=body, cast_to=httpx.Response)
            return body_of((await feed_with(knock, who, 1))[0])

        with pytest.raises(knockapi.NotFoundError, match="workflow_missing"):
            await rehearse("nobody")
        await saved("never committed")
        assert await rehearse("ada") == "<p>never committed</p>\n"
        with pytest.raises(knockapi.NotFoundError, match="workflow_missing"):
            await knock.workflows.trigger("draft", recipients=[{"id": "ada"}])
        await publish(house.database, environment, "draft", workflow(in_app_step(body="committed")))
        assert await rehearse("bob") == "<p>committed</p>\n"
        await saved("saved again")
        assert await rehearse("cid") == "<p>saved again</p>\n"

    await knock.workflows.trigger("draft", recipients=[{"id": "dan"}])
    assert body_of((await feed_with(knock, "dan", 1))[0]) == "<p>committed</p>\n"
