"""What update steps change is there for the steps after them."""

from datetime import timedelta

import pytest

from models.values.content import ContentType
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.every_step import step
from tests.rules.reading import body_of
from tests.virtual_time import VirtualTime


@pytest.mark.rule("E-UPDATE-9", "E-RUN-19", "E-UPDATE-15", "E-RUN-18")
async def test_later_steps_see_the_new_data_user_and_tenant(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    steps = [
        step("update_data", "d", data='{"n": "{{ data.n | plus: 1 }}"}'),
        step("update_user", "u", recipient_mode="current", update_properties='{"plan": "{{ data.n }}"}'),
        step("update_tenant", "t", recipient_mode="current", update_properties='{"size": {{ data.n }} }'),
        step("update_data", "e", data='{"n": {{ data.n | times: 10 }} }'),
        in_app_step(body="{{ data.n }} {{ recipient.plan }} {{ tenant.size }}"),
    ]
    await virtual.publish(environment, "w", workflow(*steps))

    await virtual.trigger(environment, "w", tenant="acme", data={"n": 1})

    (message,) = await virtual.messages(environment)
    assert body_of(message) == "20 2 2"
    assert message["data"] == {"n": 20}


@pytest.mark.rule("E-UPDATE-12", "E-RUN-19", "E-UPDATE-10")
async def test_later_steps_see_who_joined_and_who_left(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    beta = {"type": "static", "name": "Beta"}
    await publish(virtual.database, environment, "beta", beta, ContentType.AUDIENCE)
    member = {"all": [{"variable": "recipient", "operator": "is_audience_member", "argument": "beta"}]}
    steps = [
        in_app_step("before", conditions=member),
        step("update_audience", "add", action="add", audience_key="beta"),
        in_app_step("joined", conditions=member),
        step("update_audience", "remove", action="remove", audience_key="beta"),
        in_app_step("left", conditions=member),
    ]
    await virtual.publish(environment, "w", workflow(*steps))

    await virtual.trigger(environment, "w", tenant="acme")

    assert [message["step_ref"] for message in await virtual.messages(environment)] == ["joined"]


@pytest.mark.rule("E-UPDATE-14", "E-RUN-7", "E-RUN-6")
async def test_data_that_cannot_be_rendered_halt_the_run(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    broken = step("update_data", "d", data='{"a": "{{ data.missing }}"}')
    await virtual.publish(environment, "w", workflow(broken, in_app_step()))

    await virtual.trigger(environment, "w")
    await virtual.pass_time(environment, timedelta(minutes=2))

    (run,) = await virtual.runs(environment)
    assert (run["status"], run["outcome"], run["error_count"]) == ("completed", "failed", 1)
    assert await virtual.messages(environment) == []
