"""Performs HTTP fetch steps: one attempt of the request, and the merge of its response (E-FETCH)."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from activities.beating import beating
from activities.conclusions import (
    Conclusion,
    Mishap,
    StepMistake,
    as_answer,
    failed,
    key_of,
    left_out,
    redacted,
    redaction_of,
    write_down,
)
from activities.ledger import look
from activities.objects import Render, rendering
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load
from activities.versions import Versions
from models.database import Database
from models.tables.request_signing import request_signing_key
from models.tables.run_events import LogLine
from models.values.plain_json import read_json
from outbound.client import HttpClient
from outbound.exchange import Exchange, Failure, Method, Request, perform
from outbound.redaction import Redaction
from outbound.signing import SIGNATURE_HEADER, signature
from rendering.environment import TemplateError
from workflows_engine import effects
from workflows_engine.effects.steps import FetchAnswer, StepAnswer, StepAsk
from workflows_engine.scope import RunScope
from workflows_engine.steps.http_fetch import FetchSettings
from workflows_engine.templates import Pair

DEADLINE_SECONDS = 15
"""For the complete response (E-FETCH-4)."""
SUCCESS = (200, 201, 204)
"""Every other status is fatal, or, from 500 on, tried again (E-FETCH-3, -5, -6)."""
RETRYABLE = ("timeout", "connect")


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
        async with self._database.connection() as connection:
            known = await look(connection, key_of(ask, "http_fetch"))
            if known is not None:
                return FetchAnswer.model_validate(known)
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
        conclusion = left_out(ask, standing, scope) or await self._attempt(ask, standing, scope)
        concluded = as_answer(FetchAnswer, conclusion)
        return await write_down(self._database, ask, standing, "http_fetch", concluded)

    async def _attempt(self, ask: StepAsk, standing: Standing, scope: RunScope) -> Conclusion[StepAnswer]:
        settings: FetchSettings = standing.version.definition.step(ask.step_ref).settings
        redaction = redaction_of(standing)
        try:
            request = build_request(settings, rendering(standing, scope, ask.now))
        except TemplateError as error:
            return failed(ask, Mishap("template error", redaction.text(error.message)))
        except StepMistake as error:
            detail = redaction.text(str(error))
            return failed(ask, Mishap("the request cannot be built", detail, is_retryable=False))
        if settings.sign_request:
            request = await self._signed(ask, request)
        async with beating():
            result = await perform(self._http, request, deadline_seconds=DEADLINE_SECONDS)
        return conclude(ask, settings, standing, request, result)

    async def _signed(self, ask: StepAsk, request: Request) -> Request:
        """Signed at the time of sending, which receivers compare with theirs; GET signs an empty body."""
        now = datetime.now(UTC)
        async with self._database.transaction() as connection:
            sealer = self._versions.sealer
            key = await request_signing_key(connection, ask.environment_id, sealer, now)
        header = {SIGNATURE_HEADER: signature(key, request.body or b"", now)}
        return replace(request, headers={**request.headers, **header})


def build_request(settings: FetchSettings, text: Render) -> Request:
    """Every field but the method is Liquid (E-FETCH-1); raises TemplateError and StepMistake."""

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
        body = _body(text(settings.body), headers)
    query = tuple(pairs(settings.query_params, "query_params"))
    return Request(method=method, url=text(settings.url).strip(), headers=headers, query=query, body=body)


def _body(rendered: str, headers: dict[str, str]) -> bytes | None:
    """JSON, unless a header says that it is something else; nothing rendered is no body (E-FETCH-2)."""
    if not rendered.strip():
        return None
    if not any(name.lower() == "content-type" for name in headers):
        try:
            read_json(rendered)
        except ValueError as error:
            raise StepMistake(f"the body is no JSON: {error}") from error
        headers["content-type"] = "application/json"
    return rendered.encode()


def _object_of_texts(rendered: str, what: str) -> dict[str, str]:
    try:
        parsed = json.loads(rendered)
    except json.JSONDecodeError as error:
        raise StepMistake(f"{what} must render to a JSON object: {error}") from error
    if not isinstance(parsed, dict):
        raise StepMistake(f"{what} must render to a JSON object, not to {type(parsed).__name__}")
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in parsed.items()}


def conclude(
    ask: StepAsk,
    settings: FetchSettings,
    standing: Standing,
    request: Request,
    result: Exchange | Failure,
) -> Conclusion[StepAnswer]:
    """Success merges, 5xx and timeouts are tried again, everything else is fatal."""
    redaction = redaction_of(standing)
    told = describe(request, result, redaction)
    if isinstance(result, Failure):
        mishap = Mishap(f"no answer: {result.kind}", redaction.text(result.detail), result.kind in RETRYABLE)
        return failed(ask, mishap, told)
    if result.status not in SUCCESS:
        return failed(ask, Mishap(f"the server answered {result.status}", None, result.status >= 500), told)
    try:
        merged = merge(standing.data, result.body, settings.response_path)
    except StepMistake as error:
        detail = redaction.text(str(error))
        return failed(ask, Mishap("the response cannot be used", detail, is_retryable=False), told)
    told["merged_data"] = redacted(standing, merged or standing.data)
    line = LogLine(event="fetch_succeeded", attempt=ask.attempt, data=told)
    answer = FetchAnswer(status=result.status, reason=f"{result.status} in {result.duration_ms:.0f} ms")
    return Conclusion(answer, line, merged)


def merge(data: dict[str, Any], body: bytes, response_path: str | None) -> dict[str, Any] | None:
    """A shallow merge into the data, the response wins (E-FETCH-9); None when there is nothing to merge."""
    if not body.strip():
        return None
    try:
        parsed = read_json(body.decode(json.detect_encoding(body)))
    except ValueError as error:
        raise StepMistake(f"the response is not JSON that can be kept: {error}") from error
    if response_path is None:
        if not isinstance(parsed, dict):
            raise StepMistake("the response is not a JSON object; set a response_path to keep it")
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
