"""What an effect is: a typed request to the world, with its patience declared once (D8)."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows_engine import names

Ask = TypeVar("Ask", bound=BaseModel)
Answer = TypeVar("Answer", bound=BaseModel)

PATIENT = RetryPolicy(
    initial_interval=timedelta(milliseconds=250),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=30),
)
"""For our own infrastructure: without end, backing off to 30 s (D26)."""


class Where(StrEnum):
    """Where an effect is performed."""

    LOCAL = "local"
    """In the worker that holds the run: short, idempotent work on our own database."""
    SENDS = names.SENDS
    """Anything that reaches outside."""
    BULK = names.BULK
    """Long work on many rows."""


@dataclass(frozen=True)
class Effect(Generic[Ask, Answer]):
    """Call it from workflow code with its ask; the answer comes from history on replay."""

    name: str
    ask: type[Ask]
    answer: type[Answer]
    where: Where = Where.LOCAL
    timeout: timedelta = timedelta(seconds=10)
    heartbeat: timedelta | None = None
    retry: RetryPolicy = field(default_factory=lambda: PATIENT)

    async def __call__(self, ask: Ask, summary: str | None = None) -> Answer:
        if self.where is Where.LOCAL:
            local: Answer = await workflow.execute_local_activity(
                self.name,
                ask,
                result_type=self.answer,
                start_to_close_timeout=self.timeout,
                retry_policy=self.retry,
                # A longer back-off would hold the workflow task and heartbeat it; make it a timer instead.
                local_retry_threshold=timedelta(seconds=2),
                summary=summary or self.name,
            )
            return local
        queued: Answer = await workflow.execute_activity(
            self.name,
            ask,
            result_type=self.answer,
            task_queue=self.where.value,
            start_to_close_timeout=self.timeout,
            heartbeat_timeout=self.heartbeat,
            retry_policy=self.retry,
            summary=summary or self.name,
        )
        return queued
