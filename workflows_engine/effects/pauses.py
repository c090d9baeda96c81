"""Passing a throttle, and waiting for an event."""

from datetime import datetime

from workflows_engine.effects.effect import Effect
from workflows_engine.effects.steps import StepAnswer, StepAsk


class WaitAnswer(StepAnswer):
    """Still waiting until `until`; without it the wait is over and the verdict says what then.

    `more` events were not looked at yet.
    """

    until: datetime | None = None
    more: bool = False


class LookAsk(StepAsk):
    """Look for the awaited event, for the `attempt`th time.

    `is_cancelled`: whoever cancelled the run left no row that says so (D10). `until` is an operator's wish
    for another end of the wait.
    """

    incarnation: int = 0
    is_cancelled: bool = False
    until: datetime | None = None


pass_throttle = Effect("pass_throttle", StepAsk, StepAnswer)
register_wait = Effect("register_wait", StepAsk, WaitAnswer)
look_for_event = Effect("look_for_event", LookAsk, WaitAnswer)
