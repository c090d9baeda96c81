"""Signals to runs in flight. Rows are truth; a signal only hastens (D31)."""

from datetime import datetime

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from dispatch.temporal import PATIENCE
from workflows_engine import names


async def tell_cancel(client: Client, workflow_id: str, acceptance: int) -> bool:
    """Whether there was a run to hear it."""
    return await _signal(client, workflow_id, names.CANCEL, [acceptance])


async def tell_joined(client: Client, workflow_id: str, step_ref: str, count: int) -> bool:
    """Whether there was a run to hear it."""
    return await _signal(client, workflow_id, names.JOINED, [step_ref, count])


async def tell_look(client: Client, workflow_id: str) -> bool:
    """Whether there was a run to hear that a row its pause goes by has changed."""
    return await _signal(client, workflow_id, names.LOOK, [])


async def tell_wake(client: Client, workflow_id: str, until: datetime | None) -> bool:
    """Whether there was a run to hear an operator's wish."""
    return await _signal(client, workflow_id, names.WAKE, [until])


async def _signal(client: Client, workflow_id: str, signal: str, arguments: list[object]) -> bool:
    try:
        handle = client.get_workflow_handle(workflow_id)
        await handle.signal(signal, args=arguments, rpc_timeout=PATIENCE)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True
