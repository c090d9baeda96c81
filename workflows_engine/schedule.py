"""ScheduleWorkflow sleeps until a schedule's next occurrence, which an effect computes (D12)."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel
from temporalio import workflow

from workflows_engine import names
from workflows_engine.effects.schedules import KeepScheduleAsk, keep_schedule

LONGEST_SLEEP = timedelta(days=365)
"""A schedule further away is looked at in between."""
LOOKS = 500
"""Six events a look, and some for signals: this stays far below Temporal's warning at 10,240."""


class ScheduleInput(BaseModel):
    """The schedule, by its id."""

    environment_id: UUID
    schedule_id: UUID


@workflow.defn(name="Schedule")
class ScheduleWorkflow:
    """Ends when the schedule is gone or has no occurrence left; an update starts it again."""

    def __init__(self) -> None:
        self._nudged = False

    @workflow.run
    async def run(self, given: ScheduleInput) -> None:
        for _ in range(LOOKS):
            self._nudged = False
            ask = KeepScheduleAsk(
                environment_id=given.environment_id, schedule_id=given.schedule_id, now=workflow.now()
            )
            answer = await keep_schedule(ask, summary="look at the schedule")
            if answer.due is not None:
                await self._sleep(answer.due, answer.said)
            elif not self._nudged:
                workflow.set_current_details(answer.said)
                return
            if workflow.info().is_continue_as_new_suggested():
                break
        # The row is read anew at the start: a signal that comes now is not lost (D31).
        workflow.continue_as_new(given)

    @workflow.signal(name=names.LOOK)
    def look(self) -> None:
        """The row was changed or deleted, or the recipient is in another zone now."""
        self._nudged = True

    async def _sleep(self, due: datetime, said: str) -> None:
        until = f"{due:%Y-%m-%d %H:%M:%S} UTC"
        workflow.set_current_details(f"{said}\n\nnext occurrence: {until}" if said else f"next: {until}")
        left = due - workflow.now()
        if left <= timedelta(0):
            return
        try:
            await workflow.wait_condition(
                lambda: self._nudged, timeout=min(left, LONGEST_SLEEP), timeout_summary=f"until {until}"
            )
        except TimeoutError:
            return
