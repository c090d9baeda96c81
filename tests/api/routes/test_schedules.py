"""Schedules over the API. Temporal is away in these tests: what the answers promise is in the rows."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from knockapi import AsyncKnock, NotFoundError, UnprocessableEntityError
from temporalio.client import Client

from api.app import create_app
from api.settings import ApiSettings
from cli.embedded.ports import free_port
from dispatch.codec import data_converter
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.schedules import skip_occurrence
from tests.api.conftest import Client as ApiClient
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.runs import rows

DAILY: list[Any] = [{"frequency": "daily", "hours": 9, "minutes": 30}]
LATER = datetime(2090, 5, 4, 12, 0, tzinfo=UTC)
ADA: Any = {"id": "ada", "name": "Ada", "timezone": "Asia/Tokyo"}


@pytest.fixture(scope="module")
async def app(settings: ApiSettings, database: Database) -> FastAPI:
    nobody = await Client.connect(f"127.0.0.1:{free_port()}", lazy=True, data_converter=data_converter(None))
    return create_app(settings, database=database, temporal=Temporal(client=nobody))


@pytest.fixture(autouse=True)
async def published(database: Database, environment: TestEnvironment) -> None:
    await publish(database, environment, "digest", workflow(in_app_step()))


@pytest.mark.rule("E-SCHED-1", "E-SCHED-3", "E-SCHED-11")
async def test_one_schedule_is_made_for_each_recipient_and_shown_whole(sdk: AsyncKnock) -> None:
    made = await sdk.schedules.create(
        workflow="digest",
        recipients=[ADA, "bob", {"collection": "projects", "id": "p1", "name": "Apollo"}],
        repeats=DAILY,
        data={"topic": "dinosaurs"},
        tenant="acme",
        actor={"id": "eve", "name": "Eve"},
        ending_at=LATER,
    )

    assert [one.recipient.id for one in made] == ["ada", "bob", "p1"]
    first = made[0]
    assert (first.workflow, first.tenant, first.data) == ("digest", "acme", {"topic": "dinosaurs"})
    assert first.actor is not None
    assert first.actor.id == "eve"
    assert first.recipient.to_dict()["name"] == "Ada"
    assert first.repeats[0].to_dict() == {
        "__typename": "ScheduleRepeat",
        "frequency": "daily",
        "interval": 1,
        "day_of_month": None,
        "days": None,
        "hours": 9,
        "minutes": 30,
    }
    assert first.last_occurrence_at is None
    following = first.next_occurrence_at
    assert following is not None
    # Written in the recipient's zone: nobody need know it to read the hour.
    assert (following.hour, following.minute, following.utcoffset()) == (9, 30, timedelta(hours=9))
    assert datetime.now(UTC) < following <= datetime.now(UTC) + timedelta(days=1)


@pytest.mark.rule("E-SCHED-2", "E-SCHED-6")
async def test_groups_of_days_are_taken_and_shown_spelled_out(client: ApiClient) -> None:
    (made,) = (await create(client, repeats=[{"frequency": "daily", "days": "weekends"}])).json()

    assert made["repeats"][0]["days"] == ["sat", "sun"]


@pytest.mark.rule("E-SCHED-1", "E-SCHED-3", "E-SCHED-7")
async def test_a_one_off_is_at_its_moment_and_beyond_its_end_it_never_is(sdk: AsyncKnock) -> None:
    (made,) = await sdk.schedules.create(workflow="digest", recipients=[ADA], scheduled_at=LATER)
    assert (made.next_occurrence_at, made.repeats) == (LATER, [])

    (never,) = await sdk.schedules.create(
        workflow="digest", recipients=["ada"], scheduled_at=LATER, ending_at=LATER - timedelta(seconds=1)
    )
    assert never.next_occurrence_at is None


@pytest.mark.rule("E-SCHED-9")
async def test_an_update_holds_for_all_and_leaves_alone_what_it_does_not_give(sdk: AsyncKnock) -> None:
    made = await sdk.schedules.create(
        workflow="digest", recipients=["ada", "bob"], repeats=DAILY, data={"n": 1}, tenant="acme"
    )
    ids = [one.id for one in made]

    changed = await sdk.schedules.update(schedule_ids=ids, data={"n": 2}, ending_at=LATER)
    assert [one.id for one in changed] == ids
    assert [(one.data, one.tenant) for one in changed] == [({"n": 2}, "acme")] * 2
    assert [one.next_occurrence_at for one in changed] == [one.next_occurrence_at for one in made]

    cleared = await sdk.schedules.update(schedule_ids=ids[:1], data=None, tenant=None, actor="ada")
    assert (cleared[0].data, cleared[0].tenant, cleared[0].actor and cleared[0].actor.id) == ({}, None, "ada")

    (one_off,) = await sdk.schedules.update(schedule_ids=ids[:1], repeats=[], scheduled_at=LATER)
    assert (one_off.repeats, one_off.next_occurrence_at) == ([], LATER)
    (recurring,) = await sdk.schedules.update(schedule_ids=ids[:1], repeats=DAILY, scheduled_at=None)
    assert recurring.next_occurrence_at is not None
    assert recurring.next_occurrence_at < LATER


@pytest.mark.rule("E-SCHED-1", "E-SCHED-9", "E-TRIGGER-7")
async def test_data_that_breaks_the_schema_of_the_workflow_is_refused_when_it_is_given(
    sdk: AsyncKnock, client: ApiClient, database: Database, environment: TestEnvironment
) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    typed = workflow(in_app_step()) | {"trigger_data_json_schema": schema}
    await publish(database, environment, "digest", typed)

    wrong: list[Any] = [{"n": "one"}, None]
    for data in wrong:
        with pytest.raises(UnprocessableEntityError, match="trigger_data_json_schema"):
            await sdk.schedules.create(workflow="digest", recipients=["ada"], repeats=DAILY, data=data)
    assert await rows(database, "SELECT * FROM schedules WHERE environment_id = %s", environment.id) == []

    (made,) = await sdk.schedules.create(workflow="digest", recipients=["ada"], repeats=DAILY, data={"n": 1})
    with pytest.raises(UnprocessableEntityError, match="trigger_data_json_schema"):
        await sdk.schedules.update(schedule_ids=[made.id], data={"n": "two"})
    given: list[Any] = [{"workflow": "digest", "repeats": DAILY, "recipient": one} for one in ("bob", "eve")]
    given[0]["data"] = {"n": 2}
    answer = await client.post("/v1/schedules/bulk/create", json={"schedules": given})
    assert (answer.json()["success_count"], answer.json()["error_count"]) == (1, 1)


@pytest.mark.rule("E-SCHED-12")
async def test_an_occurrence_that_was_passed_over_is_shown(
    sdk: AsyncKnock, database: Database, environment: TestEnvironment
) -> None:
    (made,) = await sdk.schedules.create(workflow="digest", recipients=["ada"], repeats=DAILY)
    assert made.to_dict()["tocsin_skip_reason"] is None
    async with database.transaction() as connection:
        row = {"environment_id": environment.id, "id": UUID(made.id)}
        await skip_occurrence(connection, row, LATER, "it is inactive")

    (shown,) = (await sdk.schedules.list(workflow="digest")).entries

    told = shown.to_dict()
    assert (told["tocsin_skipped_at"], told["tocsin_skip_reason"]) == (
        "2090-05-04T12:00:00Z",
        "it is inactive",
    )


@pytest.mark.rule("E-SCHED-9")
async def test_an_update_that_would_leave_nothing_to_wait_for_is_refused(sdk: AsyncKnock) -> None:
    (made,) = await sdk.schedules.create(workflow="digest", recipients=["ada"], repeats=DAILY)

    with pytest.raises(UnprocessableEntityError, match="scheduled_at must say when"):
        await sdk.schedules.update(schedule_ids=[made.id], repeats=[])

    (kept,) = (await sdk.schedules.list(workflow="digest")).entries
    assert len(kept.repeats) == 1


@pytest.mark.rule("E-SCHED-10")
async def test_deleting_shows_what_was_deleted_and_happens_whole_or_not_at_all(
    sdk: AsyncKnock, database: Database, environment: TestEnvironment
) -> None:
    made = await sdk.schedules.create(workflow="digest", recipients=["ada", "bob"], repeats=DAILY)
    unknown = str(uuid4())

    with pytest.raises(NotFoundError, match=unknown):
        await sdk.schedules.delete(schedule_ids=[made[0].id, unknown])
    with pytest.raises(NotFoundError, match=unknown):
        await sdk.schedules.update(schedule_ids=[made[0].id, unknown], data={"n": 9})
    stored = await rows(database, "SELECT data FROM schedules WHERE environment_id = %s", environment.id)
    assert stored == [{"data": {}}] * 2

    gone = await sdk.schedules.delete(schedule_ids=[made[0].id])
    assert [one.id for one in gone] == [made[0].id]
    assert [one.id for one in (await sdk.schedules.list(workflow="digest")).entries] == [made[1].id]


@pytest.mark.rule("E-SCHED-13")
async def test_lists_are_of_one_workflow_newest_first_and_page_by_page(
    sdk: AsyncKnock, client: ApiClient, database: Database, environment: TestEnvironment
) -> None:
    await publish(database, environment, "other", workflow(in_app_step()))
    await sdk.schedules.create(workflow="other", recipients=["ada"], repeats=DAILY)
    project: Any = {"collection": "projects", "id": "p1"}
    for recipient in ("ada", "bob", project):
        await sdk.schedules.create(
            workflow="digest",
            recipients=[recipient],
            repeats=DAILY,
            tenant="acme" if recipient == "bob" else None,
        )

    seen = [one.recipient.id async for one in sdk.schedules.list(workflow="digest", page_size=2)]
    assert seen == ["p1", "bob", "ada"]
    of_two = await sdk.schedules.list(workflow="digest", recipients=["ada", project])
    assert [one.recipient.id for one in of_two.entries] == ["p1", "ada"]
    of_acme = await sdk.schedules.list(workflow="digest", tenant="acme")
    assert [one.recipient.id for one in of_acme.entries] == ["bob"]

    of_ada = await sdk.users.list_schedules("ada")
    assert {one.workflow for one in of_ada.entries} == {"digest", "other"}
    assert [one.workflow for one in (await sdk.users.list_schedules("ada", workflow="other")).entries] == [
        "other"
    ]
    of_object = await sdk.objects.list_schedules(id="p1", collection="projects")
    assert [one.recipient.id for one in of_object.entries] == ["p1"]
    assert (await client.refused("GET", "/v1/schedules"))["errors"][0]["field"] == "workflow"


@pytest.mark.rule("E-SCHED-13")
async def test_a_bulk_operation_makes_what_it_can_and_names_the_rest(sdk: AsyncKnock) -> None:
    rows: list[Any] = [
        {"workflow": "digest", "recipient": "ada", "repeats": DAILY},
        {"workflow": "nothing", "recipient": {"collection": "projects", "id": "p1"}, "repeats": DAILY},
        {"workflow": "digest", "recipient": "ada", "scheduled_at": LATER},
    ]

    operation = await sdk.schedules.bulk.create(schedules=rows)

    assert (operation.status, operation.estimated_total_rows, operation.success_count) == ("completed", 3, 2)
    assert [(item.id, item.collection) for item in operation.error_items or []] == [("p1", "projects")]
    assert len((await sdk.schedules.list(workflow="digest")).entries) == 2
    assert (await sdk.bulk_operations.get(operation.id)).success_count == 2


@pytest.mark.rule("E-SCHED-13", "E-LIMITS-33")
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/schedules", {"schedules": []}, "workflow"),
        ("/v1/schedules/bulk/create", {"schedules": []}, "schedules"),
        (
            "/v1/schedules/bulk/create",
            {"schedules": [{"workflow": "digest", "recipient": "ada", "repeats": DAILY}] * 1001},
            "schedules",
        ),
        (
            "/v1/schedules/bulk/create",
            {"schedules": [{"workflow": "digest", "repeats": DAILY}]},
            "schedules[0].recipient",
        ),
        (
            "/v1/schedules/bulk/create",
            {"schedules": [{"workflow": "digest", "recipient": "ada"}]},
            "schedules[0].repeats",
        ),
    ],
)
async def test_a_body_that_cannot_be_obeyed_names_the_field(
    client: ApiClient, path: str, body: dict[str, Any], field: str
) -> None:
    refusal = await client.refused("POST", path, json=body)

    assert (refusal["status"], refusal["errors"][0]["field"]) == (422, field)


@pytest.mark.rule("E-SCHED-1", "E-SCHED-2", "E-LIMITS-33")
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"repeats": []}, "repeats"),
        ({"recipients": [f"u{number}" for number in range(101)]}, "recipients"),
        ({"repeats": [{"frequency": "daily", "minutes": 7}]}, "repeats[0].minutes"),
        ({"repeats": [{"frequency": "yearly"}]}, "repeats[0].frequency"),
        ({"repeats": DAILY * 101}, "repeats"),
        ({"scheduled_at": "9999-12-31T23:59:59Z"}, "scheduled_at"),
        ({"scheduled_at": "soon"}, "scheduled_at"),
        ({"recipients": []}, "recipients"),
        ({"recipients": [f"user-{number}" for number in range(101)]}, "recipients"),
        ({"recipients": ["ada", {"name": "without an id"}]}, "recipients[1].id"),
        ({"data": {"text": "x" * 10_000_001}}, "data"),
    ],
)
async def test_what_no_schedule_can_be_is_refused(
    client: ApiClient, database: Database, environment: TestEnvironment, given: dict[str, Any], field: str
) -> None:
    body = {"workflow": "digest", "recipients": ["ada"], "repeats": DAILY}
    if "scheduled_at" in given:
        del body["repeats"]

    refusal = await client.refused("POST", "/v1/schedules", json=body | given)

    assert (refusal["status"], refusal["errors"][0]["field"]) == (422, field)
    assert await rows(database, "SELECT id FROM schedules WHERE environment_id = %s", environment.id) == []


async def test_a_workflow_or_an_actor_that_nobody_knows_is_refused(client: ApiClient) -> None:
    missing = await create(client, workflow="nothing", repeats=DAILY)
    assert (missing.status_code, missing.json()["code"]) == (404, "workflow_missing")
    actor = await create(client, repeats=DAILY, actor="nobody")
    assert (actor.status_code, actor.json()["code"]) == (422, "actor_missing")


@pytest.mark.rule("E-SCHED-9", "E-SCHED-10", "E-LIMITS-33")
async def test_more_than_a_hundred_ids_are_refused(client: ApiClient) -> None:
    ids = [str(uuid4()) for _ in range(101)]
    for method in ("PUT", "DELETE"):
        refusal = await client.refused(method, "/v1/schedules", json={"schedule_ids": ids})
        assert (refusal["status"], refusal["errors"][0]["field"]) == (422, "schedule_ids")


async def create(client: ApiClient, **given: Any) -> Any:
    return await client.post("/v1/schedules", json={"workflow": "digest", "recipients": ["ada"], **given})
