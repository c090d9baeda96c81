"""What callers get wrong: told in Knock's shape what to mend, and nothing is enqueued."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import knockapi
import pytest
from knockapi import AsyncKnock

from api.middleware.guard import DEEPEST_BODY
from models.database import Database
from models.ids import new_uuid
from models.tables.keys import digest_of
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS, eventually
from tests.feeds import body_of, feed_with
from tests.houses import SECRET, House
from tests.runs import rows
from workflows_engine import names

TRIGGER = "/v1/workflows/greet/trigger"
CANCEL = "/v1/workflows/greet/cancel"
ROWS = ("triggers", "recipients", "recipient_runs", "cancels")
Body = dict[str, Any]


class Caller:
    """Sends what no SDK would, and knows what the house holds for its environment."""

    def __init__(self, house: House, environment: TestEnvironment, http: httpx.AsyncClient) -> None:
        self._house = house
        self._environment = environment
        self._http = http

    async def refused(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Body:
        """The error, which has Knock's shape; nothing came of the call."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await self._http.post(path, content=content, headers=headers)
        told: Body = answer.json()
        assert told.keys() >= {"code", "message", "status", "type"}, told
        assert told["status"] == answer.status_code >= 400
        assert await self.enqueued() == dict.fromkeys([*ROWS, "workflows"], 0)
        return told

    async def enqueued(self) -> dict[str, int]:
        """Rows and workflows of this environment."""
        counts = ", ".join(
            f"(SELECT count(*) FROM {table} WHERE environment_id = %s) AS {table}" for table in ROWS
        )
        found = (await rows(self._house.database, f"SELECT {counts}", *[self._environment.id] * len(ROWS)))[0]
        listed = await self._house.temporal.client.count_workflows(
            f"{names.ENVIRONMENT} = '{self._environment.slug}'"
        )
        return {**found, "workflows": listed.count}


@pytest.fixture
async def caller(house: House, environment: TestEnvironment) -> AsyncIterator[Caller]:
    await publish(house.database, environment, "greet", workflow(in_app_step()))
    headers = {"authorization": f"Bearer {environment.secret_key}", "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=house.url, headers=headers, timeout=PATIENCE_SECONDS) as http:
        yield Caller(house, environment, http)


def asking(**body: Any) -> Body:
    return {"recipients": [{"id": "ada", "name": "Ada"}], **body}


async def test_what_is_enqueued_is_seen_by_these_tests(caller: Caller, knock: AsyncKnock) -> None:
    await knock.workflows.trigger("greet", recipients=[{"id": "ada"}])
    await knock.workflows.cancel("greet", cancellation_key="k")
    await feed_with(knock, "ada", 1)

    found = await eventually(caller.enqueued, until=lambda found: found["workflows"] > 0)

    assert found == {"triggers": 1, "recipients": 1, "recipient_runs": 1, "cancels": 1, "workflows": 1}


@pytest.mark.parametrize("verb", ["trigger", "cancel"])
@pytest.mark.rule("E-TRIGGER-5")
async def test_a_workflow_that_nobody_made_is_missing(caller: Caller, verb: str) -> None:
    told = await caller.refused(f"/v1/workflows/nobody/{verb}", asking(cancellation_key="k"))

    assert (told["status"], told["code"]) == (404, "workflow_missing")
    assert '"nobody"' in told["message"]


@pytest.mark.rule("E-TRIGGER-5")
async def test_a_workflow_that_was_never_committed_is_missing(
    caller: Caller, house: House, environment: TestEnvironment
) -> None:
    await rows(
        house.database,
        """
        INSERT INTO resources (environment_id, type, key, active, draft, inserted_at, updated_at)
        VALUES (%s, 'workflow', 'draft', true, '{}', now(), now()) RETURNING key
        """,
        environment.id,
    )
    told = await caller.refused("/v1/workflows/draft/trigger", asking())

    assert (told["status"], told["code"]) == (404, "workflow_missing")
    assert "commit" in told["message"]


@pytest.mark.rule("E-TRIGGER-5")
async def test_an_inactive_workflow_is_not_run(
    caller: Caller, house: House, environment: TestEnvironment
) -> None:
    switch = "UPDATE resources SET active = false WHERE environment_id = %s RETURNING key"
    assert await rows(house.database, switch, environment.id) == [{"key": "greet"}]

    told = await caller.refused(TRIGGER, asking())

    assert (told["status"], told["code"]) == (422, "workflow_inactive")
    assert "activate" in told["message"]


@pytest.mark.rule("E-TRIGGER-5")
async def test_an_actor_that_was_never_identified_is_missing(caller: Caller) -> None:
    told = await caller.refused(TRIGGER, asking(actor="nobody"))

    assert (told["status"], told["code"]) == (422, "actor_missing")
    assert '"nobody"' in told["message"]
    assert "identify" in told["message"]


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"recipients": []}, "recipients", "at least 1"),
        ({"recipients": [f"u{n}" for n in range(1001)]}, "recipients", "at most 1000"),
        ({"recipients": "ada"}, "recipients", "list"),
        ({"recipients": None}, "recipients", "list"),
        ({"recipients": ["ada", ""]}, "recipients[1].id", "empty"),
        ({"recipients": [7]}, "recipients[0]", "user id"),
        ({"recipients": [None]}, "recipients[0]", "user id"),
        ({"recipients": [["ada"]]}, "recipients[0]", "user id"),
        ({"recipients": [{}]}, "recipients[0].id", "text"),
        ({"recipients": [{"id": 7}]}, "recipients[0].id", "text"),
        ({"recipients": [{"id": None}]}, "recipients[0].id", "text"),
        ({"recipients": ["a" * 257]}, "recipients[0].id", "256"),
        ({"recipients": ["a/b"]}, "recipients[0].id", "/"),
        ({"recipients": [{"id": "a#b"}]}, "recipients[0].id", "#"),
        ({"recipients": [{"id": "p1", "collection": 7}]}, "recipients[0].collection", "text"),
        ({"recipients": [{"id": "p1", "collection": ""}]}, "recipients[0].collection", "text"),
        ({"recipients": [{"id": "p1", "collection": "a/b"}]}, "recipients[0].collection", "/"),
        ({"recipients": [{"id": "p1", "collection": "c" * 257}]}, "recipients[0].collection", "256"),
        ({"recipients": [{"id": "a b", "collection": "$tenants"}]}, "recipients[0].id", "white space"),
        ({"recipients": [{"id": "ada", "$trigger_data": 7}]}, "recipients[0].$trigger_data", "object"),
        ({"recipients": [{"id": "ada", "channel_data": {"c": {}}}]}, "recipients[0].channel_data", "UUID"),
        ({"recipients": [{"id": "ada", "preferences": 7}]}, "recipients[0].preferences", "object"),
        ({"actor": 7}, "actor", "user id"),
        ({"actor": ""}, "actor.id", "empty"),
        ({"actor": {"id": "bob", "preferences": [1]}}, "actor.preferences", "object"),
        ({"tenant": "a b"}, "tenant.id", "white space"),
        ({"tenant": {"id": "a\tb"}}, "tenant.id", "white space"),
        ({"tenant": {"name": "Acme"}}, "tenant.id", "text"),
        ({"tenant": 7}, "tenant", "tenant id"),
        ({"tenant": {"id": "acme", "channel_data": {"c": {}}}}, "tenant.channel_data", "UUID"),
        ({"data": [1]}, "data", "object"),
        ({"data": "text"}, "data", "object"),
        ({"cancellation_key": ""}, "cancellation_key", "at least 1"),
        ({"cancellation_key": "k" * 257}, "cancellation_key", "at most 256"),
        ({"cancellation_key": 7}, "cancellation_key", "text"),
        ({"settings": {"sandbox": True}}, "settings.sandbox", "unknown"),
        ({"settings": {"sandbox_mode": "perhaps"}}, "settings.sandbox_mode", "true or false"),
        ({"settings": 7}, "settings", "object"),
        ({"data": {"deep": [{"x": "a\u0000b"}]}}, "data.deep[0].x", "U+0000"),
        ({"data": {"a\u0000b": 1}}, "data", "U+0000"),
        ({"recipients": ["a\u0000b"]}, "recipients[0]", "U+0000"),
        ({"cancellation_key": "\u0000"}, "cancellation_key", "U+0000"),
        ({"data": {"x": "\ud800"}}, "data.x", "surrogate"),
        ({"tenant": {"id": "acme", "name": "\udc00"}}, "tenant.name", "surrogate"),
    ],
    ids=lambda value: json.dumps(value)[:48] if isinstance(value, dict) else None,
)
@pytest.mark.rule("E-TRIGGER-2", "E-TRIGGER-3", "E-TRIGGER-4", "E-TRIGGER-5", "E-LIMITS-1", "E-LIMITS-6")
async def test_a_trigger_is_told_which_field_is_wrong(
    caller: Caller, change: Body, field: str, said: str
) -> None:
    told = await caller.refused(TRIGGER, asking(**change))

    assert (told["status"], told["code"], told["type"]) == (422, "invalid_params", "invalid_request_error")
    assert told["errors"][0]["field"] == field
    assert said in told["errors"][0]["message"]
    assert said in told["message"]


@pytest.mark.rule("E-TRIGGER-6")
async def test_one_bad_recipient_refuses_all_of_them(
    caller: Caller, house: House, environment: TestEnvironment
) -> None:
    good = [{"id": f"u{number}", "name": "N"} for number in range(50)]
    told = await caller.refused(TRIGGER, asking(recipients=[*good, "no/good"]))

    assert told["errors"][0]["field"] == "recipients[50].id"
    for table in ("triggers", "recipient_runs", "recipients"):
        sql = f"SELECT FROM {table} WHERE environment_id = %s"
        assert await rows(house.database, sql, environment.id) == []


@pytest.mark.rule("E-LIMITS-2")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "cancellation_key"),
        ({"cancellation_key": ""}, "cancellation_key"),
        ({"cancellation_key": None}, "cancellation_key"),
        ({"cancellation_key": "k" * 257}, "cancellation_key"),
        ({"cancellation_key": "k", "recipients": [f"u{n}" for n in range(1001)]}, "recipients"),
        ({"cancellation_key": "k", "recipients": "ada"}, "recipients"),
        ({"cancellation_key": "k", "recipients": ["ada", "a/b"]}, "recipients[1].id"),
        ({"cancellation_key": "k", "recipients": [{"collection": "projects"}]}, "recipients[0].id"),
        ({"cancellation_key": "a\u0000"}, "cancellation_key"),
    ],
    ids=lambda value: json.dumps(value)[:48] if isinstance(value, dict) else None,
)
async def test_a_cancel_is_told_which_field_is_wrong(caller: Caller, body: Body, field: str) -> None:
    told = await caller.refused(CANCEL, body)

    assert (told["status"], told["code"]) == (422, "invalid_params")
    assert told["errors"][0]["field"] == field


@pytest.mark.rule("E-TRIGGER-4", "E-LIMITS-3")
async def test_data_of_more_than_ten_megabytes_are_refused(caller: Caller) -> None:
    told = await caller.refused(TRIGGER, asking(data={"text": "x" * 10_000_000}))

    assert (told["status"], told["errors"][0]["field"]) == (422, "data")
    assert "10000000" in told["message"]


async def test_a_body_of_more_than_twelve_megabytes_is_refused(caller: Caller) -> None:
    told = await caller.refused(TRIGGER, b" " * (12 * 1024 * 1024) + b"{}")

    assert (told["status"], told["code"]) == (413, "body_too_large")
    assert "12 MB" in told["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"recipients": ["ada"],\n "data": }', "line 2, column 10"),
        (b'{"recipients": ["ada"]', "line 1"),
        (b"recipients=ada", "line 1, column 1"),
        (b'{"recipients": ["\xff"]}', "not"),
        (b'{"recipients": ["ada"], "data": {"n": NaN}}', "NaN"),
    ],
)
async def test_a_body_that_is_no_json_is_told_where(caller: Caller, body: bytes, said: str) -> None:
    told = await caller.refused(TRIGGER, body)

    assert (told["status"], told["code"]) == (400, "invalid_params")
    assert said in told["message"]


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"ada"'])
async def test_a_body_that_is_no_object_is_refused(caller: Caller, body: bytes) -> None:
    told = await caller.refused(TRIGGER, body)

    assert (told["status"], told["code"]) == (422, "invalid_params")


async def test_a_body_nested_beyond_reason_is_refused_by_its_caller_not_by_a_crash(caller: Caller) -> None:
    for depth in (400, 950, 20_000):
        for inside in (b"1", b'"\\u0000"'):
            nested = b"[" * depth + inside + b"]" * depth
            answer = await caller.refused(TRIGGER, b'{"recipients": [7], "data": {"x": ' + nested + b"}}")
            assert answer["status"] in (400, 422)


async def insert_key(
    database: Database, environment: TestEnvironment, key: str, expires_at: datetime
) -> None:
    sql = """
        INSERT INTO api_keys (id, environment_id, kind, digest, hint, is_development, expires_at, inserted_at)
        VALUES (%s, %s, 'secret', %s, '', false, %s, now()) RETURNING id
    """
    assert await rows(database, sql, new_uuid(), environment.id, digest_of(key, SECRET), expires_at)


@pytest.mark.parametrize("path", [TRIGGER, CANCEL])
@pytest.mark.rule("E-TRIGGER-5")
async def test_a_key_that_may_not_is_told_why(
    caller: Caller, house: House, environment: TestEnvironment, path: str
) -> None:
    expired = f"sk_expired_{environment.slug}"
    await insert_key(house.database, environment, expired, datetime(2026, 1, 1, tzinfo=UTC))
    expected = {
        "": (401, "api_key_missing"),
        "Bearer sk_nobody_knows": (401, "authentication_required"),
        f"Bearer {expired}": (401, "api_key_expired"),
        f"Bearer {environment.public_key}": (403, "incorrect_token_type"),
        f"Bearer {environment.service_token}": (403, "incorrect_token_type"),
    }

    for header, (status, code) in expected.items():
        told = await caller.refused(path, asking(cancellation_key="k"), {"authorization": header})
        assert (told["status"], told["code"], told["type"]) == (status, code, "authentication_error")


@pytest.mark.rule("E-TRIGGER-26", "E-LIMITS-5")
async def test_an_idempotency_key_of_more_than_255_characters_is_refused(caller: Caller) -> None:
    told = await caller.refused(TRIGGER, asking(), {"idempotency-key": "k" * 256})

    assert (told["status"], told["code"]) == (422, "invalid_params")
    assert "255" in told["message"]


async def test_the_sdk_raises_its_own_exception_for_each(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(in_app_step()))
    with pytest.raises(knockapi.NotFoundError, match="workflow_missing"):
        await knock.workflows.trigger("nobody", recipients=["ada"])
    with pytest.raises(knockapi.UnprocessableEntityError, match="actor_missing"):
        await knock.workflows.trigger("greet", recipients=["ada"], actor="nobody")
    async with house.knock("sk_wrong") as stranger:
        with pytest.raises(knockapi.AuthenticationError, match="authentication_required"):
            await stranger.workflows.trigger("greet", recipients=["ada"])
    async with house.knock(environment.public_key) as browser:
        with pytest.raises(knockapi.PermissionDeniedError, match="incorrect_token_type"):
            await browser.workflows.trigger("greet", recipients=["ada"])


LONG = "é" * 256
WIDE = "😀" * 256


async def test_the_longest_names_that_are_allowed_work(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "w" * 255, workflow(in_app_step()))

    given: list[Any] = [{"id": WIDE}, {"id": WIDE, "collection": LONG, "name": "P"}]
    for recipient in given:
        await knock.workflows.trigger(
            "w" * 255, recipients=[recipient], tenant=WIDE, actor={"id": LONG}, cancellation_key=WIDE
        )
    await knock.workflows.cancel("w" * 255, cancellation_key=WIDE[1:])

    finished = "SELECT * FROM recipient_runs WHERE environment_id = %s AND outcome = 'finished'"
    runs = await eventually(
        lambda: rows(house.database, finished, environment.id), until=lambda found: len(found) == 2
    )
    assert {(run["recipient_collection"], run["recipient_id"]) for run in runs} == {
        ("$users", WIDE),
        (LONG, WIDE),
    }
    assert {(run["tenant_id"], run["actor_id"], run["cancellation_key"]) for run in runs} == {
        (WIDE, LONG, WIDE)
    }


async def test_the_deepest_data_that_are_allowed_reach_the_template(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(
        house.database, environment, "greet", workflow(in_app_step(body="{{ data | json | size }}"))
    )
    deep: Any = {"x": "end"}
    for _ in range(DEEPEST_BODY - 4):
        deep = [deep]

    await knock.workflows.trigger("greet", recipients=[{"id": "ada"}, {"id": "bob"}], data={"deep": deep})

    assert body_of((await feed_with(knock, "ada", 1))[0]) != "<p>0</p>\n"
    await feed_with(knock, "bob", 1)
