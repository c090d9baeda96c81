"""The batch step: gathers one recipient's activities and goes on once with all of them (E-BATCH)."""

from datetime import datetime
from itertools import count
from typing import Literal
from uuid import UUID

from models.values.durations import Duration
from models.values.kinds import Outcome
from pydantic import Field, model_validator
from temporalio import workflow

from workflows_engine.effects.steps import (
    CloseAnswer,
    Verdict,
    WindowAsk,
    close_batch,
    join_batch,
    leave_batch,
)
from workflows_engine.run import Run
from workflows_engine.step import End, GoOn, Next, PlannedStep, Step, Switch, Written


class BatchSettings(Written):
    """How activities are gathered; nulls mean fixed, oldest first, accumulating, pinned (E-BATCH-1)."""

    batch_key: str | None = None
    batch_window: Duration | None = None
    batch_window_type: Literal["fixed", "sliding"] | None = None
    batch_order: Literal["asc", "desc"] | None = None
    batch_execution_mode: Literal["accumulate", "flush_leading"] | None = None
    batch_items_render_limit: int | None = Field(default=None, ge=1, le=100)
    batch_until_field_path: str | None = Field(default=None, min_length=1)
    batch_window_extension_limit: Duration | None = None
    batch_items_max_limit: int | None = Field(default=None, ge=2, le=1000)
    workflow_version_mode: Literal["pinned", "latest"] | None = None

    @model_validator(mode="after")
    def _says_when_it_closes(self) -> "BatchSettings":
        if self.batch_window is None and self.batch_until_field_path is None:
            raise ValueError("a batch needs batch_window or batch_until_field_path")
        if self.batch_window_type == "sliding" and self.batch_window_extension_limit is None:
            raise ValueError("a sliding window needs batch_window_extension_limit")
        return self

    @property
    def render_limit(self) -> int:
        return self.batch_items_render_limit or 10

    @property
    def order(self) -> Literal["asc", "desc"]:
        return self.batch_order or "asc"

    @property
    def is_sliding(self) -> bool:
        return self.batch_window_type == "sliding"

    @property
    def flushes_leading(self) -> bool:
        return self.batch_execution_mode == "flush_leading"

    @property
    def follows_latest(self) -> bool:
        """A stored step without a mode is pinned (E-BATCH-1)."""
        return self.workflow_version_mode == "latest"

    def latest_close(self, opened_at: datetime) -> datetime | None:
        """What a sliding window opened then never outlasts (E-BATCH-11)."""
        limit = self.batch_window_extension_limit
        return limit.after(opened_at) if self.is_sliding and limit is not None else None


def window_line(ref: str) -> str:
    """Under which name a window that fills up is shown."""
    return f"{ref} window"


class BatchPlan(PlannedStep):
    """What travels: the ref; key, window and members are rows (D9)."""

    type: Literal["batch"] = "batch"

    async def run(self, run: Run) -> Next:
        if run.held_window is not None:
            held, run.held_window = run.held_window, None
            return await self._hold(run, held.window_id, held.closes_at)
        joined = await run.perform(self, join_batch)
        if (then := run.settle(self, joined)) is not None:
            return then
        if joined.window_id is None or joined.closes_at is None:
            return GoOn()
        if not joined.is_owner:
            run.details.tell(self.ref, "done", f"gathered by run {joined.owner_run_id}")
            by = f"gathered by run {joined.owner_run_id}"
            return End(Outcome.ABSORBED, by, is_settled=joined.is_settled)
        return await self._hold(run, joined.window_id, joined.closes_at)

    async def _hold(self, run: Run, window_id: UUID, closes_at: datetime) -> Next:
        """Wait for the window to close; its row says when, the timer only asks again (D9)."""
        for look in count(1):
            await run.pause(self, closes_at, "gathering")
            if run.cancel is not None:
                then = await self._leave(run, self._about(run, window_id, look))
                if then is not None:
                    return then
                continue
            if (wish := run.take_wish()) is not None:
                closes_at = (await run.move(self, wish, window_id)).until
            closed = await close_batch(self._about(run, window_id, look), summary=f"{self.ref}: close window")
            if closed.closes_at is None:
                return self._closed(run, closed)
            closes_at = closed.closes_at
            if (renewed := await run.renew(self, look, window_id)) is not None:
                return renewed
        raise AssertionError("counting never ends")

    async def _leave(self, run: Run, about: WindowAsk) -> Next | None:
        """The run's own activity leaves; None when others are gathered, for whom it goes on waiting."""
        left = await leave_batch(about, summary=f"{self.ref}: leave window")
        if left.verdict is Verdict.STOP:
            return run.settle(self, left) or GoOn()
        run.spend_cancel()
        return None

    def _closed(self, run: Run, closed: CloseAnswer) -> Next:
        if closed.spent is not None:
            run.spend_up_to(closed.spent)
        if (then := run.settle(self, closed)) is not None:
            return then
        run.details.forget(window_line(self.ref))
        run.details.tell(self.ref, "done", closed.reason or f"{closed.total_activities} gathered")
        return GoOn() if closed.plan is None else Switch(closed.plan, self.ref)

    def _about(self, run: Run, window_id: UUID, look: int) -> WindowAsk:
        cancel = run.cancel.acceptance if run.cancel else None
        return WindowAsk(
            environment_id=run.given.environment_id,
            recipient_run_id=run.given.recipient_run_id,
            step_ref=self.ref,
            attempt=look,
            now=workflow.now(),
            window_id=window_id,
            incarnation=run.given.incarnation,
            cancel=cancel,
        )


class BatchStep(Step):
    """Conditions are accepted on a batch, as the choice of E-SHAPE-1 says."""

    type: Literal["batch"]
    settings: BatchSettings

    def plan(self) -> BatchPlan:
        return BatchPlan(ref=self.ref)

    def templates(self) -> dict[str, str]:
        key = self.settings.batch_key
        return {"settings.batch_key": key} if key is not None and "{" in key else {}
