"""Records the histories that every change to the engine must still be able to replay.

`python -m tests.replay.record [name …]` starts a house on throw-away servers, lets real runs happen and
writes `tests/replay/histories/<name>.json`; without names all of them, in about a minute. A history that is
there already is left alone unless it is named: it stands for runs that an older release started.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from knockapi import AsyncKnock
from pytest_httpserver import HTTPServer
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError
from werkzeug import Request, Response

from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.temporal import EmbeddedTemporal
from dispatch.codec import data_converter
from dispatch.starting import ensure_maintenance
from dispatch.temporal import Temporal
from models.database import Database
from models.migrations import upgrade
from models.queries.variables import Kept, upsert_variable, write_base
from models.sealing import Sealer
from models.values.content import ContentType
from models.values.refs import RecipientRef
from outbound.client import build_client
from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment, make_environment
from tests.eventually import eventually
from tests.every_step import DAYS, branch, cohorts, step
from tests.houses import SECRET, House, Mailbox, open_house
from tests.runs import rows
from worker.assembly import Parts
from workflows_engine import names

HISTORIES = Path(__file__).parent / "histories"

CANARY = "canary"
"""Stands in all that a history must not hold: data, properties, addresses, templates (D23)."""
BODY = f"{CANARY} {{{{ data.word }}}}"
PATIENCE_SECONDS = 90

Handle = WorkflowHandle[Any, Any]


@dataclass(frozen=True)
class Stage:
    """One environment of the house, with what a scene needs of it."""

    house: House
    environment: TestEnvironment
    knock: AsyncKnock

    async def publish(self, key: str, *steps: dict[str, Any]) -> None:
        await publish(self.house.database, self.environment, key, workflow(*steps))

    async def trigger(self, key: str, *people: str, cancellation_key: str | None = None) -> UUID:
        given = await self.knock.workflows.trigger(
            key,
            recipients=[{"id": who, "name": CANARY, "email": f"{CANARY}@example.com"} for who in people],
            data={"word": CANARY},
            cancellation_key=cancellation_key,
        )
        return UUID(given.workflow_run_id)

    async def start(self, key: str, who: str = "ada", cancellation_key: str | None = None) -> Handle:
        """Trigger for one person; the workflow that carries the run."""
        workflow_run_id = await self.trigger(key, who, cancellation_key=cancellation_key)
        return self.run_of(key, workflow_run_id, who)

    def run_of(self, key: str, workflow_run_id: UUID, who: str, incarnation: int = 0) -> Handle:
        ref = RecipientRef(id=who)
        run_id = names.recipient_run_id(workflow_run_id, ref)
        return self.handle(names.recipient_run_workflow(self.environment.slug, key, ref, run_id, incarnation))

    def handle(self, workflow_id: str) -> Handle:
        return self.house.temporal.client.get_workflow_handle(workflow_id)

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        return await rows(self.house.database, sql, self.environment.id)

    async def reach(self, status: str, count: int = 1) -> None:
        """Wait until so many runs have this status."""
        sql = "SELECT id FROM recipient_runs WHERE environment_id = %s AND status = '" + status + "'"
        await eventually(
            lambda: self.rows(sql), until=lambda found: len(found) >= count, seconds=PATIENCE_SECONDS
        )


Scene = Callable[[Stage], Awaitable[dict[str, Handle]]]


async def closed(handle: Handle) -> Handle:
    """Wait until the workflow exists and is closed, however it ended."""

    async def is_closed() -> bool:
        try:
            return (await handle.describe()).close_time is not None
        except RPCError:
            return False

    await eventually(is_closed, seconds=PATIENCE_SECONDS)
    return handle


async def one_in_app_step(stage: Stage) -> dict[str, Handle]:
    await stage.publish("greet", in_app_step(body=BODY))
    return {"one_in_app_step": await closed(await stage.start("greet"))}


async def in_app_and_email(stage: Stage) -> dict[str, Handle]:
    await stage.publish("greet", in_app_step(body=BODY), email_step(subject=BODY))
    return {"in_app_and_email": await closed(await stage.start("greet"))}


async def batch(stage: Stage) -> dict[str, Handle]:
    await stage.publish("comments", batch_step(seconds=6), in_app_step(body=BODY), email_step(subject=BODY))
    opener = await stage.start("comments")
    await stage.reach("paused")
    joiner = await stage.start("comments")
    await stage.start("comments")
    return {"batch_opener": await closed(opener), "absorbed_joiner": await closed(joiner)}


async def batch_left_by_its_opener(stage: Stage) -> dict[str, Handle]:
    await stage.publish("comments", batch_step(seconds=8), in_app_step(body=BODY))
    opener = await stage.start("comments", cancellation_key="first")
    await stage.reach("paused")
    await closed(await stage.start("comments", cancellation_key="second"))
    await stage.knock.workflows.cancel("comments", cancellation_key="first")
    return {"batch_left_by_its_opener": await closed(opener)}


async def batch_taken_over_by_a_joiner(stage: Stage) -> dict[str, Handle]:
    await stage.publish("comments", batch_step(seconds=8), in_app_step(body=BODY))
    opener = await stage.start("comments")
    await stage.reach("paused")
    await opener.terminate("recorded on purpose")
    return {"batch_taken_over_by_a_joiner": await closed(await stage.start("comments"))}


async def run_taken_up_again(stage: Stage) -> dict[str, Handle]:
    await stage.publish("comments", batch_step(seconds=10), in_app_step(body=BODY))
    opener = await stage.start("comments")
    await stage.reach("paused")
    joined = await stage.trigger("comments", "ada")
    await closed(stage.run_of("comments", joined, "ada"))
    await opener.terminate("recorded on purpose")
    return {"run_taken_up_again": await closed(stage.run_of("comments", joined, "ada", incarnation=1))}


async def delay_cancelled_by_key(stage: Stage) -> dict[str, Handle]:
    await stage.publish("welcome", delay_step(), in_app_step(body=BODY))
    run = await stage.start("welcome", cancellation_key="stop")
    await stage.reach("paused")
    await stage.knock.workflows.cancel("welcome", cancellation_key="stop")
    return {"delay_cancelled_by_key": await closed(run)}


async def delay_cancelled_in_temporal(stage: Stage) -> dict[str, Handle]:
    await stage.publish("welcome", delay_step(), in_app_step(body=BODY))
    run = await stage.start("welcome")
    await stage.reach("paused")
    await run.cancel()
    return {"delay_cancelled_in_temporal": await closed(run)}


async def delay_elapsed(stage: Stage) -> dict[str, Handle]:
    await stage.publish("welcome", delay_step(unit="seconds", value=2), in_app_step(body=BODY))
    return {"delay_elapsed": await closed(await stage.start("welcome"))}


async def fetch_retried(stage: Stage) -> dict[str, Handle]:
    statuses = iter([503, 200])

    def answer(_: Request) -> Response:
        return Response(json.dumps({"word": CANARY}), status=next(statuses), mimetype="application/json")

    with HTTPServer(host="127.0.0.1") as server:
        server.expect_request("/").respond_with_handler(answer)
        await stage.publish("shipped", fetch_step(url=server.url_for("/")), in_app_step(body=BODY))
        return {"fetch_retried": await closed(await stage.start("shipped"))}


async def throttled(stage: Stage) -> dict[str, Handle]:
    throttle = {"throttle_limit": 1, "throttle_window": {"unit": "hours", "value": 1}, "throttle_key": BODY}
    step = {"type": "throttle", "ref": "throttle_1", "settings": throttle}
    await stage.publish("greet", step, in_app_step(body=BODY))
    passed = await closed(await stage.start("greet"))
    return {"throttle_passed": passed, "throttle_closed": await closed(await stage.start("greet"))}


async def waited(stage: Stage) -> dict[str, Handle]:
    """A change that does not match, then one that does; the other recipient's never comes."""
    is_word = {"variable": "event.properties.word", "operator": "equal_to", "argument": CANARY}
    settings = {
        "event": {"event_type": "recipient", "event_key": "updated"},
        "match_conditions": [{"operator": "and", "conditions": [is_word]}],
        "expires_after": {"unit": "seconds", "value": 8},
        "on_timeout": "continue",
    }
    step = {"type": "wait_for_event", "ref": "wait_1", "settings": settings}
    await stage.publish("greet", step, in_app_step(body=BODY))
    matched = stage.run_of("greet", await stage.trigger("greet", "ada"), "ada")
    expired = stage.run_of("greet", await stage.trigger("greet", "bob"), "bob")
    await stage.reach("paused", 2)
    for word in ("other", CANARY):
        await stage.knock.users.update("ada", extra_body={"word": word})
    return {"wait_matched": await closed(matched), "wait_expired": await closed(expired)}


async def branches_taken(stage: Stage) -> dict[str, Handle]:
    """A delay in a branch in a branch; then a batch in a branch that ends the run."""
    is_word = {"all": [{"variable": "data.word", "operator": "equal_to", "argument": CANARY}]}
    other = {"name": CANARY, "steps": [in_app_step("other", body=BODY)]}
    inner = branch({"name": CANARY, "conditions": is_word, "steps": [delay_step(unit="seconds")]}, other)
    outer = branch({"conditions": is_word, "steps": [inner, in_app_step(body=BODY)]}, {}, ref="outer")
    last = branch(
        {"steps": [batch_step(seconds=2), email_step(subject=BODY)], "terminates": True}, ref="last"
    )
    await stage.publish("greet", outer, last, in_app_step("never", body=BODY))
    return {"branches_taken": await closed(await stage.start("greet"))}


async def cohort_drawn(stage: Stage) -> dict[str, Handle]:
    step = cohorts(50, 50, cohort_key="data.word")
    for ref, cohort in zip(("a", "b"), step["cohort_branches"], strict=True):
        cohort |= {"name": CANARY, "steps": [in_app_step(ref, body=BODY)]}
    await stage.publish("greet", step, in_app_step(body=BODY))
    return {"cohort_drawn": await closed(await stage.start("greet"))}


async def functions(stage: Stage) -> dict[str, Handle]:
    """Steps that change data, recipients and audiences, and one that triggers another workflow."""
    beta = {"type": "static", "name": CANARY}
    await publish(stage.house.database, stage.environment, "beta", beta, ContentType.AUDIENCE)
    await stage.publish("child", in_app_step(body=BODY))
    properties = {"update_properties": f'{{"said": "{BODY}"}}'}
    gid = "gid://Object/{}/{{{{ data.word }}}}"
    steps = [
        step("update_data", "d", data=f'{{"more": "{BODY}"}}'),
        step("update_user", "u", recipient_mode="current", **properties),
        step(
            "update_tenant",
            "t",
            recipient_mode="reference",
            recipient_gid=gid.format("$tenants"),
            **properties,
        ),
        step("update_object", "o", recipient_gid=gid.format("ships"), **properties),
        step("update_audience", "a", action="add", audience_key="beta"),
        step("trigger_workflow", "w", workflow_key="child", data=f'{{"word": "{BODY}"}}'),
        in_app_step(body=BODY),
    ]
    await stage.publish("change", *steps)
    return {"functions": await closed(await stage.start("change"))}


async def agent_asked_again(stage: Stage) -> dict[str, Handle]:
    """A model that fails once and then answers; another that refuses, whose run goes on."""
    key = f"recorded_{stage.environment.slug.replace('-', '_')}"
    statuses = iter([503, 200, 400])

    def answer(_: Request) -> Response:
        told = {"choices": [{"message": {"content": CANARY}}]}
        return Response(json.dumps(told), status=next(statuses), mimetype="application/json")

    with HTTPServer(host="127.0.0.1") as server:
        server.expect_request("/chat/completions").respond_with_handler(answer)
        async with stage.house.database.transaction() as connection:
            now = datetime.now(UTC)
            await upsert_variable(connection, f"{key}_base_url", "public", None, now)
            await write_base(connection, f"{key}_base_url", Kept(value=server.url_for("")), now)
        asked: dict[str, Any] = {"model": f"{key}:m", "request_prompt": BODY, "response_type": "text"}
        refused = step("ai_agent", "refused", **asked, halt_on_error=False)
        await stage.publish("ask", step("ai_agent", "asked", **asked), refused, in_app_step(body=BODY))
        return {"agent_asked_again": await closed(await stage.start("ask"))}


async def fan_out(stage: Stage) -> dict[str, Handle]:
    await stage.publish("greet", in_app_step(body=BODY))
    workflow_run_id = await stage.trigger("greet", "ada", "bob", "eve")
    workflow_id = names.workflow_run_workflow(stage.environment.slug, "greet", workflow_run_id)
    return {"fan_out": await closed(stage.handle(workflow_id))}


async def cancel_of_many(stage: Stage) -> dict[str, Handle]:
    await stage.publish("welcome", delay_step())
    people = [f"u{number}" for number in range(25)]
    await stage.trigger("welcome", *people, cancellation_key="all")
    await stage.reach("paused", len(people))
    await stage.knock.workflows.cancel("welcome", cancellation_key="all")
    cancel = (await stage.rows("SELECT acceptance FROM cancels WHERE environment_id = %s"))[0]
    workflow_id = names.cancel_workflow(stage.environment.slug, "welcome", cancel["acceptance"])
    return {"cancel_of_many": await closed(stage.handle(workflow_id))}


async def delivery_retried(stage: Stage) -> dict[str, Handle]:
    """Nobody listens on the port of the mail server until the first attempt has failed."""
    with tempfile.TemporaryDirectory() as folder:
        mailbox = Mailbox(Path(folder))
        environment = await make_environment(stage.house.database, Sealer(SECRET), mailbox.port)
        async with stage.house.knock(environment.secret_key) as knock:
            late = Stage(stage.house, environment, knock)
            await late.publish("mail", email_step(subject=BODY))
            run = await closed(await late.start("mail"))
            message = (await late.rows("SELECT id FROM messages WHERE environment_id = %s"))[0]
            await mailbox.open()
            delivery = await closed(late.handle(names.delivery_workflow(message["id"])))
            await mailbox.close()
    return {"email_handed_over": run, "delivery_retried": delivery}


async def message_scheduled(stage: Stage) -> dict[str, Handle]:
    """A mail whose send window opens in half a day: its run has ended."""
    start = (datetime.now(UTC) + timedelta(hours=12)).hour
    hours = {"from": f"{start:02}:00"} | ({"until": f"{start + 1:02}:00"} if start < 23 else {})
    windows = [{"day": day, "type": "send", **hours} for day in DAYS]
    await stage.publish("mail", email_step(subject=BODY, send_windows=windows))
    return {"message_scheduled": await closed(await stage.start("mail"))}


async def maintenance(stage: Stage) -> dict[str, Handle]:
    """Its history never ends: a few rounds of it are enough."""
    await ensure_maintenance(stage.house.temporal)
    handle = stage.handle(names.MAINTENANCE)

    async def events() -> int:
        return len((await handle.fetch_history()).events)

    await eventually(events, until=lambda count: count > 40, seconds=PATIENCE_SECONDS)
    return {"maintenance": handle}


async def schedules(stage: Stage) -> dict[str, Handle]:
    """One fires and is over, one is changed while it sleeps and then deleted."""
    await stage.publish("digest", in_app_step(body=BODY))
    person: Any = {"id": "ada", "name": CANARY}
    given: dict[str, Any] = {"workflow": "digest", "recipients": [person], "data": {"word": CANARY}}
    soon = datetime.now(UTC) + timedelta(seconds=3)
    (once,) = await stage.knock.schedules.create(**given, scheduled_at=soon)
    (daily,) = await stage.knock.schedules.create(**given, repeats=[{"frequency": "daily"}])
    fired = await closed(stage.handle(names.schedule_workflow(UUID(once.id))))
    await stage.knock.schedules.update(schedule_ids=[daily.id], repeats=[{"frequency": "weekly"}])
    await stage.knock.schedules.delete(schedule_ids=[daily.id])
    deleted = await closed(stage.handle(names.schedule_workflow(UUID(daily.id))))
    return {"schedule_fired": fired, "schedule_changed_and_deleted": deleted}


SCENES: list[Scene] = [
    schedules,
    one_in_app_step,
    in_app_and_email,
    batch,
    batch_left_by_its_opener,
    batch_taken_over_by_a_joiner,
    run_taken_up_again,
    delay_cancelled_by_key,
    delay_cancelled_in_temporal,
    delay_elapsed,
    fetch_retried,
    throttled,
    waited,
    branches_taken,
    cohort_drawn,
    functions,
    agent_asked_again,
    fan_out,
    cancel_of_many,
    delivery_retried,
    message_scheduled,
    maintenance,
]


@asynccontextmanager
async def throw_away_house(folder: Path) -> AsyncIterator[House]:
    """Servers, API and worker that are gone afterwards; nothing they write says where they ran."""
    postgres = EmbeddedPostgres(folder / "postgres", 0, options={"fsync": "off"})
    server = EmbeddedTemporal(folder / "temporal", 0, None)
    postgres.start()
    server.start()
    try:
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE recording")
        database = Database(postgres.url.rsplit("/", 1)[0] + "/recording")
        upgrade(database.url)
        await database.open()
        client = await Client.connect(
            server.address, data_converter=data_converter(None), identity="recorder"
        )
        http, mailbox = build_client(["127.0.0.0/8"]), Mailbox(folder / "mailbox")
        await mailbox.open()
        async with open_house(Parts(database, Temporal(client), http, Sealer(SECRET)), mailbox) as house:
            yield house
        await mailbox.close()
        await http.aclose()
        await database.close()
    finally:
        server.stop()
        postgres.stop()
        postgres.remove()


def written(history: dict[str, Any]) -> str:
    """As the Temporal CLI writes it, but an event a line: what changed is seen in a diff."""
    events = ",\n".join(json.dumps(event, separators=(",", ":")) for event in history["events"])
    return f'{{"events":[\n{events}\n]}}\n'


async def play(scene: Scene, house: House, wanted: set[str]) -> None:
    """Let a scene happen in an environment of its own, and keep what is wanted or new of its histories."""
    environment = await make_environment(house.database, Sealer(SECRET), house.mailbox.port)
    async with house.knock(environment.secret_key) as knock:
        for name, handle in (await scene(Stage(house, environment, knock))).items():
            file = HISTORIES / f"{name}.json"
            if name in wanted or not (wanted or file.exists()):
                history = await handle.fetch_history()
                file.write_text(written(history.to_json_dict()))
                sys.stdout.write(f"{file.name}: {len(history.events)} events\n")


async def record(wanted: set[str]) -> None:
    """Play every scene at once; most of the time they wait."""
    HISTORIES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with throw_away_house(Path(folder)) as house, asyncio.TaskGroup() as group:
            for scene in SCENES:
                group.create_task(play(scene, house, wanted))


if __name__ == "__main__":
    asyncio.run(record(set(sys.argv[1:])))
