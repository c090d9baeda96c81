"""What one attempt to deliver a message comes to: tried again or not, its status, its events. Pure."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from activities.channels.provider import Receipt
from models.tables.messages import NewEvent
from models.values.kinds import MessageStatus
from workflows_engine.effects.delivery import DeliverAnswer, Delivered

MAX_ATTEMPTS: Final = 8
FIRST_PAUSE: Final = timedelta(seconds=10)
JITTER: Final = 0.2
LONGEST: Final = timedelta(minutes=30)
"""Between the first attempt and the last (E-MSG-6)."""
CONFIRMED_CONTENT: Final = ("MessageWebhookContent",)
"""What has arrived once its taker says yes; of other messages only sending is known (E-MSG-4)."""


@dataclass(frozen=True)
class Tried:
    """An attempt by its number in its round, and when that round's first one was made."""

    attempt: int
    now: datetime
    first_at: datetime
    is_confirmed: bool = False
    """Whether the provider's yes says that the message has arrived (E-MSG-4)."""


def conclude(tried: Tried, receipt: Receipt) -> DeliverAnswer:
    """Whether, and when, to try again (E-MSG-6). The vendor's own words stay in our database (D23)."""
    if receipt.outcome == "sent":
        return DeliverAnswer(outcome=Delivered.SENT)
    if receipt.outcome == "dead":
        reason = (
            "the provider refused the recipient" if receipt.bounced else "the provider refused it for good"
        )
        return DeliverAnswer(outcome=Delivered.DEAD, reason=reason)
    due = None if tried.attempt >= MAX_ATTEMPTS else next_attempt(tried, receipt.retry_after_seconds)
    if due is None:
        return DeliverAnswer(outcome=Delivered.DEAD, reason=f"given up after {tried.attempt} attempts")
    return DeliverAnswer(
        outcome=Delivered.RETRY_AFTER, reason="the provider did not take it for now", due=due
    )


def next_attempt(tried: Tried, wish_seconds: float | None) -> datetime | None:
    """10 s doubled with every attempt, give or take a fifth; longer where the provider asks for it.

    Never later than half an hour after the first attempt: None when that is over.
    """
    pause: timedelta = FIRST_PAUSE * 2 ** (tried.attempt - 1) * random.uniform(1 - JITTER, 1 + JITTER)
    wished = timedelta(seconds=min(wish_seconds or 0, LONGEST.total_seconds()))
    due = min(tried.now + max(pause, wished), tried.first_at + LONGEST)
    return due if due > tried.now else None


def told(tried: Tried, receipt: Receipt, answer: DeliverAnswer) -> tuple[MessageStatus, list[NewEvent]]:
    """The status an attempt leaves a message in, and the events that tell of it (E-MSG-2, E-MSG-5)."""
    if answer.outcome is Delivered.SENT:
        status = MessageStatus.DELIVERED if tried.is_confirmed else MessageStatus.SENT
        return status, [NewEvent(f"message.{status}")]
    retryable = answer.outcome is Delivered.RETRY_AFTER
    attempted = NewEvent(
        "message.delivery_attempted",
        {
            "attempt": tried.attempt,
            "max_attempts": MAX_ATTEMPTS,
            "retryable": retryable,
            "failure_details": receipt.detail,
        },
    )
    if retryable:
        return MessageStatus.DELIVERY_ATTEMPTED, [attempted]
    used_up = receipt.outcome == "retry_after"
    data = {
        "failure_reason": "retries_exhausted" if used_up else "fatal_error",
        "failure_details": receipt.detail,
    }
    status = MessageStatus.BOUNCED if receipt.bounced else MessageStatus.UNDELIVERED
    return status, [attempted, NewEvent(f"message.{status}", data)]
