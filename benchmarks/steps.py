"""What a run of one step costs, by step type and mode: events, actions, statements and bytes, as counts."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pytest_httpserver import HTTPServer
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from benchmarks.counting import ELSEWHERE, CountingDatabase
from benchmarks.figures import Size
from benchmarks.histories import Bill, bill
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.temporal import EmbeddedTemporal
from dispatch.codec import data_converter
from dispatch.temporal import Temporal
from dispatch.triggers import TriggerRequest, accept
from models.migrations import upgrade
from models.queries.variables import Kept, upsert_variable, write_base
from models.sealing import Sealer
from models.tables.recipients import identify
from models.values.content import ContentType
from models.values.given import GivenRecipient
from models.values.refs import RecipientRef
from outbound.client import build_client
from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment, make_environment
from tests.eventually import eventually
from tests.every_step import HOUR, WHEN, branch, cohorts, step
from tests.houses import SECRET, Mailbox
from tests.runs import NOON, rows
from tests.virtual_time import place_of
from worker.assembly import Parts, working
from workflows_engine import names

SECONDS = 1
"""How long what pauses pauses."""
PATIENCE_SECONDS = 60
RUNS = 3
"""Of each mode, one after the other."""

STEADY = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
"""The log holds what runs write: whole pages depend on when a checkpoint was, and vacuuming on a clock."""

Handle = WorkflowHandle[Any, Any]


@dataclass(frozen=True)
class Cost:
    """A run's SQL statements by effect, in the order of their first use, and what Temporal has of it."""

    statements: dict[str, int]
    bill: Bill | None = None

    @property
    def in_all(self) -> int:
        return sum(self.statements.values())


@dataclass(frozen=True)
class Stage:
    """A worker that counts, with one environment."""

    database: CountingDatabase
    outside: CountingDatabase
    temporal: Temporal
    environment: TestEnvironment

    async def start(self, key: str, who: str, **properties: Any) -> Handle:
        request = TriggerRequest(
            workflow_key=key,
            recipients=[GivenRecipient.read({"id": who, **properties} if properties else who)],
            data={"word": "a"},
            request_id="steps",
        )
        accepted = await accept(self.outside, self.temporal, place_of(self.environment), request)
        ref = RecipientRef(id=who)
        run_id = names.recipient_run_id(accepted.workflow_run_id, ref)
        workflow_id = names.recipient_run_workflow(self.environment.slug, key, ref, run_id, 0)
        return self.temporal.client.get_workflow_handle(workflow_id)

    async def run(self, key: str, who: str) -> Handle:
        return await closed(await self.start(key, who))

    async def paused(self, key: str, who: str) -> None:
        sql = """
            SELECT id FROM recipient_runs
            WHERE environment_id = %s AND workflow_key = %s AND recipient_id = %s AND status = 'paused'
        """
        await eventually(lambda: rows(self.outside, sql, self.environment.id, key, who))


async def closed(handle: Handle) -> Handle:
    async def is_closed() -> bool:
        try:
            return (await handle.describe()).close_time is not None
        except RPCError:
            return False

    await eventually(is_closed, seconds=PATIENCE_SECONDS)
    return handle


Play = Callable[[Stage, str], Awaitable[list[Handle]]]
"""Runs of one mode of the workflow with this key, the first of which may meet cold caches."""


def people(key: str) -> list[str]:
    """Each mode has its own: runs may wait for changes of theirs."""
    return [f"{key}-{number}" for number in range(RUNS)]


async def _apart(stage: Stage, key: str) -> list[Handle]:
    """One person after the other."""
    return [await stage.run(key, who) for who in people(key)]


async def _after_another(stage: Stage, key: str) -> list[Handle]:
    """Further runs of one person, whose first has closed or waits."""
    who = people(key)[0]
    first = await stage.start(key, who)
    if "batch" in key:
        await stage.paused(key, who)
    else:
        await closed(first)
    return [await stage.run(key, who) for _ in range(RUNS)]


async def _hearing(stage: Stage, key: str) -> list[Handle]:
    """Each person changes while a run waits for that."""
    heard = []
    for who in people(key):
        handle = await stage.start(key, who)
        await eventually(lambda handle=handle: _has_timer(handle))  # type: ignore[misc]
        await stage.start("update_data", who, name="Changed")
        heard.append(await closed(handle))
    return heard


async def _has_timer(handle: Handle) -> bool:
    history = await handle.fetch_history()
    return any(event.event_type == EventType.EVENT_TYPE_TIMER_STARTED for event in history.events)


@dataclass(frozen=True)
class Mode:
    """A step in a way of taking part in a run."""

    name: str
    steps: list[dict[str, Any]]
    play: Play = _apart


def modes(url: str) -> list[Mode]:
    """Every step type and how it may go; `url` answers what fetches and agents ask."""
    waiting = {"event": {"event_type": "recipient", "event_key": "updated"}, "on_timeout": "continue"}
    said = {"update_properties": '{"said": "a"}'}
    window = {"throttle_limit": 1, "throttle_window": HOUR}
    asked = {"model": "counted:m", "request_prompt": "?", "response_type": "text"}
    tenant = "gid://Object/$tenants/a"
    plain = {"conditions": WHEN, "steps": []}
    return [
        Mode("update_data", [step("update_data", "d", data='{"more": 1}')]),
        Mode("channel, in-app", [in_app_step()]),
        Mode("channel, skipped by its conditions", [in_app_step(conditions=WHEN)]),
        Mode("channel, e-mail", [email_step()]),
        Mode("delay", [delay_step(unit="seconds", value=SECONDS)]),
        Mode("batch, opener alone", [batch_step(seconds=SECONDS)]),
        Mode("batch, absorbed", [batch_step(seconds=3600)], _after_another),
        Mode("batch, flushed leader", [batch_step(seconds=3600, batch_execution_mode="flush_leading")]),
        Mode("http_fetch", [fetch_step(url=f"{url}/")]),
        Mode("branch", [branch(plain, {"name": "rest", "conditions": None, "steps": []})]),
        Mode("random_cohort", [cohorts(50, 50)]),
        Mode("throttle, passed", [step("throttle", "t", **window)]),
        Mode("throttle, closed", [step("throttle", "t", **window)], _after_another),
        Mode(
            "wait_for_event, matched", [step("wait_for_event", "w", **waiting, expires_after=HOUR)], _hearing
        ),
        Mode(
            "wait_for_event, expired",
            [step("wait_for_event", "w", **waiting, expires_after={"unit": "seconds", "value": 3 * SECONDS})],
        ),
        Mode("update_user", [step("update_user", "u", recipient_mode="current", **said)]),
        Mode("update_object", [step("update_object", "o", recipient_gid="gid://Object/ships/a", **said)]),
        Mode(
            "update_tenant",
            [step("update_tenant", "t", recipient_mode="reference", recipient_gid=tenant, **said)],
        ),
        Mode("update_audience", [step("update_audience", "a", action="add", audience_key="counted")]),
        Mode("trigger_workflow", [step("trigger_workflow", "w", workflow_key="update_data")]),
        Mode("ai_agent", [step("ai_agent", "a", **asked)]),
    ]


async def count_costs(database_url: str, temporal_address: str, folder: Path) -> dict[str, Cost]:
    """The cost of a run of each mode, by its name; and of accepting a trigger.

    The database is migrated, and both servers are ours alone; it takes about ten seconds.
    """
    async with _ready(database_url, temporal_address, folder) as (stage, found):
        accepting = await _accepting(stage)
        played = await asyncio.gather(*(_played(stage, mode) for mode in found))
    return {"accepting a trigger": accepting} | dict(zip((mode.name for mode in found), played, strict=True))


async def count_written(database_url: str, temporal_address: str, folder: Path) -> dict[str, int]:
    """Bytes of write-ahead log for each run of a mode, one mode after the other.

    Its trigger's acceptance is in them, and so are the runs that make the mode: a window's opener, the change
    that somebody waits for.
    """
    written = {}
    async with _ready(database_url, temporal_address, folder) as (stage, found):
        for mode in found:
            before = await _log_position(stage)
            runs = await mode.play(stage, _key(mode))
            written[mode.name] = round((await _log_position(stage) - before) / len(runs))
    return written


async def _log_position(stage: Stage) -> int:
    async with stage.outside.connection() as connection:
        cursor = await connection.execute("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint AS position")
        row = await cursor.fetchone()
    assert row is not None  # it selects from nothing
    return int(row["position"])


@asynccontextmanager
async def _ready(
    database_url: str, temporal_address: str, folder: Path
) -> AsyncIterator[tuple[Stage, list[Mode]]]:
    """An environment with a workflow and the people of every mode."""
    async with _stage(database_url, temporal_address, folder) as stage:
        with HTTPServer(host="127.0.0.1") as server:
            server.expect_request("/").respond_with_json({"word": "a"})
            server.expect_request("/chat/completions").respond_with_json(
                {"choices": [{"message": {"content": "a"}}]}
            )
            found = modes(server.url_for("").rstrip("/"))
            await _prepare(stage, server.url_for(""), [who for mode in found for who in people(_key(mode))])
            for mode in found:
                await publish(stage.outside, stage.environment, _key(mode), workflow(*mode.steps))
            yield stage, found


def _key(mode: Mode) -> str:
    return mode.name.replace(", ", "-").replace(" ", "-")


async def _accepting(stage: Stage) -> Cost:
    """Without looking up the caller's key, which is one more statement; its events are the run's."""
    await stage.run("update_data", "ada")
    before = stage.outside.sent[ELSEWHERE]
    handle = await stage.start("update_data", "bob", name="Bob")
    sent = stage.outside.sent[ELSEWHERE] - before
    await closed(handle)
    return Cost({"accept": sent})


async def _played(stage: Stage, mode: Mode) -> Cost:
    """The cheapest of its runs but the first, which may have met cold caches.

    On a busy machine Temporal may split a task, or ask for an effect twice.
    """
    _, *costs = [await _cost(stage, handle) for handle in await mode.play(stage, _key(mode))]
    cheapest = min(costs, key=lambda cost: cost.in_all)
    return replace(
        cheapest, bill=min((cost.bill for cost in costs if cost.bill), key=lambda bill: bill.events)
    )


async def _cost(stage: Stage, handle: Handle) -> Cost:
    events = list((await handle.fetch_history()).events)
    sent: Counter[str] = Counter()
    for (workflow_id, effect), statements in stage.database.sent.items():
        if workflow_id == handle.id:
            sent[effect] += statements
    return Cost(dict(sent), await bill(stage.temporal.client, handle, events))


async def _prepare(stage: Stage, url: str, everybody: list[str]) -> None:
    audience = {"type": "static", "name": "Counted"}
    await publish(stage.outside, stage.environment, "counted", audience, ContentType.AUDIENCE)
    async with stage.outside.transaction() as connection:
        await upsert_variable(connection, "counted_base_url", "public", None, NOON)
        await write_base(connection, "counted_base_url", Kept(value=url), NOON)
        for who in everybody:
            known = {"name": who, "email": f"{who}@example.com"}
            await identify(connection, stage.environment.id, RecipientRef(id=who), known, NOON)


@asynccontextmanager
async def _stage(database_url: str, address: str, folder: Path) -> AsyncIterator[Stage]:
    client = await Client.connect(address, data_converter=data_converter(None))
    database, outside = CountingDatabase(database_url), CountingDatabase(database_url)
    http, mailbox = build_client(["127.0.0.0/8"]), Mailbox(folder)
    await database.open()
    await outside.open()
    await mailbox.open()
    try:
        environment = await make_environment(outside, Sealer(SECRET), mailbox.port)
        parts = Parts(database, Temporal(client), http, Sealer(SECRET))
        async with working(parts):
            yield Stage(database, outside, parts.temporal, environment)
    finally:
        await mailbox.close()
        await http.aclose()
        await outside.close()
        await database.close()


def table(costs: dict[str, Cost]) -> list[str]:
    """Lines of Markdown, as they stand in docs/benchmarks.md."""
    lines = [
        "| A run of one step | History events | Cloud actions | SQL statements | by effect |",
        "|---|---|---|---|---|",
    ]
    for name, cost in costs.items():
        effects = ", ".join(f"`{effect}` {count}" for effect, count in cost.statements.items())
        events, actions = (cost.bill.events, cost.bill.actions) if cost.bill else ("-", "-")
        lines.append(f"| {name} | {events} | {actions} | {cost.in_all} | {effects} |")
    return lines


def table_of_bytes(costs: dict[str, Cost], written: dict[str, int]) -> list[str]:
    """What moves by a few from run to run: no test compares it."""
    lines = [
        "| A run of one step | State transitions | History bytes | Bytes of write-ahead log |",
        "|---|---|---|---|",
    ]
    for name, count in written.items():
        if told := costs[name].bill:
            lines.append(f"| {name} | {told.state_transitions} | {told.history_bytes} | {count} |")
    return lines


async def measure(size: Size) -> dict[str, Any]:
    """On servers of its own; prints both tables. `size` is not used."""
    with tempfile.TemporaryDirectory(prefix="tocsin-steps-") as name:
        folder = Path(name)
        postgres = EmbeddedPostgres(folder / "postgres", 0, options=STEADY)
        temporal = EmbeddedTemporal(folder / "temporal", 0, None)
        postgres.start()
        try:
            temporal.start()
            upgrade(postgres.url)
            costs = await count_costs(postgres.url, temporal.address, folder / "mailbox")
            written = await count_written(postgres.url, temporal.address, folder / "mailbox-again")
        finally:
            temporal.stop()
            postgres.remove()
    print(*table(costs), "", *table_of_bytes(costs, written), sep="\n")
    return {
        name: {
            "statements": cost.statements,
            "wal_bytes": written.get(name),
            **(asdict(cost.bill) if cost.bill else {}),
        }
        for name, cost in costs.items()
    }
