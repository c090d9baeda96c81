import base64
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pytest_httpserver import HTTPServer

from activities.steps.branch import BranchSteps
from activities.steps.channel import ChannelSteps
from activities.steps.http_fetch import FetchSteps
from activities.steps.random_cohort import RandomCohortSteps
from activities.variables import secret_values, variable_values
from activities.versions import Versions
from models.database import Database
from models.queries.variables import (
    Kept,
    delete_override,
    delete_variable,
    upsert_variable,
    write_base,
    write_override,
)
from models.sealing import Sealer
from models.tables.recipient_runs import find_facts
from models.tables.variables import seal_purpose
from outbound.client import build_client
from tests.builders import fetch_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.every_step import PAST_DEFAULT, branch, cohorts
from tests.houses import SECRET
from tests.runs import rows, write_run
from workflows_engine.effects.steps import Verdict

SEALER = Sealer(SECRET)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1", port=0) as server:
        yield server


@pytest.fixture
async def secret(database: Database, environment: TestEnvironment) -> AsyncIterator[str]:
    """The key of a secret whose base value is hunter1 and whose value here is hunter2."""
    key = f"s_{uuid4().hex[:12]}"
    async with database.transaction() as connection:
        await upsert_variable(connection, key, "secret", None, NOW)
        base = Kept(sealed=SEALER.seal("hunter1", seal_purpose(key, None)))
        await write_base(connection, key, base, NOW)
        own = Kept(sealed=SEALER.seal("hunter2", seal_purpose(key, environment.id)))
        await write_override(connection, environment.id, key, own, NOW)
    yield key
    # Other tests' runs would open it too.
    async with database.connection() as connection:
        await delete_variable(connection, key)


@pytest.mark.rule("E-VARS-3", "E-FETCH-12")
async def test_templates_read_secrets_and_the_log_of_a_fetch_does_not_tell_them(
    database: Database, environment: TestEnvironment, secret: str, server: HTTPServer
) -> None:
    server.expect_request("/", headers={"x-plan": "hunter2"}).respond_with_json({"echo": "hunter2"})
    headers = [{"key": "x-plan", "value": f"{{{{ vars.{secret} }}}}"}]
    step = fetch_step(url=server.url_for("/"), headers=headers)
    await publish(database, environment, "look", workflow(step))
    run = await write_run(database, environment, "look")
    http = build_client(["127.0.0.0/8"])
    answer = await FetchSteps(database, Versions(SEALER), http).fetch(run.ask("fetch_1"))
    await http.aclose()
    assert answer.status == 200
    (line,) = await rows(
        database, "SELECT data FROM run_events WHERE recipient_run_id = %s AND step_ref = 'fetch_1'", run.id
    )
    assert "hunter" not in str(line["data"])
    assert "[REDACTED]" in str(line["data"])


@pytest.mark.parametrize(
    "url",
    [
        "http://{host}.invalid/",
        "http://me:{host}@127.0.0.1:1/",
        "http://[{host}",
        "http://127.0.0.1:1/{{% capture key %}}me:{host}{{% endcapture %}}{{{{ key | base64_encode }}}}",
    ],
)
async def test_the_log_of_a_fetch_that_fails_tells_no_secrets(
    database: Database, environment: TestEnvironment, secret: str, url: str
) -> None:
    async with database.connection() as connection:
        own = Kept(sealed=SEALER.seal("Hunter2", seal_purpose(secret, environment.id)))
        await write_override(connection, environment.id, secret, own, NOW)
    await publish(
        database,
        environment,
        "look",
        workflow(fetch_step(url=url.format(host=f"{{{{ vars.{secret} }}}}"))),
    )
    run = await write_run(database, environment, "look")
    http = build_client(["127.0.0.0/8"])
    await FetchSteps(database, Versions(SEALER), http).fetch(run.ask("fetch_1"))
    await http.aclose()
    (line,) = await rows(
        database, "SELECT data FROM run_events WHERE recipient_run_id = %s AND step_ref = 'fetch_1'", run.id
    )
    told = str(line["data"])
    assert "[REDACTED]" in told
    assert "hunter2" not in told.lower()
    assert base64.b64encode(b"me:Hunter2").decode() not in told


@pytest.mark.parametrize("is_readable", [True, False])
@pytest.mark.parametrize(
    ("variable", "operator", "argument"),
    [
        ("vars.SECRET", "equal_to", "hunter2"),
        ("data.guess", "equal_to", "vars.SECRET"),
        ("vars.SECRET.part", "not_equal_to", "data.guess"),
        ("vars.SECRET", "not_exists", None),
        ("data.guess", "is_not_timestamp", "{{ vars.SECRET }}"),
        ("data.at", "is_timestamp_between", '["vars.SECRET", "2026-01-01"]'),
        ("data.at", "is_timestamp_between", ["2026-01-01", "vars.SECRET"]),
    ],
)
async def test_a_condition_on_a_secret_is_not_judged(
    database: Database,
    environment: TestEnvironment,
    secret: str,
    variable: str,
    operator: str,
    argument: Any,
    is_readable: bool,
) -> None:
    written = {"variable": variable, "operator": operator, "argument": argument}
    condition = json.loads(json.dumps(written).replace("SECRET", secret))
    await publish(database, environment, "hello", workflow(in_app_step(conditions={"all": [condition]})))
    run = await write_run(database, environment, "hello", data={"guess": "", "at": "2026-01-01"})
    sealer = SEALER if is_readable else Sealer("another master secret")
    answer = await ChannelSteps(database, Versions(sealer)).compose_messages(run.ask("in_app_1"))
    assert answer.reason == f"conditions cannot see the secret variable {secret}"
    (line,) = await rows(
        database, "SELECT data FROM run_events WHERE recipient_run_id = %s AND event = 'step_skipped'", run.id
    )
    assert "hunter" not in str(line["data"])


async def test_a_condition_on_a_secret_without_a_value_is_not_judged(
    database: Database, environment: TestEnvironment, secret: str
) -> None:
    async with database.connection() as connection:
        await delete_override(connection, environment.id, secret)
        await connection.execute("UPDATE variables SET sealed = NULL WHERE key = %s", (secret,))
    condition = {"variable": "data.guess", "operator": "equal_to", "argument": f"vars.{secret}"}
    await publish(database, environment, "hello", workflow(in_app_step(conditions={"all": [condition]})))
    run = await write_run(database, environment, "hello", data={"guess": ""})
    answer = await ChannelSteps(database, Versions(SEALER)).compose_messages(run.ask("in_app_1"))
    assert answer.reason == f"conditions cannot see the secret variable {secret}"


async def test_a_condition_on_another_variable_is_judged_beside_a_secret(
    database: Database, environment: TestEnvironment, secret: str
) -> None:
    condition = {"variable": f"vars.{secret}_2", "operator": "not_exists"}
    await publish(database, environment, "hello", workflow(in_app_step(conditions={"all": [condition]})))
    run = await write_run(database, environment, "hello")
    answer = await ChannelSteps(database, Versions(SEALER)).compose_messages(run.ask("in_app_1"))
    assert answer.verdict is Verdict.DONE


@pytest.mark.rule("E-VARS-3", "E-BRANCH-6", "E-EXPERIMENT-4")
async def test_what_forks_write_in_the_log_holds_no_secrets(
    database: Database, environment: TestEnvironment, secret: str
) -> None:
    token = f"<{{{{ vars.{secret} }}}}>"
    before = {"variable": "data.at", "operator": "is_timestamp_before", "argument": token}
    ways = [{"conditions": {"all": [before]}, "steps": []}, PAST_DEFAULT]
    steps = [branch(*ways), cohorts(50, 50, cohort_key=token)]
    await publish(database, environment, "forks", workflow(*steps))
    run = await write_run(database, environment, "forks")
    versions = Versions(SEALER)
    answer = await BranchSteps(database, versions).choose_branch(run.ask("branch_1"))
    await RandomCohortSteps(database, versions).draw_cohort(run.ask("cohort_1"))
    lines = await rows(
        database, "SELECT data FROM run_events WHERE recipient_run_id = %s ORDER BY step_ref", run.id
    )
    assert (answer.verdict, secret in (answer.reason or "")) == (Verdict.RETRY, True)
    assert "hunter" not in str(lines)
    assert lines[1]["data"]["key"] == "<>"


async def facts_of(database: Database, environment: TestEnvironment) -> dict[str, Any]:
    await publish(database, environment, "facts", workflow(in_app_step()))
    run = await write_run(database, environment, "facts")
    async with database.connection() as connection:
        facts = await find_facts(connection, environment.id, run.id)
    assert facts is not None
    return facts


@pytest.mark.rule("E-VARS-1", "E-VARS-3")
async def test_the_base_value_holds_where_there_is_no_other(
    database: Database, environment: TestEnvironment, secret: str
) -> None:
    key = f"p_{uuid4().hex[:12]}"
    async with database.transaction() as connection:
        await upsert_variable(connection, key, "public", None, NOW)
        await write_base(connection, key, Kept("[1]"), NOW)
    assert variable_values((await facts_of(database, environment))["variables"])[key] == [1]
    async with database.connection() as connection:
        await write_override(connection, environment.id, key, Kept("007"), NOW)
    facts = await facts_of(database, environment)
    assert variable_values(facts["variables"])[key] == "007"
    assert secret_values(facts, SEALER)[secret] == "hunter2"
    assert secret not in facts["variables"]


async def test_a_secret_that_cannot_be_opened_is_left_out_and_told(
    database: Database, environment: TestEnvironment, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    facts = await facts_of(database, environment)
    assert secret not in secret_values(facts, Sealer("another master secret"))
    assert secret in caplog.text
