"""WorkflowRunWorkflow: one trigger, all its recipients (D6, D7)."""

import asyncio
from uuid import UUID

from pydantic import BaseModel
from temporalio import workflow

from workflows_engine.effects.runs import ExpandAnswer, ExpandAsk, expand_recipients


class WorkflowRunInput(BaseModel):
    """The trigger to fan out."""

    environment_id: UUID
    workflow_run_id: UUID
    is_crowd: bool = False
    """Whether it is one of many that were asked for at a time."""


@workflow.defn(name="WorkflowRun")
class WorkflowRunWorkflow:
    """Starts one recipient run each; cancelling it stops nothing that was accepted, cancel by key does."""

    @workflow.run
    async def run(self, given: WorkflowRunInput) -> int:
        expansion = asyncio.create_task(self._expand(given))
        while not expansion.done():
            try:
                await workflow.wait_condition(expansion.done)
            except asyncio.CancelledError:
                workflow.set_current_details(
                    "A fan-out is not cancelled half-way; cancel its recipient runs."
                )
        return expansion.result().started

    async def _expand(self, given: WorkflowRunInput) -> ExpandAnswer:
        return await expand_recipients(
            ExpandAsk(
                environment_id=given.environment_id,
                workflow_run_id=given.workflow_run_id,
                is_crowd=given.is_crowd,
                now=workflow.now(),
            ),
            summary="identify and start recipients",
        )
