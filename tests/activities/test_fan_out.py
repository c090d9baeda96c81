"""Whom a trigger reaches, in which order, and where it goes on after it was interrupted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Json
from temporalio.client import Client, Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.testing import ActivityEnvironment

from activities.fan_out import FanOut, Position
from activities.recipients import Recipients
from dispatch.crowds import FEW, MOST_RUNS, Crowds
from dispatch.room import Room
from dispatch.starting import share_of
from dispatch.temporal import Temporal
from dispatch.triggers import Place, TriggerRequest, accept
from models.database import Database
from models.tables.triggers import find_fan_out
from models.values.given import GivenRecipient, GivenTenant
from models.values.refs import RecipientRef
from tests.builders import delay_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS, eventually
from tests.runs import NOON, rows
from tests.subscribing import subscribed, thing
from workflows_engine import names
from workflows_engine.effects.runs import ExpandAnswer, ExpandAsk

RUNS = "SELECT recipient_id, subscription, status FROM recipient_runs WHERE workflow_run_id = %s ORDER BY 1"


def trigger(environment: TestEnvironment, *named: str, **more: Any) -> dict[str, Any]:
    """A row as the fan-out reads it."""
    given = [GivenRecipient(ref=thing(one), properties={}).model_dump(mode="json") for one in named]
    row = {"environment_id": environment.id, "expands": True, "actor_collection": None, "actor_id": None}
    return {**row, "recipients": given, **more}


async def reached(
    database: Database, row: dict[str, Any], start: Position | None = None, page_size: int = 2
) -> list[str]:
    """Names in the order in which they come up, each with the object that led there."""
    found = []
    async for page, _ in FanOut(database, row, row["recipients"], page_size).pages(start or Position()):
        for one in page:
            by = "" if one.subscription is None else f" by {one.subscription['id']}"
            found.append(f"{one.given.ref.id}{by}")
    return found


@pytest.mark.rule("E-TRIGGER-18", "E-SUBS-3", "E-LIMITS-29")
async def test_named_ones_come_first_then_subscribers_then_theirs_and_no_deeper(
    database: Database, environment: TestEnvironment
) -> None:
    await subscribed(database, environment, "projects/p1", "ada", "teams/t1", "teams/t2", "$tenants/acme")
    await subscribed(database, environment, "teams/t1", "bob", "squads/s1")
    await subscribed(database, environment, "$tenants/acme", "cid", "dan", "fay")
    await subscribed(database, environment, "squads/s1", "eve")

    found = await reached(database, trigger(environment, "gus", "projects/p1"))

    assert found[:2] == ["gus", "p1"]
    assert sorted(found[2:6]) == ["acme by p1", "ada by p1", "t1 by p1", "t2 by p1"]
    assert sorted(found[6:]) == ["bob by t1", "cid by acme", "dan by acme", "fay by acme", "s1 by t1"]


@pytest.mark.rule("E-TRIGGER-19")
async def test_a_child_of_several_parents_is_expanded_once_and_circles_end(
    database: Database, environment: TestEnvironment
) -> None:
    for parent in ("projects/p1", "projects/p2"):
        await subscribed(database, environment, parent, "teams/t1", "projects/p1", "ada")
    await subscribed(database, environment, "teams/t1", "bob", "projects/p1")

    found = await reached(database, trigger(environment, "projects/p1", "projects/p2"))

    assert found.count("bob by t1") == 1
    assert [one for one in found if one.startswith("ada")] == ["ada by p1", "ada by p2"]


@pytest.mark.rule("E-TRIGGER-20")
async def test_the_actor_is_left_out_as_a_subscriber_and_not_as_one_who_was_named(
    database: Database, environment: TestEnvironment
) -> None:
    await subscribed(database, environment, "projects/p1", "ada", "bob", "cid", "teams/t1")
    await subscribed(database, environment, "teams/t1", "ada", "dan")
    actor = {"actor_collection": "$users", "actor_id": "ada"}

    by_subscription = await reached(database, trigger(environment, "projects/p1", **actor))
    named = await reached(database, trigger(environment, "ada", "projects/p1", **actor))

    assert sorted(by_subscription) == ["bob by p1", "cid by p1", "dan by t1", "p1", "t1 by p1"]
    assert sorted(named) == ["ada", *sorted(by_subscription)]


@pytest.mark.rule("E-SCHED-8")
async def test_a_trigger_that_does_not_expand_reaches_whom_it_names(
    database: Database, environment: TestEnvironment
) -> None:
    await subscribed(database, environment, "projects/p1", "ada")
    assert await reached(database, trigger(environment, "projects/p1", "bob", expands=False)) == ["p1", "bob"]


@pytest.mark.parametrize("page_size", [1, 2, 3, 100])
async def test_from_every_position_on_the_rest_follows(
    database: Database, environment: TestEnvironment, page_size: int
) -> None:
    await subscribed(database, environment, "projects/p1", "ada", "bob", "teams/t1", "teams/t2")
    await subscribed(database, environment, "projects/p2", "cid", "teams/t3")
    for team, people in {"t1": ["u1", "u2", "u3"], "t2": ["u4"], "t3": ["u5", "u6"]}.items():
        await subscribed(database, environment, f"teams/{team}", *people)
    row = trigger(environment, "zoe", "projects/p1", "projects/p2", "teams/t2")
    whole = await reached(database, row, page_size=page_size)
    assert len(whole) == 4 + 7 + 5

    done = 0
    async for page, position in FanOut(database, row, row["recipients"], page_size).pages(Position()):
        done += len(page)
        told = Position.model_validate_json(position.model_dump_json())
        assert await reached(database, row, told, page_size) == whole[done:]


class LostWorkerError(Exception):
    """What a killed worker looks like from inside."""


async def expand(
    recipients: Recipients, ask: ExpandAsk, told: list[Any], *, pages: int | None = None
) -> ExpandAnswer:
    """Carry the activity out as Temporal would after these heartbeats; it is lost after so many pages."""
    outside = ActivityEnvironment()
    outside.info = replace(outside.info, heartbeat_details=told[-1:])

    def beat(*details: Any) -> None:
        if pages is not None and len(told) == pages:
            raise LostWorkerError
        told.extend(details)

    outside.on_heartbeat = beat
    answer: ExpandAnswer = await outside.run(recipients.expand_recipients, ask)
    return answer


@pytest.mark.rule("E-TRIGGER-18", "E-TRIGGER-19", "E-TRIGGER-21")
async def test_a_fan_out_that_lost_its_workers_reaches_everybody_once(
    database: Database, environment: TestEnvironment, temporal: Temporal
) -> None:
    await publish(database, environment, "greet", workflow(delay_step()))
    people = [f"u{number:02}" for number in range(12)]
    await subscribed(database, environment, "projects/p1", *people, "teams/t1", role="member")
    await subscribed(database, environment, "teams/t1", *people[5:], "zoe", role="deputy")
    ask = await accepted(database, environment, temporal)
    recipients, told = Recipients(database, temporal, page_size=4), list[Any]()

    for pages in (0, 2, 2, 4):
        with pytest.raises(LostWorkerError):
            await expand(recipients, ask, told, pages=pages)
    answer = await expand(recipients, ask, told)

    found = await rows(database, RUNS, ask.workflow_run_id)
    assert [run["recipient_id"] for run in found] == sorted([*people, "p1", "t1", "zoe"])
    assert answer.started == len(found) == 15
    roles = {run["recipient_id"]: (run["subscription"] or {}).get("properties") for run in found}
    assert (roles["p1"], roles["u11"], roles["zoe"]) == (None, {"role": "member"}, {"role": "deputy"})


async def accepted(
    database: Database,
    environment: TestEnvironment,
    temporal: Temporal,
    tenant: str | None = None,
    *,
    is_crowd: bool = False,
    named: Sequence[Any] = ({"collection": "projects", "id": "p1"},),
) -> ExpandAsk:
    """A trigger of one object; should a worker of the suite fan it out too, that changes nothing."""
    request = TriggerRequest(
        workflow_key="greet",
        recipients=[GivenRecipient.read(one) for one in named],
        tenant=GivenTenant.read(tenant) if tenant else None,
        request_id="test",
        is_crowd=is_crowd,
    )
    answer = await accept(database, temporal, Place(environment.id, environment.slug), request)
    run_id = answer.workflow_run_id
    return ExpandAsk(environment_id=environment.id, workflow_run_id=run_id, is_crowd=is_crowd, now=NOON)


async def test_a_position_of_an_earlier_release_begins_anew(
    database: Database, environment: TestEnvironment, temporal: Temporal
) -> None:
    await publish(database, environment, "greet", workflow(delay_step()))
    await subscribed(database, environment, "projects/p1", "ada")
    ask = await accepted(database, environment, temporal)

    answer = await expand(Recipients(database, temporal), ask, [250])

    assert answer.started == 2
    async with database.connection() as connection:
        found = await find_fan_out(connection, environment.id, UUID(str(ask.workflow_run_id)))
    assert found is not None
    assert "data" not in found


async def test_recipients_that_an_earlier_release_left_to_the_fan_out_are_identified(
    database: Database, environment: TestEnvironment, temporal: Temporal
) -> None:
    await publish(database, environment, "greet", workflow(delay_step()))
    ask = await accepted(database, environment, temporal)
    given = GivenRecipient(ref=thing("dora"), properties={"name": "Dora"}).model_dump(mode="json")
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE triggers SET recipients = %s WHERE environment_id = %s", (Json([given]), environment.id)
        )

    await expand(Recipients(database, temporal), ask, [])

    found = await rows(database, "SELECT * FROM recipients WHERE environment_id = %s", environment.id)
    assert {one["id"]: one["properties"] for one in found} == {"p1": {}, "dora": {"name": "Dora"}}


@pytest.mark.parametrize("subscribers", [FEW - 1, FEW])
async def test_runs_of_a_large_fan_out_take_turns_beside_those_of_their_tenant(
    database: Database, environment: TestEnvironment, temporal: Temporal, subscribers: int
) -> None:
    await publish(database, environment, "greet", workflow(delay_step()))
    await subscribed(database, environment, "projects/p1", *(f"u{number}" for number in range(subscribers)))
    ask = await accepted(database, environment, temporal, tenant="acme")

    await expand(Recipients(database, temporal), ask, [])

    shares = set()
    for user in (RecipientRef(id=f"u{number}") for number in range(subscribers)):
        run_id = names.recipient_run_id(ask.workflow_run_id, user)
        workflow_id = names.recipient_run_workflow(environment.slug, "greet", user, run_id)
        described = await temporal.client.get_workflow_handle(workflow_id).describe()
        shares.add(described.raw_info.priority.fairness_key)
    # The object itself is one of those reached.
    is_bulk = subscribers == FEW
    expected = share_of(environment.id, ask.workflow_run_id, "acme", is_bulk=is_bulk)
    assert shares == {expected.fairness_key}


@pytest.mark.parametrize(
    ("subscribers", "is_crowd", "queue"),
    [(3, False, names.RUNS), (3, True, names.BULK), (MOST_RUNS + 1, False, names.BULK)],
)
async def test_runs_of_a_crowd_s_fan_out_leave_room_however_few(
    database: Database,
    environment: TestEnvironment,
    temporal: Temporal,
    subscribers: int,
    is_crowd: bool,
    queue: str,
) -> None:
    await publish(database, environment, "greet", workflow(delay_step()))
    await subscribed(database, environment, "projects/p1", *(f"u{number}" for number in range(subscribers)))
    ask = await accepted(database, environment, temporal, is_crowd=is_crowd)

    await expand(Recipients(database, temporal), ask, [])

    user = RecipientRef(id="u0")
    run_id = names.recipient_run_id(ask.workflow_run_id, user)
    workflow_id = names.recipient_run_workflow(environment.slug, "greet", user, run_id)
    assert (await temporal.client.get_workflow_handle(workflow_id).describe()).task_queue == queue


class Starts(Interceptor):
    """How many runs were started at the same moment; fan-outs begin much later, and not in the suite."""

    def __init__(self) -> None:
        self.at_once = self.most = self.all = 0

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Starting(next, self)


class _Starting(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, starts: Starts) -> None:
        super().__init__(next)
        self._starts = starts

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        if input.workflow == "WorkflowRun":
            input.start_delay = timedelta(days=1)
            return await super().start_workflow(input)
        self._starts.at_once += 1
        self._starts.most = max(self._starts.most, self._starts.at_once)
        try:
            return await super().start_workflow(input)
        finally:
            self._starts.at_once -= 1
            self._starts.all += 1


def watching(client: Client, interceptor: Interceptor) -> Client:
    config = client.config()
    config["interceptors"] = [interceptor]
    return Client(**config)


@pytest.mark.parametrize(("is_crowd", "seen", "most"), [(True, True, 1), (True, False, 4), (False, True, 4)])
async def test_beside_others_crowds_fan_outs_start_one_run_at_a_time(
    database: Database,
    environment: TestEnvironment,
    temporal: Temporal,
    is_crowd: bool,
    seen: bool,
    most: int,
) -> None:
    await publish(database, environment, "greet", workflow(delay_step()))
    people = [f"u{number}" for number in range(MOST_RUNS // 2)]
    await subscribed(database, environment, "projects/p1", *people)
    room, starts = Room(clock=lambda: 100.0), Starts()
    if seen:
        room.saw("other")
    watched = Temporal(client=watching(temporal.client, starts))
    asks = [await accepted(database, environment, watched, is_crowd=is_crowd) for _ in range(3)]
    recipients = Recipients(database, watched, crowds=Crowds(most_runs=1_000), room=room)

    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group:
        for ask in asks:
            group.create_task(expand(recipients, ask, []))

    assert starts.all == 3 * (len(people) + 1)
    assert starts.most == 1 if most == 1 else 1 < starts.most <= most


class _Held(OutboundInterceptor):
    """Lets no run of a fan-out start until the test says so."""

    def __init__(self, next: OutboundInterceptor, free: asyncio.Event) -> None:
        super().__init__(next)
        self._free = free

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        if input.workflow == "WorkflowRun":
            input.start_delay = timedelta(days=1)
        elif input.id.count("large"):
            await self._free.wait()
        return await super().start_workflow(input)


@dataclass
class Holding(Interceptor):
    """The client of a worker whose large fan-outs stand still."""

    free: asyncio.Event = field(default_factory=asyncio.Event)

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Held(next, self.free)


async def test_of_many_large_fan_outs_few_are_held_in_memory_and_small_ones_pass(
    database: Database, environment: TestEnvironment, temporal: Temporal
) -> None:
    # As when a newsletter to half a million comes in calls of a thousand each.
    await publish(database, environment, "greet", workflow(delay_step()))
    holding = Holding()
    held = Temporal(client=watching(temporal.client, holding))
    asks = [
        await accepted(database, environment, held, named=[f"large-{many}-{n}" for n in range(FEW + 1)])
        for many in range(2)
    ]
    small = await accepted(database, environment, held, named=["ada", "bob"])
    recipients = Recipients(database, held, held=1)

    async def reached_of(ask: ExpandAsk) -> int:
        return len(await rows(database, RUNS, ask.workflow_run_id))

    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group:
        large = [group.create_task(expand(recipients, ask, [])) for ask in asks]

        async def one_is_written() -> bool:
            return sorted([await reached_of(ask) for ask in asks]) == [0, FEW + 1]

        await eventually(one_is_written)
        await expand(recipients, small, [])
        assert (await reached_of(small), await one_is_written()) == (2, True)
        holding.free.set()
    assert [task.result().started for task in large] == [FEW + 1] * 2
