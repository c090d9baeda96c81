"""Performs HTTP fetch steps: one attempt of the request, and the merge of its response (E-FETCH)."""

import json
import re
from dataclasses import dataclass
from typing import Any

from activities.beating import beating
from activities.judging import judged, why_skipped
from activities.ledger import LedgerKey, claim, look
from activities.performs import performs
from activities.scopes import build_scope, content_of
from activities.standing import Standing, load
from activities.step_log import failure, log_step
from activities.versions import Versions
from models.database import Database
from models.tables.recipient_runs import LogLine, set_data, set_status
from models.values.kinds import RunStatus
from models.values.plain_json import read_json
from outbound.client import HttpClient
from outbound.exchange import Exchange, Failure, Method, Request, perform
from outbound.redaction import Redaction
from rendering.content import Content
from rendering.environment import TemplateError, render
from workflows_engine import effects
from workflows_engine.effects.steps import FetchAnswer, StepAsk, Verdict
from workflows_engine.scope import RunScope
from workflows_engine.steps.http_fetch import FetchSettings
from workflows_engine.templates import Pair

DEADLINE_SECONDS = 15
"""For the complete response (E-FETCH-4)."""
SUCCESS = (200, 201, 204)
"""Every other status is fatal, or, from 500 on, tried again (E-FETCH-3, -5, -6)."""
RETRYABLE = ("timeout", "connect")


@dataclass(frozen=True)
class Fetched:
    """What an attempt came to, before it is written down."""

    answer: FetchAnswer
    line: LogLine
    data: dict[str, Any] | None = None


class FetchMistake(Exception):
    """The step cannot be carried out as it is written; no retry helps (E-FETCH-6)."""


class FetchSteps:
    """Performs `fetch`."""

    def __init__(self, database: Database, versions: Versions, http: HttpClient) -> None:
        self._database = database
        self._versions = versions
        self._http = http

    @performs(effects.fetch)
    async def fetch(self, ask: StepAsk) -> FetchAnswer:
        """One attempt. Whoever lost the answer of one that was written down hears it, and asks nobody again.

        The request goes out before the ledger is claimed: at least once (E-FETCH-5).
        """
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"fetch:{ask.attempt}")
        async with self._database.connection() as connection:
            known = await look(connection, key)
            if known is not None:
                return FetchAnswer.model_validate(known)
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
        fetched = await self._attempt(ask, standing, scope)
        async with claim(self._database, key, ask.now, fetched.answer) as entry:
            if entry.stored is not None:
                return FetchAnswer.model_validate(entry.stored)
            stop = await standing.enter(entry, ask.now)
            if stop is not None:
                answer = FetchAnswer(**stop.model_dump())
                await entry.record(answer)
                return answer
            connection, run = entry.connection, (ask.environment_id, ask.recipient_run_id)
            await log_step(connection, ask, fetched.line, "http_fetch")
            if fetched.data is not None:
                await set_data(connection, *run, fetched.data, ask.now)
            if fetched.answer.verdict is Verdict.RETRY:
                # The run is paused, and can be cancelled, while it waits for the next try (E-RUN-2).
                await set_status(connection, *run, RunStatus.PAUSED, ask.now)
        return fetched.answer

    async def _attempt(self, ask: StepAsk, standing: Standing, scope: RunScope) -> Fetched:
        if standing.stop is not None:
            answer = FetchAnswer(**standing.stop.model_dump())
            return Fetched(answer, LogLine(event="step_stopped", data={"reason": answer.reason}))
        step = standing.version.definition.step(ask.step_ref)
        judgement = judged(step.conditions, scope, ask.now)
        if not judgement.holds:
            answer = FetchAnswer(verdict=Verdict.SKIP, reason=why_skipped(judgement))
            data = {"reason": answer.reason, "conditions": judgement.trace}
            return Fetched(answer, LogLine(event="step_skipped", data=data))
        try:
            request = build_request(step.settings, scope, ask, content_of(standing))
        except TemplateError as error:
            detail = Redaction(standing.secrets.values()).text(error.message)
            return _failed(ask, "template error", detail, {}, retry=True)
        except FetchMistake as error:
            detail = Redaction(standing.secrets.values()).text(str(error))
            return _failed(ask, "the request cannot be built", detail, {}, retry=False)
        async with beating():
            result = await perform(self._http, request, deadline_seconds=DEADLINE_SECONDS)
        return conclude(ask, step.settings, standing, request, result)


def build_request(settings: FetchSettings, scope: RunScope, ask: StepAsk, content: Content) -> Request:
    """Every field but the method is Liquid (E-FETCH-1); raises TemplateError and FetchMistake."""
    visible = scope.for_templates()

    def text(source: str) -> str:
        return render(source, visible, now=ask.now, content=content)

    def pairs(written: str | list[Pair] | None, what: str) -> list[tuple[str, str]]:
        if written is None:
            return []
        if isinstance(written, str):
            rendered = text(written).strip()
            return list(_object_of_texts(rendered, what).items()) if rendered else []
        return [(text(pair.key), text(pair.value)) for pair in written]

    method: Method = settings.method.upper()  # type: ignore[assignment]  # the setting is one of the five
    headers = dict(pairs(settings.headers, "headers"))
    body = None
    if settings.body is not None and settings.method in ("post", "put", "patch"):
        body = text(settings.body).encode()
        if not any(name.lower() == "content-type" for name in headers):
            headers["content-type"] = "application/json"
    query = tuple(pairs(settings.query_params, "query_params"))
    return Request(method=method, url=text(settings.url).strip(), headers=headers, query=query, body=body)


def _object_of_texts(rendered: str, what: str) -> dict[str, str]:
    try:
        parsed = json.loads(rendered)
    except json.JSONDecodeError as error:
        raise FetchMistake(f"{what} must render to a JSON object: {error}") from error
    if not isinstance(parsed, dict):
        raise FetchMistake(f"{what} must render to a JSON object, not to {type(parsed).__name__}")
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in parsed.items()}


def conclude(
    ask: StepAsk,
    settings: FetchSettings,
    standing: Standing,
    request: Request,
    result: Exchange | Failure,
) -> Fetched:
    """Success merges, 5xx and timeouts are tried again, everything else is fatal."""
    redaction = Redaction(standing.secrets.values())
    told = describe(request, result, redaction)
    if isinstance(result, Failure):
        detail, retry = redaction.text(result.detail), result.kind in RETRYABLE
        return _failed(ask, f"no answer: {result.kind}", detail, told, retry=retry)
    if result.status not in SUCCESS:
        return _failed(ask, f"the server answered {result.status}", None, told, retry=result.status >= 500)
    try:
        merged = merge(standing.data, result.body, settings.response_path)
    except FetchMistake as error:
        detail = redaction.text(str(error))
        return _failed(ask, "the response cannot be used", detail, told, retry=False)
    answer = FetchAnswer(status=result.status, reason=f"{result.status} in {result.duration_ms:.0f} ms")
    return Fetched(answer, LogLine(event="fetch_succeeded", attempt=ask.attempt, data=told), merged)


def merge(data: dict[str, Any], body: bytes, response_path: str | None) -> dict[str, Any] | None:
    """A shallow merge into the data, the response wins (E-FETCH-9); None when there is nothing to merge."""
    if not body.strip():
        return None
    try:
        parsed = read_json(body.decode(json.detect_encoding(body)))
    except ValueError as error:
        raise FetchMistake(f"the response is not JSON that can be kept: {error}") from error
    if response_path is None:
        if not isinstance(parsed, dict):
            raise FetchMistake("the response is not a JSON object; set a response_path to keep it")
        return {**data, **parsed}
    return _put_at(data, response_path.split("."), parsed)


def _put_at(data: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """The data with `value` under a dotted path; siblings stay (E-FETCH-10)."""
    head, rest = path[0], path[1:]
    if not rest:
        return {**data, head: value}
    inner = data.get(head)
    return {**data, head: _put_at(inner if isinstance(inner, dict) else {}, rest, value)}


def describe(request: Request, result: Exchange | Failure, redaction: Redaction) -> dict[str, Any]:
    """What was asked and answered, for the run's log (E-FETCH-13); without secret variables."""
    told: dict[str, Any] = {
        "request": {
            "method": request.method,
            "url": redaction.url(result.url),
            "host": redaction.text(_host(result.url)),
            "headers": redaction.headers(request.headers),
            "body": redaction.body(request.body or b""),
        },
        "duration_ms": result.duration_ms,
    }
    if isinstance(result, Exchange):
        told["response"] = {
            "status": result.status,
            "headers": redaction.headers(result.headers),
            "body": redaction.body(result.body),
        }
    return told


def _host(url: str) -> str:
    """Host and port without credentials, of a URL that may be none."""
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]


def _failed(ask: StepAsk, reason: str, detail: str | None, told: dict[str, Any], *, retry: bool) -> Fetched:
    """The reason goes into Temporal's history; the detail, without secrets, stays in our log (D23)."""
    answer = failure(ask, reason).model_dump()
    if not retry:
        answer["verdict"] = Verdict.FAIL
    error = f"{reason}: {detail}" if detail else reason
    data = told | {"error": error, "retryable": retry}
    line = LogLine(event="step_failed", status="error", attempt=ask.attempt, data=data)
    return Fetched(FetchAnswer(**answer), line)
