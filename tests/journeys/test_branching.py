"""People take different ways through one workflow, by what is known of them."""

from typing import Any

from knockapi import AsyncKnock

from tests.builders import delay_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.every_step import branch, cohorts
from tests.feeds import body_of, feed_with
from tests.houses import House
from tests.runs import rows


async def test_one_trigger_takes_each_recipient_the_way_of_their_plan(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    paid = {"variable": "recipient.plan", "operator": "contains", "argument": "pro"}
    large = {"variable": "data.seats", "operator": "greater_than", "argument": "5"}
    inner = branch(
        {
            "conditions": {"all": [large]},
            "steps": [delay_step(unit="seconds"), in_app_step("a", body="many")],
        },
        {"steps": [in_app_step("b", body="few")]},
        ref="inner",
    )
    outer = branch(
        {"name": "Paying", "conditions": {"all": [paid]}, "steps": [inner]},
        {"name": "Others", "steps": [in_app_step("c", body="upgrade")], "terminates": True},
    )
    steps = [outer, in_app_step("d", body="thank you")]
    await publish(house.database, environment, "renewal", workflow(*steps))

    people: list[Any] = [{"id": "ada", "plan": "pro-yearly"}, {"id": "bob", "plan": "free"}]
    await knock.workflows.trigger("renewal", recipients=people, data={"seats": 9})

    ada, bob = await feed_with(knock, "ada", 2), await feed_with(knock, "bob", 1)
    assert sorted(map(body_of, ada)) == ["<p>many</p>\n", "<p>thank you</p>\n"]
    assert list(map(body_of, bob)) == ["<p>upgrade</p>\n"]
    ended = "SELECT outcome FROM recipient_runs WHERE environment_id = %s AND finished_at IS NOT NULL"
    finished = await eventually(
        lambda: rows(house.database, ended, environment.id), until=lambda found: len(found) == 2
    )
    assert [run["outcome"] for run in finished] == ["finished", "finished"]


async def test_a_person_is_in_the_same_cohort_every_time(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    step = cohorts(50, 50)
    for name, cohort in zip("ab", step["cohort_branches"], strict=True):
        cohort["steps"] = [in_app_step(name, body=name)]
    await publish(house.database, environment, "experiment", workflow(step))

    people = ("ada", "bob", "eve", "max")
    for _ in range(3):
        await knock.workflows.trigger("experiment", recipients=[{"id": who} for who in people])

    for who in people:
        assert len({body_of(item) for item in await feed_with(knock, who, 3)}) == 1
