"""Keeping rows and Temporal in agreement; carrying a cancel to many runs."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel

from workflows_engine.effects.effect import Effect, Where


class ReconcileAsk(BaseModel):
    """One round of the reconciler at this time."""

    now: datetime


class ReconcileAnswer(BaseModel):
    """What the round changed (D5), and how many had been made by its end: Temporal remembers it.

    `oldest` is the id of the oldest environment, by which a database is told from another.
    """

    retired: int = 0
    restarted: int = 0
    cancelled: int = 0
    signalled: int = 0
    windows: int = 0
    deliveries: int = 0
    schedules: int = 0
    rounds: int | None = None
    oldest: UUID | None = None


class CarryCancelAsk(BaseModel):
    """A cancel whose runs are to be signalled."""

    environment_id: UUID
    acceptance: int


class CarryCancelAnswer(BaseModel):
    """How many runs heard it."""

    signalled: int = 0


reconcile = Effect(
    "reconcile",
    ReconcileAsk,
    ReconcileAnswer,
    where=Where.BULK,
    timeout=timedelta(minutes=10),
    heartbeat=timedelta(seconds=30),
)
carry_cancel = Effect(
    "carry_cancel",
    CarryCancelAsk,
    CarryCancelAnswer,
    where=Where.BULK,
    timeout=timedelta(hours=1),
    heartbeat=timedelta(seconds=30),
)
