"""What conditions say of messages that earlier steps sent (E-COND-22 to E-COND-27)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from models.values.conditions import Condition, Operator
from models.values.kinds import EngagementStatus, MessageStatus
from models.values.retention import RETENTION

SKIPPED: Final = "skipped"
"""The delivery status of a step without a message; it ranks below every other (E-COND-26)."""
RANKS: Final[dict[str, int]] = {
    SKIPPED: 0,
    MessageStatus.UNDELIVERED: 1,
    MessageStatus.BOUNCED: 2,
    MessageStatus.DELIVERY_ATTEMPTED: 3,
    MessageStatus.QUEUED: 4,
    MessageStatus.NOT_SENT: 5,
    MessageStatus.SENT: 6,
    MessageStatus.DELIVERED: 7,
    EngagementStatus.SEEN: 8,
    EngagementStatus.READ: 9,
    EngagementStatus.INTERACTED: 10,
    EngagementStatus.LINK_CLICKED: 10,
    EngagementStatus.ARCHIVED: 11,
}
"""Delivery and engagement in one order, low to high (E-COND-23)."""

_SENTINEL: Final = "$message."
_DELIVERY: Final = frozenset([SKIPPED, *MessageStatus])
_BUT_NOT: Final = {
    "seen_not_read": (EngagementStatus.SEEN, EngagementStatus.READ),
    "read_not_link_clicked": (EngagementStatus.READ, EngagementStatus.LINK_CLICKED),
}
"""Engagement that has one mark and lacks another."""


@dataclass(frozen=True)
class SentMessage:
    """How one message of a step stands."""

    delivery_status: str
    engagement_statuses: tuple[str, ...] = ()
    inserted_at: datetime | None = None

    @property
    def best(self) -> int:
        """The highest rank among its delivery status and its marks (E-COND-24)."""
        return max(RANKS[status] for status in (self.delivery_status, *self.engagement_statuses))

    def as_ref(self) -> dict[str, Any]:
        """What stands under `refs.<step ref>`; see `read_ref`."""
        return {
            "delivery_status": self.delivery_status,
            "engagement_status": list(self.engagement_statuses),
            "inserted_at": None if self.inserted_at is None else self.inserted_at.isoformat(),
        }


GONE: Final = SentMessage(SKIPPED)
"""A message whose row retention took: nothing is known of it but that it was."""


def telling(messages: Iterable[SentMessage]) -> SentMessage:
    """Of a step's messages the one that conditions look at: the furthest, the first of equals (E-COND-24)."""
    return max(messages, key=lambda message: message.best)


@dataclass(frozen=True)
class StatusVerdict:
    """What a condition on a status came to, and for the trace what it looked at."""

    holds: bool
    value: Any
    reason: str | None = None


def is_about_status(condition: Condition) -> bool:
    """Whether it asks for `refs.<ref>.delivery_status` or `refs.<ref>.engagement_status` (E-COND-22)."""
    path = condition.variable.split(".")
    return len(path) == 3 and path[0] == "refs" and path[2] in _JUDGES


def judge_status(condition: Condition, refs: Mapping[str, Any], now: datetime) -> StatusVerdict:
    """Judge a condition of which `is_about_status` holds.

    A step that sent nothing is `skipped` with no marks. Past retention nothing holds, not even what is
    negated (E-COND-25); nor does a condition with another operator or another sentinel than Knock has.
    """
    _, step_ref, name = condition.variable.split(".")
    message = _read(refs.get(step_ref)) or SentMessage(SKIPPED, (), now)
    value = message.delivery_status if name == "delivery_status" else list(message.engagement_statuses)
    if message.inserted_at is None or message.inserted_at < now - RETENTION:
        return StatusVerdict(False, value, "the message is past retention")
    given = condition.argument
    wanted = given.removeprefix(_SENTINEL) if isinstance(given, str) and given.startswith(_SENTINEL) else None
    holds = None if wanted is None else _JUDGES[name](condition.operator, message, wanted)
    if holds is None:
        return StatusVerdict(False, value, f"{condition.operator} {given} says nothing about a {name}")
    return StatusVerdict(holds, value)


def _read(ref: Any) -> SentMessage | None:
    """The message that a ref tells of; None for a step that sent none, and for what waits put out."""
    if not isinstance(ref, Mapping) or "delivery_status" not in ref:
        return None
    stamp = ref["inserted_at"]
    moment = None if stamp is None else datetime.fromisoformat(stamp)
    return SentMessage(ref["delivery_status"], tuple(ref["engagement_status"]), moment)


def _delivery(operator: Operator, message: SentMessage, wanted: str) -> bool | None:
    compare = _COMPARISONS.get(operator)
    if compare is None or wanted not in _DELIVERY:
        return None
    return compare(RANKS[message.delivery_status], RANKS[wanted])


def _engagement(operator: Operator, message: SentMessage, wanted: str) -> bool | None:
    if operator not in (Operator.CONTAINS, Operator.NOT_CONTAINS):
        return None
    marks = message.engagement_statuses
    if wanted in _BUT_NOT:
        has, lacks = _BUT_NOT[wanted]
        found = has in marks and lacks not in marks
    elif wanted in list(EngagementStatus):
        found = wanted in marks
    else:
        return None
    return found is (operator is Operator.CONTAINS)


_JUDGES: Final[dict[str, Callable[[Operator, SentMessage, str], bool | None]]] = {
    "delivery_status": _delivery,
    "engagement_status": _engagement,
}
_COMPARISONS: Final[dict[Operator, Callable[[int, int], bool]]] = {
    Operator.EQUAL_TO: lambda left, right: left == right,
    Operator.NOT_EQUAL_TO: lambda left, right: left != right,
    Operator.GREATER_THAN: lambda left, right: left > right,
    Operator.GREATER_THAN_OR_EQUAL_TO: lambda left, right: left >= right,
    Operator.LESS_THAN: lambda left, right: left < right,
    Operator.LESS_THAN_OR_EQUAL_TO: lambda left, right: left <= right,
}
"""Delivery statuses all have ranks of their own, so that equality of ranks is equality."""
