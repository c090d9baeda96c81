"""What attempts to deliver come to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.attempts import LONGEST, MAX_ATTEMPTS, Tried, conclude, told
from activities.channels.provider import Receipt
from models.values.kinds import MessageStatus
from workflows_engine.effects.delivery import Delivered

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BUSY = Receipt(outcome="retry_after", detail="busy")


def attempts(receipt: Receipt) -> list[datetime]:
    """When a message is tried that nobody ever takes."""
    made = [NOON]
    while True:
        answer = conclude(Tried(len(made), made[-1], NOON), receipt)
        if answer.outcome is not Delivered.RETRY_AFTER or answer.due is None:
            assert answer.outcome is Delivered.DEAD
            return made
        made.append(answer.due)


@pytest.mark.rule("E-MSG-6", "E-LIMITS-24")
def test_eight_attempts_fit_into_half_an_hour_whatever_the_dice_say() -> None:
    for made in [attempts(BUSY) for _ in range(200)]:
        assert len(made) == MAX_ATTEMPTS
        assert made[-1] - made[0] < LONGEST


@pytest.mark.rule("E-MSG-6")
@given(st.floats(0, 1e9))
def test_a_providers_wish_never_makes_it_longer_than_half_an_hour(wish: float) -> None:
    made = attempts(Receipt(outcome="retry_after", retry_after_seconds=wish))
    assert len(made) <= MAX_ATTEMPTS
    assert made[-1] - made[0] <= LONGEST
    assert made == sorted(set(made))


@pytest.mark.rule("E-MSG-6")
def test_a_providers_wish_for_later_is_heard() -> None:
    answer = conclude(Tried(1, NOON, NOON), Receipt(outcome="retry_after", retry_after_seconds=600))
    assert answer.due == NOON + timedelta(minutes=10)


@pytest.mark.rule("E-MSG-4")
@pytest.mark.parametrize(
    ("is_confirmed", "status"), [(True, MessageStatus.DELIVERED), (False, MessageStatus.SENT)]
)
def test_only_who_confirms_at_once_has_it_delivered(is_confirmed: bool, status: MessageStatus) -> None:
    tried = Tried(1, NOON, NOON, is_confirmed)
    receipt = Receipt(outcome="sent")
    said, events = told(tried, receipt, conclude(tried, receipt))
    assert said is status
    assert [event.type for event in events] == [f"message.{status}"]


@pytest.mark.rule("E-MSG-2", "E-MSG-5")
@pytest.mark.parametrize(
    ("receipt", "attempt", "status", "reason"),
    [
        (Receipt(outcome="dead", detail="no"), 1, "undelivered", "fatal_error"),
        (Receipt(outcome="dead", detail="no", bounced=True), 1, "bounced", "fatal_error"),
        (BUSY, 8, "undelivered", "retries_exhausted"),
    ],
)
def test_giving_up_says_why(receipt: Receipt, attempt: int, status: str, reason: str) -> None:
    tried = Tried(attempt, NOON, NOON)
    said, events = told(tried, receipt, conclude(tried, receipt))
    assert said == status
    assert [event.type for event in events] == ["message.delivery_attempted", f"message.{status}"]
    attempted, ended = (event.data or {} for event in events)
    assert (attempted["attempt"], attempted["max_attempts"], attempted["retryable"]) == (attempt, 8, False)
    assert ended == {"failure_reason": reason, "failure_details": receipt.detail}
