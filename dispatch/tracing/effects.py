"""What the span of an effect says of its ask and its answer."""

from pydantic import BaseModel

from dispatch.log_lines import ids_of
from dispatch.tracing.spans import note

ANSWERED = ("verdict", "outcome", "attempt", "window_id", "owner_run_id", "started")
"""What is told of both beside the ids: refs and verdicts, no sentences."""


def note_ask(ask: BaseModel) -> None:
    """Say on the current span what the effect is about."""
    note(**ids_of(ask), **_told(ask))


def note_answer(answer: BaseModel) -> None:
    """Say on the current span what came of it."""
    note(**_told(answer))


def _told(model: BaseModel) -> dict[str, object]:
    return {name: getattr(model, name, None) for name in ANSWERED}
