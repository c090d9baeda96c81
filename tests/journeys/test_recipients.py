"""Whom a trigger may name, and in which way (E-TRIGGER-3, -10, -13, -16, -17, -18)."""

from typing import Any

import pytest
from knockapi import AsyncKnock

from models.values.refs import TENANTS
from tests.builders import delay_step, email_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.feeds import body_of, feed_of, feed_with
from tests.houses import House
from tests.journeys.settling import settled_runs
from tests.runs import rows

PEOPLE = "SELECT collection, id, properties FROM recipients WHERE environment_id = %s ORDER BY collection, id"


def given(id: str, **properties: Any) -> Any:
    # The SDK's types know the reserved properties only.
    return {"id": id, **properties}


async def bodies(knock: AsyncKnock, user_id: str) -> list[str]:
    return [body_of(item) for item in await feed_with(knock, user_id, 1)]


async def known(house: House, environment: TestEnvironment) -> dict[str, Any]:
    found = await rows(house.database, PEOPLE, environment.id)
    return {f"{row['collection']}/{row['id']}": row["properties"] for row in found}


@pytest.mark.rule("E-TRIGGER-3")
async def test_a_bare_id_of_a_known_user_is_enough(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(in_app_step()))
    await knock.users.update("ada", name="Ada")

    await knock.workflows.trigger("greet", recipients=["ada"])

    assert await bodies(knock, "ada") == ["<p>Hello Ada</p>\n"]


@pytest.mark.rule("E-TRIGGER-10", "E-TRIGGER-16")
async def test_an_unknown_bare_id_ends_with_an_error_and_sends_nothing(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(in_app_step()))

    named: list[list[Any]] = [["nobody"], ["nobody else", given("ada", name="Ada")]]
    for recipients in named:
        await knock.workflows.trigger("greet", recipients=recipients)

    runs = await settled_runs(house, environment, 3)
    assert [(run["recipient_id"], run["status"], run["outcome"], run["error_count"]) for run in runs] == [
        ("ada", "completed", "finished", 0),
        ("nobody", "completed", "recipient_missing", 1),
        ("nobody else", "completed", "recipient_missing", 1),
    ]
    messages = await rows(
        house.database, "SELECT recipient_id FROM messages WHERE environment_id = %s", environment.id
    )
    assert messages == [{"recipient_id": "ada"}]
    assert list(await known(house, environment)) == ["$users/ada"]
    detail = await knock.workflow_recipient_runs.get(str(runs[1]["id"]))
    assert "identify it" in str(detail.events[-1].data)


@pytest.mark.rule("E-TRIGGER-3", "E-TRIGGER-14")
async def test_an_object_is_a_recipient_and_an_actor(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    subject = "{{ actor.name }} of {{ actor.collection }} tells {{ recipient.name }}"
    await publish(house.database, environment, "greet", workflow(email_step(subject=subject)))
    address = f"apollo@{environment.slug}.example.com"
    project: Any = {"id": "p/1", "collection": "projects", "name": "Apollo", "email": address}
    bot: Any = {"id": "r2", "collection": "bots", "name": "R2"}

    await knock.workflows.trigger("greet", recipients=[project], actor=bot)
    await settled_runs(house, environment, 1)
    references: list[Any] = [{"id": one["id"], "collection": one["collection"]} for one in (project, bot)]
    await knock.workflows.trigger("greet", recipients=references[:1], actor=references[1])
    runs = await settled_runs(house, environment, 2)

    assert [(run["recipient_collection"], run["outcome"]) for run in runs] == [("projects", "finished")] * 2
    assert [mail.subject for mail in house.mailbox.mails_to(address)] == ["R2 of bots tells Apollo"] * 2
    message = (await knock.messages.list()).items[0]
    assert message.to_dict()["recipient"] == {"id": "p/1", "collection": "projects"}


@pytest.mark.rule("E-TRIGGER-10", "E-TRIGGER-11")
async def test_an_inline_actor_is_kept_merged_into_what_is_known(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(in_app_step(body="{{ actor.name }}")))
    await knock.users.update("bob", name="Robert", email="bob@example.com", extra_body={"team": {"a": 1}})

    await knock.workflows.trigger(
        "greet", recipients=[{"id": "ada"}], actor=given("bob", name="Bob", team={"b": 2})
    )

    assert await bodies(knock, "ada") == ["<p>Bob</p>\n"]
    assert (await known(house, environment))["$users/bob"] == {
        "name": "Bob",
        "email": "bob@example.com",
        "team": {"a": 1, "b": 2},
    }


@pytest.mark.rule("E-TRIGGER-10", "E-TRIGGER-17", "E-TENANT-1", "E-TENANT-2")
async def test_a_tenant_by_id_is_created_and_an_inline_one_kept(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    body = "{{ tenant.id }}: {{ tenant.name | default: 'nameless' }}"
    await publish(house.database, environment, "greet", workflow(in_app_step(body=body)))

    await knock.workflows.trigger("greet", recipients=[{"id": "ada"}], tenant="stub")
    await knock.workflows.trigger("greet", recipients=[{"id": "bob"}], tenant={"id": "acme", "name": "Acme"})

    assert await bodies(knock, "ada") == ["<p>stub: nameless</p>\n"]
    assert await bodies(knock, "bob") == ["<p>acme: Acme</p>\n"]
    people = await known(house, environment)
    assert (people[f"{TENANTS}/stub"], people[f"{TENANTS}/acme"]) == ({}, {"name": "Acme"})
    message = (await knock.messages.list(tenant="acme")).items[0]
    assert message.tenant == "acme"


@pytest.mark.rule("E-TRIGGER-12", "E-TRIGGER-13")
async def test_each_recipient_has_its_own_trigger_data_over_the_shared(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    body = "{{ data.shared }} {{ data.mine }} {{ mine }}"
    await publish(house.database, environment, "greet", workflow(in_app_step(body=body)))

    await knock.workflows.trigger(
        "greet",
        recipients=[given("ada", **{"$trigger_data": {"mine": "A"}}), {"id": "bob"}],
        data={"shared": "S", "mine": "all"},
    )

    assert await bodies(knock, "ada") == ["<p>S A A</p>\n"]
    assert await bodies(knock, "bob") == ["<p>S all all</p>\n"]
    assert (await known(house, environment))["$users/ada"] == {}


@pytest.mark.rule("E-TRIGGER-18", "E-TRIGGER-19")
async def test_many_recipients_have_one_run_each_whatever_way_and_how_often_they_are_named(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(in_app_step()))
    many: list[Any] = [{"id": f"u{number:02}", "name": f"N{number}"} for number in range(20)]
    objects: list[Any] = [given("o", collection="u"), given("o", collection="v")]
    again: list[Any] = ["u00", given("u01"), given("u01", collection="$users")]

    await knock.workflows.trigger("greet", recipients=[*again, *many, *many[:5], *objects])

    runs = await settled_runs(house, environment, 22)
    named = [(run["recipient_collection"], run["recipient_id"]) for run in runs]
    assert named == [*(("$users", f"u{n:02}") for n in range(20)), ("u", "o"), ("v", "o")]
    assert {run["outcome"] for run in runs} == {"finished"}
    assert await bodies(knock, "u00") == ["<p>Hello N0</p>\n"]
    assert await bodies(knock, "u01") == ["<p>Hello N1</p>\n"]


@pytest.mark.rule("E-TRIGGER-10", "E-TRIGGER-14")
async def test_whoever_was_named_inline_is_found_by_the_next_call_and_what_that_writes_stays(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(in_app_step()))

    await knock.workflows.trigger(
        "greet", recipients=[given("ada", name="Ada"), given("bob", name="B", age=7)]
    )
    await knock.workflows.trigger("greet", recipients=["bob"])
    bob = await knock.users.update("bob", name="Bob")

    assert (bob.name, bob.model_extra) == ("Bob", {"age": 7})
    runs = await settled_runs(house, environment, 3)
    assert {run["outcome"] for run in runs} == {"finished"}
    assert (await known(house, environment))["$users/bob"] == {"name": "Bob", "age": 7}


async def test_a_step_whose_conditions_do_not_hold_is_skipped(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    paid = {"variable": "recipient.plan", "operator": "equal_to", "argument": "pro"}
    free = {**paid, "operator": "not_equal_to"}
    told = {"variable": "data.silent", "operator": "not_equal_to", "argument": "true"}
    steps = [
        in_app_step("paid", "paid", conditions={"all": [paid, told]}),
        in_app_step("free", "free", conditions={"any": [free, {"all": [told]}]}),
    ]
    await publish(house.database, environment, "greet", workflow(*steps))

    await knock.workflows.trigger("greet", recipients=[given("ada", plan="pro")], data={"silent": True})
    await knock.workflows.trigger("greet", recipients=[given("bob", plan="free")])
    await knock.workflows.trigger("greet", recipients=[given("eve", plan="pro")])
    runs = await settled_runs(house, environment, 3)

    assert await feed_of(knock, "ada") == []
    assert await bodies(knock, "bob") == ["<p>free</p>\n"]
    assert sorted(await bodies(knock, "eve")) == ["<p>free</p>\n", "<p>paid</p>\n"]
    assert [run["outcome"] for run in runs] == ["finished"] * 3
    events = (await knock.workflow_recipient_runs.get(str(runs[0]["id"]))).events
    skipped = {event.step_ref: event.to_dict()["data"] for event in events if event.event == "step_skipped"}
    assert skipped.keys() == {"paid", "free"}
    assert "recipient.plan" in str(skipped["paid"])


@pytest.mark.rule("E-TRIGGER-9")
async def test_sandbox_mode_sends_no_mail_but_fills_the_feed(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(email_step(), in_app_step()))
    address = f"ada@{environment.slug}.example.com"

    await knock.workflows.trigger(
        "greet", recipients=[{"id": "ada", "name": "Ada", "email": address}], settings={"sandbox_mode": True}
    )
    await settled_runs(house, environment, 1)

    messages = {message.channel_id: message for message in (await knock.messages.list()).items}
    mail = messages[str(environment.email_channel_id)]
    assert mail.status == "not_sent"
    assert messages[str(environment.feed_channel_id)].status == "delivered"
    content = (await knock.messages.get_content(mail.id)).data
    assert content.to_dict()["subject_line"] == "Hello Ada"
    assert house.mailbox.mails_to(address) == []


@pytest.mark.rule("E-TRIGGER-9")
async def test_skip_delay_skips_the_delays_of_one_trigger(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(delay_step(), in_app_step()))

    await knock.workflows.trigger("greet", recipients=[{"id": "ada"}], settings={"skip_delay": True})

    items = await eventually(lambda: feed_of(knock, "ada"))
    assert len(items) == 1
