"""What a recipient prefers, decided for one channel of one run (E-PREF)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from activities.standing import Standing
from workflows_engine.scope import RunScope


@dataclass(frozen=True)
class Decision:
    """Whether the message may go out, and what was looked at (E-COND-30)."""

    allowed: bool
    trace: dict[str, Any] = field(default_factory=dict)


def decide(standing: Standing, channel: DictRow, scope: RunScope, now: datetime) -> Decision:
    """The verdict for this workflow on this channel (its row: id, type)."""
    return Decision(True)
