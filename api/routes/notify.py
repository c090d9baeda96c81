"""Triggering and cancelling as Knock's first API did: `/v1/notify` and `/v1/notify/cancel` (E-TRIGGER-32)."""

from typing import Any

from fastapi import APIRouter

from api.admission import Door
from api.dependencies import Caller, Db, RequestId, TemporalClient
from api.errors import InvalidParams
from api.given import bounded, given_recipient
from api.schemas.workflows import NotifyCancelRequest, NotifyRequest, NotifyResponse
from dispatch.cancels import CancelRequest, accept_cancel
from dispatch.triggers import TriggerRequest
from models.values.given import GivenRecipient

router = APIRouter(prefix="/v1/notify", tags=["Workflow Triggers"])


@router.post("")
async def notify(body: NotifyRequest, caller: Caller, request_id: RequestId, door: Door) -> NotifyResponse:
    """As a trigger, without identifying anybody inline, and without idempotency."""
    asked = TriggerRequest(
        workflow_key=body.name,
        recipients=_references(body.recipients),
        request_id=request_id,
        actor=_reference(body.actor, "actor"),
        data=bounded(body.data),
        cancellation_key=body.cancellation_key,
    )
    accepted = await door.accept(asked)
    return NotifyResponse(result_id=str(accepted.workflow_run_id))


@router.post("/cancel", status_code=204)
async def cancel_notify(
    body: NotifyCancelRequest, caller: Caller, database: Db, temporal: TemporalClient
) -> None:
    """As a workflow's cancel."""
    recipients = None
    if body.recipients is not None:
        recipients = [one.ref for one in _references(body.recipients)]
    request = CancelRequest(
        workflow_key=body.name,
        cancellation_key=body.cancellation_key,
        recipients=recipients,
        api_key_id=caller.key_id,
    )
    await accept_cancel(database, temporal, caller.place, request)


def _references(given: list[Any]) -> list[GivenRecipient]:
    return [_reference(raw, f"recipients[{index}]") for index, raw in enumerate(given)]


def _reference(raw: Any, field: str) -> GivenRecipient:
    if isinstance(raw, dict) and raw.keys() != {"collection", "id"}:
        told = "must be a user id, or {collection, id}; POST /v1/workflows/{key}/trigger takes more"
        raise InvalidParams.of(field, told)
    return given_recipient(raw, field)
