"""Triggering and cancelling workflows: `/v1/workflows/{key}/trigger` and `/cancel` (E-TRIGGER, E-CANCEL)."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from api.dependencies import Caller, Credential, Db, RequestId, TemporalClient
from api.fair_turns import PATIENCE_SECONDS, FairTurns
from api.given import bounded, given_recipient, given_recipients, given_tenant
from api.schemas.workflows import CancelWorkflowRequest, TriggerWorkflowRequest, TriggerWorkflowResponse
from dispatch.cancels import CancelRequest, accept_cancel
from dispatch.errors import Backlogged
from dispatch.triggers import Accepted, Idempotency, Replayed, TriggerRequest, accept

router = APIRouter(prefix="/v1/workflows", tags=["Workflows"])

LONGEST_IDEMPOTENCY_KEY = 255
HOLD_SECONDS = 1.0
"""Until somebody looks again whether a tenant's backlog is shorter."""


@dataclass(frozen=True)
class Call:
    """Who asks, under which request id, whether the same was asked before, and where to wait for a turn."""

    caller: Credential
    request_id: str
    idempotency: Idempotency | None
    turns: FairTurns
    leaving: Callable[[], Awaitable[None]]
    longest_wait: float


async def _call(
    request: Request,
    caller: Caller,
    request_id: RequestId,
    idempotency_key: Annotated[str | None, Header(max_length=LONGEST_IDEMPOTENCY_KEY)] = None,
) -> Call:
    turns: FairTurns = request.app.state.trigger_turns

    async def leaving() -> None:
        # The body was read: what comes next is that the caller goes.
        while (await request.receive())["type"] != "http.disconnect":
            continue

    idempotency = await _idempotency(request, idempotency_key)
    longest_wait: float = request.app.state.settings.longest_wait
    return Call(caller, request_id, idempotency, turns, leaving, longest_wait)


@router.post("/{key:id}/trigger")
async def trigger_workflow(
    key: str,
    body: TriggerWorkflowRequest,
    response: Response,
    call: Annotated[Call, Depends(_call)],
    database: Db,
    temporal: TemporalClient,
) -> TriggerWorkflowResponse:
    """Start a run for each recipient; answers once none of them can be lost.

    The `Tocsin-Run-Url` header opens the run in the Temporal Web UI.
    """
    asked = TriggerRequest(
        workflow_key=key,
        recipients=given_recipients(body.recipients),
        request_id=call.request_id,
        actor=None if body.actor is None else given_recipient(body.actor, "actor"),
        tenant=None if body.tenant is None else given_tenant(body.tenant),
        data=bounded(body.data),
        cancellation_key=body.cancellation_key,
        settings=body.settings.model_dump(exclude_none=True) if body.settings else None,
        idempotency=call.idempotency,
        longest_wait=call.longest_wait,
    )
    try:
        accepted = await _accepted(call, asked, lambda: accept(database, temporal, call.caller.place, asked))
    except Replayed as replay:
        accepted = replay.accepted
    _tell(response, accepted)
    return TriggerWorkflowResponse(workflow_run_id=str(accepted.workflow_run_id))


@router.post("/{key:id}/cancel", status_code=204)
async def cancel_workflow(
    key: str, body: CancelWorkflowRequest, caller: Caller, database: Db, temporal: TemporalClient
) -> None:
    """Stop the runs under this key; the answer says that the cancel cannot be missed any more (D10)."""
    recipients = None
    if body.recipients is not None:
        recipients = [one.ref for one in given_recipients(body.recipients)]
    request = CancelRequest(
        workflow_key=key,
        cancellation_key=body.cancellation_key,
        recipients=recipients,
        api_key_id=caller.key_id,
    )
    await accept_cancel(database, temporal, caller.place, request)


async def _accepted(
    call: Call, asked: TriggerRequest, accepting: Callable[[], Awaitable[Accepted]]
) -> Accepted:
    """In its tenant's turn; while it has a backlog nobody of it gets one, which slows its callers down."""
    key = (call.caller.environment_id, asked.tenant.id if asked.tenant else None)
    clock = asyncio.get_running_loop().time
    until = clock() + PATIENCE_SECONDS
    again_until: float | None = None
    while True:
        try:
            async with call.turns.turn(key, call.leaving, again_until):
                return await accepting()
        except Backlogged as late:
            if clock() >= until:
                raise
            call.turns.hold(key, HOLD_SECONDS, partial(Backlogged, late.waited_seconds))
            again_until = until


async def _idempotency(request: Request, key: str | None) -> Idempotency | None:
    """The key, and a hash of what was asked under it (E-TRIGGER-28)."""
    if not key:
        return None
    canonical = json.dumps(await request.json(), sort_keys=True, separators=(",", ":"))
    asked = f"{request.method} {request.url.path}\n{canonical}"
    return Idempotency(key=key, request_hash=hashlib.sha256(asked.encode(errors="replace")).digest())


def _tell(response: Response, accepted: Accepted) -> None:
    if accepted.run_url is not None:
        response.headers["Tocsin-Run-Url"] = accepted.run_url
    if accepted.replay_of is not None:
        response.headers["idempotent-replayed"] = "true"
        response.headers["original-x-request-id"] = accepted.replay_of
