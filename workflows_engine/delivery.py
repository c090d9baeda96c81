"""DeliveryWorkflow: what a first attempt did not settle goes on here (D11)."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel
from temporalio import workflow

from workflows_engine.effects.delivery import DeliverAnswer, DeliverAsk, Delivered, deliver_message


class DeliveryInput(BaseModel):
    """A message, its next attempt's number, and the earliest moment of that attempt."""

    environment_id: UUID
    message_id: str
    attempt: int
    due: datetime


@workflow.defn(name="Delivery")
class DeliveryWorkflow:
    """Sleeps between attempts; the performer says when the next is due and when to give up (E-MSG-6)."""

    @workflow.run
    async def run(self, given: DeliveryInput) -> str:
        attempt, due = given.attempt, given.due
        while True:
            answer = await self._attempt(given, attempt, due)
            if answer.due is None or answer.outcome not in (Delivered.RETRY_AFTER, Delivered.NOT_YET):
                return answer.outcome.value
            attempt, due = attempt + (answer.outcome is Delivered.RETRY_AFTER), answer.due

    async def _attempt(self, given: DeliveryInput, attempt: int, due: datetime) -> DeliverAnswer:
        left = due - workflow.now()
        if left > timedelta(0):
            workflow.set_current_details(f"attempt {attempt} at {due:%Y-%m-%d %H:%M:%S} UTC")
            await workflow.sleep(left, summary=f"until attempt {attempt}")
        ask = DeliverAsk(
            environment_id=given.environment_id,
            message_id=given.message_id,
            attempt=attempt,
            now=workflow.now(),
        )
        return await deliver_message(ask, summary=f"attempt {attempt}")
