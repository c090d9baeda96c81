"""Scenes of steps that decide, fetch, ask, change data and trigger, and of runs that fail or stop in them."""

import json
from datetime import UTC, datetime
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from models.queries.variables import Kept, upsert_variable, write_base
from models.values.content import ContentType
from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step
from tests.committing import publish
from tests.every_step import branch, cohorts, step
from tests.replay.stage import BODY, CANARY, IS_OTHER, IS_WORD, Handle, Scene, Stage, closed


async def fetch_retried(stage: Stage) -> dict[str, Handle]:
    statuses = iter([503, 200])

    def answer(_: Request) -> Response:
        return Response(json.dumps({"word": CANARY}), status=next(statuses), mimetype="application/json")

    with HTTPServer(host="127.0.0.1") as server:
        server.expect_request("/").respond_with_handler(answer)
        await stage.publish("shipped", fetch_step(url=server.url_for("/")), in_app_step(body=BODY))
        return {"fetch_retried": await closed(await stage.start("shipped"))}


async def branches_taken(stage: Stage) -> dict[str, Handle]:
    """A delay in a branch in a branch; then a batch in a branch that ends the run."""
    other = {"name": CANARY, "steps": [in_app_step("other", body=BODY)]}
    inner = branch({"name": CANARY, "conditions": IS_WORD, "steps": [delay_step(unit="seconds")]}, other)
    outer = branch({"conditions": IS_WORD, "steps": [inner, in_app_step(body=BODY)]}, {}, ref="outer")
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


async def fetch_ended(stage: Stage) -> dict[str, Handle]:
    """Refused for good, cancelled before its next try, and woken for it by an operator."""
    statuses = iter([404, 503, 503, 200])

    def answer(_: Request) -> Response:
        return Response("{}", status=next(statuses), mimetype="application/json")

    with HTTPServer(host="127.0.0.1") as server:
        server.expect_request("/").respond_with_handler(answer)
        await stage.publish("shipped", fetch_step(url=server.url_for("/")), in_app_step(body=BODY))
        failed = await closed(await stage.start("shipped"))
        cancelled = await stage.start("shipped", cancellation_key="stop")
        await stage.reach("paused")
        await stage.cancel("shipped", "stop")
        await closed(cancelled)
        woken = await stage.start("shipped")
        await stage.reach("paused")
        await stage.wake()
        return {"fetch_failed": failed, "fetch_cancelled": cancelled, "fetch_woken": await closed(woken)}


async def forked(stage: Stage) -> dict[str, Handle]:
    """The default branch, which is empty, the last cohort, and the first."""
    chosen = branch({"conditions": IS_OTHER, "steps": [in_app_step("never", body=BODY)]}, {})
    last, first = cohorts(0, 100), cohorts(100, 0, ref="cohort_2")
    await stage.publish("greet", chosen, last, first, in_app_step(body=BODY))
    return {"forked": await closed(await stage.start("greet"))}


async def steps_skipped(stage: Stage) -> dict[str, Handle]:
    """Conditions that do not hold, on steps of every type that may have them."""
    hour = {"unit": "hours", "value": 1}
    steps = [
        in_app_step("channel", body=BODY),
        delay_step(),
        fetch_step(url="http://127.0.0.1:9"),
        step("throttle", "t", throttle_limit=1, throttle_window=hour),
        step("wait_for_event", "w", event={"event_type": "recipient"}, expires_after=hour),
        step("update_data", "d", data="{}"),
        step("update_user", "u", recipient_mode="current", update_properties="{}"),
        step("trigger_workflow", "n", workflow_key="greet"),
        step("ai_agent", "a", model="a:b", request_prompt=BODY, response_type="text"),
    ]
    await stage.publish("greet", *(one | {"conditions": IS_OTHER} for one in steps))
    return {"steps_skipped": await closed(await stage.start("greet"))}


async def agent_failed(stage: Stage) -> dict[str, Handle]:
    """No variable says where the model is asked: no later try would find it."""
    asked = step("ai_agent", "asked", model="nobody:m", request_prompt=BODY, response_type="text")
    await stage.publish("ask", asked, in_app_step(body=BODY))
    return {"agent_failed": await closed(await stage.start("ask"))}


SCENES: list[tuple[Scene, tuple[str, ...]]] = [
    (fetch_retried, ("fetch_retried",)),
    (fetch_ended, ("fetch_failed", "fetch_cancelled", "fetch_woken")),
    (branches_taken, ("branches_taken",)),
    (cohort_drawn, ("cohort_drawn",)),
    (forked, ("forked",)),
    (steps_skipped, ("steps_skipped",)),
    (functions, ("functions",)),
    (agent_asked_again, ("agent_asked_again",)),
    (agent_failed, ("agent_failed",)),
]
