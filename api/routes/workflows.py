"""Triggering and cancelling workflows: `/v1/workflows/{key}/trigger` and `/cancel` (E-TRIGGER, E-CANCEL)."""

import hashlib
import json
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from api.admission import Door
from api.dependencies import Caller, Db, RequestId, TemporalClient
from api.given import bounded, given_recipient, given_recipients, given_tenant
from api.schemas.workflows import CancelWorkflowRequest, TriggerWorkflowRequest, TriggerWorkflowResponse
from dispatch.cancels import CancelRequest, accept_cancel
from dispatch.triggers import Accepted, Idempotency, Replayed, TriggerRequest

router = APIRouter(prefix="/v1/workflows", tags=["Workflows"])

LONGEST_IDEMPOTENCY_KEY = 255


async def _idempotency(
    request: Request,
    idempotency_key: Annotated[str | None, Header(max_length=LONGEST_IDEMPOTENCY_KEY)] = None,
) -> Idempotency | None:
    """The key, and a hash of what was asked under it (E-TRIGGER-28); None without one.

    None for what is no JSON, too: it is refused anyway.
    """
    if not idempotency_key:
        return None
    try:
        asked_for = await request.json()
    except ValueError:
        return None
    canonical = json.dumps(asked_for, sort_keys=True, separators=(",", ":"))
    asked = f"{request.method} {request.url.path}\n{canonical}"
    request_hash = hashlib.sha256(asked.encode(errors="replace")).digest()
    return Idempotency(key=idempotency_key, request_hash=request_hash)


@router.post("/{key:id}/trigger")
async def trigger_workflow(
    key: str,
    body: TriggerWorkflowRequest,
    response: Response,
    request_id: RequestId,
    door: Door,
    idempotency: Annotated[Idempotency | None, Depends(_idempotency)],
) -> TriggerWorkflowResponse:
    """Start a run for each recipient; answers once none of them can be lost.

    The `Tocsin-Run-Url` header opens the run in the Temporal Web UI.
    """
    asked = TriggerRequest(
        workflow_key=key,
        recipients=given_recipients(body.recipients),
        request_id=request_id,
        actor=None if body.actor is None else given_recipient(body.actor, "actor"),
        tenant=None if body.tenant is None else given_tenant(body.tenant),
        data=bounded(body.data),
        cancellation_key=body.cancellation_key,
        settings=body.settings.model_dump(exclude_none=True) if body.settings else None,
        idempotency=idempotency,
    )
    try:
        accepted = await door.accept(asked)
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


def _tell(response: Response, accepted: Accepted) -> None:
    if accepted.run_url is not None:
        response.headers["Tocsin-Run-Url"] = accepted.run_url
    if accepted.replay_of is not None:
        response.headers["idempotent-replayed"] = "true"
        response.headers["original-x-request-id"] = accepted.replay_of
