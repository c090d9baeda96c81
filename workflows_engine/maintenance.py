"""MaintenanceWorkflow reconciles rows with Temporal; CancelWorkflow carries a cancel to many runs."""

from datetime import timedelta
from uuid import UUID

from pydantic import BaseModel
from temporalio import workflow

from workflows_engine.effects.maintenance import CarryCancelAsk, ReconcileAsk, carry_cancel, reconcile

PAUSE = timedelta(seconds=10)
ROUNDS = 500
"""Eleven events a round: this stays far below Temporal's warning at 10,240."""


@workflow.defn(name="Maintenance")
class MaintenanceWorkflow:
    """Runs for ever under one fixed id, a round every ten seconds (D5)."""

    @workflow.run
    async def run(self) -> None:
        for _ in range(ROUNDS):
            changed = await reconcile(ReconcileAsk(now=workflow.now()), summary="reconcile")
            workflow.set_current_details(f"last round: {changed.model_dump_json()}")
            await workflow.sleep(PAUSE, summary="until the next round")
        workflow.continue_as_new()


class CancelInput(BaseModel):
    """The cancel, by its acceptance number."""

    environment_id: UUID
    acceptance: int


@workflow.defn(name="Cancel")
class CancelWorkflow:
    """For cancels that concern more runs than one request should signal (D10)."""

    @workflow.run
    async def run(self, given: CancelInput) -> int:
        ask = CarryCancelAsk(environment_id=given.environment_id, acceptance=given.acceptance)
        carried = await carry_cancel(ask, summary="signal the runs")
        return carried.signalled
