"""Delivering messages: one attempt, and handing a message over to its own workflow."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel

from workflows_engine.effects.effect import Effect, Where


class DeliverAsk(BaseModel):
    """One attempt of one message; attempts count from 1."""

    environment_id: UUID
    message_id: str
    attempt: int
    now: datetime


class Delivered(StrEnum):
    """How an attempt ended (D11)."""

    SENT = "sent"
    RETRY_AFTER = "retry_after"
    DEAD = "dead"
    NOT_YET = "not_yet"
    """No attempt was made: the message waits for its send window."""


class DeliverAnswer(BaseModel):
    """`due` is when the next attempt may be made, for `retry_after` and `not_yet`."""

    outcome: Delivered
    reason: str | None = None
    due: datetime | None = None


class HandOverAsk(BaseModel):
    """A message that its run no longer waits for; `due` is the earliest moment of attempt `attempt`."""

    environment_id: UUID
    message_id: str
    attempt: int
    due: datetime


class Done(BaseModel):
    """Nothing to say."""


# The heartbeat tells a lost worker within seconds, and the provider's own timeout bounds the send. The rest
# of the ten minutes is for writing the receipt while Postgres is away: starting again would send again.
deliver_message = Effect(
    "deliver_message",
    DeliverAsk,
    DeliverAnswer,
    where=Where.SENDS,
    timeout=timedelta(minutes=10),
    heartbeat=timedelta(seconds=5),
)
hand_over_delivery = Effect("hand_over_delivery", HandOverAsk, Done)
