"""Keeping a schedule: firing what is due, and saying when the next occurrence is."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from workflows_engine.effects.effect import Effect


class KeepScheduleAsk(BaseModel):
    """A schedule to look at now."""

    environment_id: UUID
    schedule_id: UUID
    now: datetime


class KeepScheduleAnswer(BaseModel):
    """When to look again: None for a schedule that is gone or over. `said` tells a person what was done."""

    due: datetime | None = None
    said: str = ""


keep_schedule = Effect("keep_schedule", KeepScheduleAsk, KeepScheduleAnswer)
