"""Waits for events: what ends them, what does not, and what the run goes on with."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from dispatch.waking import wake, wake_for_recipients
from models.tables.channel_data import put_channel_data
from models.tables.recipients import identify
from models.tables.waits import NewAwaitedEvent, record_event
from models.values.refs import RecipientRef
from tests.builders import Step, delay_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.every_step import branch
from tests.rules.reading import body_of
from tests.runs import rows
from tests.virtual_time import VirtualTime
from workflows_engine.steps.wait_for_event import AwaitedEvent

NEVER = {"all": [{"variable": "recipient.id", "operator": "equal_to", "argument": "nobody"}]}

MINUTE = timedelta(minutes=1)
HOUR = {"unit": "hours", "value": 1}
PAID = {"event_type": "integration_source", "event_key": "Paid", "integration_source_key": "stripe"}
VIP = {"event_type": "audience", "event_key": "enter", "audience_key": "vip"}
UPDATED = {"event_type": "recipient", "event_key": "updated"}
ADA, BOB = RecipientRef(id="ada"), RecipientRef(id="bob")


def match(variable: str, argument: Any, operator: str = "equal_to") -> dict[str, Any]:
    return {
        "operator": "and",
        "conditions": [{"variable": variable, "operator": operator, "argument": argument}],
    }


ANY = match("event.inserted_at", None, "exists")


def wait(event: dict[str, Any], *groups: dict[str, Any], ref: str = "wait_1", **settings: Any) -> Step:
    written = {"event": event, "match_conditions": list(groups), "expires_after": HOUR, **settings}
    return {"type": "wait_for_event", "ref": ref, "settings": written}


class Stage:
    """One workflow with a wait, and the events that are sent to it."""

    def __init__(self, virtual: VirtualTime, environment: TestEnvironment) -> None:
        self.virtual = virtual
        self.environment = environment

    async def publish(self, *steps: Step, key: str = "buy") -> None:
        await self.virtual.publish(self.environment, key, workflow(*steps))

    async def trigger(self, key: str = "buy", *recipients: Any, **more: Any) -> None:
        await self.virtual.trigger(self.environment, key, *recipients, **more)

    async def tell(
        self,
        event: dict[str, Any],
        payload: dict[str, Any],
        about: RecipientRef | None = ADA,
        at: datetime | None = None,
        *,
        is_heard: bool = True,
    ) -> int:
        """Record an event as a source or an audience does; the number of runs that may care."""
        new = NewAwaitedEvent(
            environment_id=self.environment.id,
            topic=AwaitedEvent.model_validate(event).topic,
            recipient=about,
            payload=payload,
            happened_at=at or await self.virtual.now(),
        )
        async with self.virtual.database.transaction() as connection:
            waiting = await record_event(connection, new)
        if is_heard:
            await wake(self.virtual.temporal, waiting)
            await self.virtual.idle(self.environment)
        return len(waiting)

    async def pass_time(self, minutes: float) -> None:
        await self.virtual.pass_time(self.environment, minutes * MINUTE)

    async def ends(self) -> list[tuple[str, str]]:
        runs = await self.virtual.runs(self.environment)
        return [(run["status"], run["outcome"]) for run in runs]

    async def sent(self) -> list[str]:
        return [message["step_ref"] for message in await self.virtual.messages(self.environment)]

    async def log(self, event: str) -> list[dict[str, Any]]:
        return [line["data"] for line in await self.virtual.log(self.environment, event)]


@pytest.fixture
async def stage(virtual: VirtualTime, environment: TestEnvironment) -> Stage:
    return Stage(virtual, environment)


@pytest.mark.rule("E-WAITEVENT-2", "E-WAITEVENT-9", "E-WAITEVENT-10", "E-RUN-2")
async def test_the_first_event_that_matches_ends_the_wait_and_others_keep_it_open(stage: Stage) -> None:
    await stage.publish(wait(PAID, match("event.data.amount", "10")), in_app_step())
    await stage.trigger()
    assert [run["status"] for run in await stage.virtual.runs(stage.environment)] == ["paused"]

    await stage.pass_time(5)
    await stage.tell(PAID, {"data": {"amount": 9}})
    assert await stage.sent() == []
    await stage.tell(PAID, {"data": {"amount": 10}})

    assert await stage.sent() == ["in_app_1"]
    assert await stage.ends() == [("completed", "finished")]
    lines = await stage.log("wait_conditions_evaluated")
    assert [(line["result"], line["conditions"][0]["variable_value"]) for line in lines] == [
        (False, 9),
        (True, 10),
    ]
    assert await stage.tell(PAID, {"data": {"amount": 10}}) == 0


GOES_ON, IS_CANCELLED = ("completed", "finished"), ("cancelled", "cancelled")


@pytest.mark.rule("E-WAITEVENT-3", "E-WAITEVENT-12", "E-RUN-3")
@pytest.mark.parametrize("is_told", [True, False])
async def test_a_wait_goes_on_or_cancels_its_run_as_it_says(stage: Stage, is_told: bool) -> None:
    ends = {
        "default": ({}, GOES_ON if is_told else IS_CANCELLED),
        "going_on": ({"on_match": "continue", "on_timeout": "continue"}, GOES_ON),
        "halting": ({"on_match": "halt", "on_timeout": "halt"}, IS_CANCELLED),
    }
    for key, (settings, _) in ends.items():
        await stage.publish(wait(PAID, **settings), in_app_step(), key=key)
        await stage.trigger(key)
    if is_told:
        assert await stage.tell(PAID, {}) == len(ends)
    else:
        await stage.pass_time(59)
        assert [run["status"] for run in await stage.virtual.runs(stage.environment)] == ["paused"] * 3
        await stage.pass_time(2)

    assert await stage.ends() == [end for _, end in ends.values()]
    assert len(await stage.sent()) == [end for _, end in ends.values()].count(GOES_ON)


@pytest.mark.rule("E-WAITEVENT-3", "E-LIMITS-18")
async def test_a_wait_lasts_a_quarter_of_an_hour_unless_it_says_otherwise(stage: Stage) -> None:
    await stage.publish(wait(PAID, expires_after=None))
    await stage.trigger()

    await stage.pass_time(14)
    assert [run["status"] for run in await stage.virtual.runs(stage.environment)] == ["paused"]
    await stage.pass_time(2)

    assert await stage.ends() == [("cancelled", "cancelled")]


@pytest.mark.rule("E-WAITEVENT-11")
async def test_later_steps_know_whether_and_what_came(stage: Stage) -> None:
    came = {"all": [{"variable": "refs.wait_1.matched", "operator": "equal_to", "argument": "true"}]}
    body = "paid {{ refs.wait_1.signal_variables.data.amount }}"
    fork = branch(
        {"conditions": came, "steps": [in_app_step("paid", body=body)]},
        {"name": "rest", "steps": [in_app_step("unpaid", body="{{ refs.wait_1.signal_variables | json }}")]},
    )
    await stage.publish(wait(PAID, on_timeout="continue"), fork)
    await stage.trigger("buy", {"id": "ada"}, {"id": "bob"})

    await stage.tell(PAID, {"data": {"amount": 10}}, ADA)
    await stage.pass_time(61)

    bodies = [body_of(message) for message in await stage.virtual.messages(stage.environment)]
    assert bodies == ["paid 10", "{}"]


@pytest.mark.rule("E-WAITEVENT-5")
async def test_an_event_about_somebody_is_for_nobody_else(stage: Stage) -> None:
    await stage.publish(wait(PAID), in_app_step())
    await stage.trigger("buy", {"id": "ada"}, {"id": "bob"})

    assert await stage.tell(PAID, {}, BOB) == 1
    assert await stage.tell(PAID, {}, None) == 0

    messages = await stage.virtual.messages(stage.environment)
    assert [message["recipient_id"] for message in messages] == ["bob"]


@pytest.mark.rule("E-WAITEVENT-5")
async def test_an_event_about_nobody_is_for_waits_that_are_about_no_user(stage: Stage) -> None:
    await stage.publish(wait(PAID))
    await stage.trigger("buy", {"id": "apollo", "collection": "projects"}, {"id": "ada"})

    assert await stage.tell(PAID, {}, None) == 1

    runs = await stage.virtual.runs(stage.environment)
    finished = [run["recipient_id"] for run in runs if run["finished_at"] is not None]
    assert finished == ["apollo"]


@pytest.mark.rule("E-WAITEVENT-6", "E-WAITEVENT-4")
async def test_one_group_of_conditions_is_enough_and_all_of_it_must_hold(stage: Stage) -> None:
    big = match("event.data.amount", "100", "greater_than")
    mine = match("event.data.order", "data.order")
    mine["conditions"] += match("recipient.plan", "pro")["conditions"]
    await stage.publish(wait(PAID, big, mine), in_app_step())
    await stage.trigger("buy", {"id": "ada", "plan": "pro"}, {"id": "bob", "plan": "free"}, data={"order": 7})

    await stage.tell(PAID, {"data": {"amount": 1, "order": 8}}, ADA)
    await stage.tell(PAID, {"data": {"amount": 1, "order": 7}}, BOB)
    assert await stage.sent() == []
    await stage.tell(PAID, {"data": {"amount": 1, "order": 7}}, ADA)
    await stage.tell(PAID, {"data": {"amount": 101, "order": 0}}, BOB)

    messages = await stage.virtual.messages(stage.environment)
    assert [message["recipient_id"] for message in messages] == ["ada", "bob"]


@pytest.mark.rule("E-WAITEVENT-10", "E-WAITEVENT-13")
async def test_events_from_before_or_after_the_wait_do_not_count(stage: Stage) -> None:
    await stage.publish(wait(PAID), in_app_step())
    start = await stage.virtual.now()
    await stage.trigger()

    await stage.tell(PAID, {}, at=start - MINUTE)
    await stage.tell(PAID, {}, at=start + 61 * MINUTE)

    assert await stage.sent() == []
    assert await stage.log("wait_conditions_evaluated") == []


@pytest.mark.rule("E-WAITEVENT-13", "E-WAITEVENT-2")
async def test_an_event_that_no_signal_told_of_is_found_before_the_wait_is_given_up(stage: Stage) -> None:
    await stage.publish(wait(PAID), in_app_step())
    await stage.trigger()
    await stage.tell(PAID, {}, is_heard=False)
    assert await stage.sent() == []

    await stage.pass_time(61)

    assert await stage.sent() == ["in_app_1"]


@pytest.mark.rule("E-WAITEVENT-14", "E-RUN-6")
async def test_conditions_of_the_step_are_judged_when_the_run_arrives_and_not_again(stage: Stage) -> None:
    step = wait(PAID) | {
        "conditions": {"all": [{"variable": "recipient.plan", "operator": "equal_to", "argument": "pro"}]}
    }
    await stage.publish(step, in_app_step())
    await stage.trigger("buy", {"id": "ada", "plan": "pro"}, {"id": "bob", "plan": "free"})
    assert [message["recipient_id"] for message in await stage.virtual.messages(stage.environment)] == ["bob"]

    async with stage.virtual.database.transaction() as connection:
        await identify(connection, stage.environment.id, ADA, {"plan": "free"}, await stage.virtual.now())
    await stage.tell(PAID, {})

    assert await stage.sent() == ["in_app_1", "in_app_1"]


@pytest.mark.rule("E-WAITEVENT-12")
async def test_a_cancel_ends_the_wait_and_later_events_change_nothing(stage: Stage) -> None:
    await stage.publish(wait(PAID), in_app_step())
    await stage.trigger(cancellation_key="order-7")

    await stage.virtual.cancel(stage.environment, "buy", "order-7")

    assert await stage.ends() == [("cancelled", "cancelled")]
    assert len(await stage.log("wait_cancelled")) == 1
    assert await stage.tell(PAID, {}) == 0
    assert await stage.sent() == []


@pytest.mark.rule("E-WAITEVENT-8", "E-WAITEVENT-4")
async def test_a_wait_for_an_audience_needs_no_conditions(stage: Stage) -> None:
    await stage.publish(wait(VIP), in_app_step())
    await stage.trigger()

    await stage.tell({**VIP, "event_key": "exit"}, {"transition": "exit"})
    assert await stage.sent() == []
    await stage.tell(VIP, {"audience_id": "vip", "transition": "enter"})

    assert await stage.sent() == ["in_app_1"]


@pytest.mark.rule("E-WAITEVENT-1", "E-WAITEVENT-7", "E-WAITEVENT-8")
async def test_a_workflow_may_wait_for_what_becomes_of_its_own_messages(stage: Stage) -> None:
    # The first message was delivered before the wait began, the second, of another run, after it.
    event = {
        "event_type": "message",
        "event_key": "delivered",
        "source_type": "workflow",
        "source_key": "buy",
    }
    early = {"all": [{"variable": "data.late", "operator": "not_equal_to", "argument": "true"}]}
    waiting = wait(event, match("event.step_ref", "second")) | {"conditions": early}
    await stage.publish(
        in_app_step("first", conditions=early),
        in_app_step("second"),
        waiting,
        in_app_step("after", body="{{ refs.wait_1.signal_variables | json }}", conditions=early),
        delay_step(),
    )
    await stage.trigger()
    assert await stage.sent() == ["first", "second"]

    await stage.trigger(data={"late": True})
    assert await stage.sent() == ["first", "second", "second", "after"]

    payload = (await stage.virtual.messages(stage.environment))[2]
    (line,) = [line for line in await stage.log("wait_conditions_evaluated") if line["result"]]
    assert line["conditions"][0]["variable_value"] == payload["step_ref"]


@pytest.mark.rule("E-WAITEVENT-1", "E-WAITEVENT-7", "E-TRIGGERWF-2")
@pytest.mark.parametrize("last", [(), (in_app_step("last", conditions=NEVER),)])
@pytest.mark.parametrize("event_key", ["started", "completed"])
async def test_a_run_may_wait_for_another_workflow_of_the_same_recipient(
    stage: Stage, event_key: str, last: tuple[Step, ...]
) -> None:
    event = {"event_type": "workflow", "event_key": event_key, "source_key": "other"}
    body = "{{ refs.wait_1.signal_variables.notify_data.order }} {{ refs.wait_1.signal_variables.status }}"
    await stage.publish(delay_step("pause", "minutes", 10), *last, key="other")
    await stage.publish(wait(event, match("event.workflow_key", "other")), in_app_step(body=body))
    await stage.trigger()

    await stage.trigger("other", {"id": "bob"})
    await stage.trigger("other", data={"order": 7})
    assert len(await stage.sent()) == (1 if event_key == "started" else 0)
    await stage.pass_time(11)

    bodies = [body_of(message) for message in await stage.virtual.messages(stage.environment)]
    assert bodies == [f"7 {event_key}"]


@pytest.mark.rule("E-DEBUG-4", "E-WAITEVENT-11")
async def test_the_channel_data_of_who_changed_end_a_wait_and_stand_in_no_log_and_no_later_step(
    stage: Stage,
) -> None:
    channel = UUID(int=7)
    about_tokens = match(f"event.channel_data.{channel}.tokens", "hush", "contains")
    left = in_app_step(body="{{ refs.wait_1.signal_variables.channel_data }}|{{ refs.wait_1.matched }}")
    await stage.publish(wait(UPDATED, about_tokens), left)
    await stage.trigger("buy", {"id": "ada"})
    await stage.pass_time(1)
    virtual, environment = stage.virtual, stage.environment
    async with virtual.database.transaction() as connection:
        now = await virtual.now()
        await put_channel_data(connection, environment.id, ADA, {channel: {"tokens": ["hush"]}}, now)
    await wake_for_recipients(virtual.database, virtual.temporal, environment.id, [ADA])
    await virtual.idle(environment)

    assert [body_of(message) for message in await virtual.messages(environment)] == ["|true"]
    (line,) = await virtual.log(environment, "wait_conditions_evaluated")
    (condition,) = line["data"]["conditions"]
    assert (condition["result"], condition["variable_value"]) == (True, "[REDACTED]")
    (kept,) = await rows(
        virtual.database, "SELECT event FROM event_waits WHERE environment_id = %s", environment.id
    )
    assert "hush" not in str(kept)


@pytest.mark.rule("E-WAITEVENT-7", "E-WAITEVENT-8", "E-UPDATE-8")
async def test_a_run_may_wait_for_its_recipient_to_change(stage: Stage) -> None:
    await stage.publish(wait(UPDATED, match("event.properties.plan", "pro")), in_app_step())
    await stage.trigger("buy", {"id": "ada", "plan": "free"})

    for plan in ("plus", "pro"):
        await stage.pass_time(1)
        assert await stage.sent() == []
        async with stage.virtual.database.transaction() as connection:
            now = await stage.virtual.now()
            await identify(connection, stage.environment.id, ADA, {"plan": plan}, now)
        await wake_for_recipients(stage.virtual.database, stage.virtual.temporal, stage.environment.id, [ADA])
        await stage.virtual.idle(stage.environment)

    assert await stage.sent() == ["in_app_1"]
