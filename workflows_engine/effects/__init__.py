"""Everything the engine may ask of the world, in one list."""

from typing import Any

from workflows_engine.effects.delivery import deliver_message, hand_over_delivery
from workflows_engine.effects.effect import Effect
from workflows_engine.effects.functions import (
    ask_agent,
    trigger_workflow,
    update_audience,
    update_data,
    update_recipient,
)
from workflows_engine.effects.maintenance import carry_cancel, reconcile
from workflows_engine.effects.pauses import look_for_event, pass_throttle, register_wait
from workflows_engine.effects.runs import begin_run, expand_recipients, finish_run
from workflows_engine.effects.schedules import keep_schedule
from workflows_engine.effects.steps import (
    choose_branch,
    close_batch,
    compose_messages,
    draw_cohort,
    fetch,
    join_batch,
    leave_batch,
    move_pause,
    pass_over_step,
    renew_run,
    resolve_delay,
)

EFFECTS: list[Effect[Any, Any]] = [
    begin_run,
    finish_run,
    expand_recipients,
    compose_messages,
    pass_over_step,
    choose_branch,
    draw_cohort,
    resolve_delay,
    pass_throttle,
    register_wait,
    look_for_event,
    join_batch,
    leave_batch,
    close_batch,
    move_pause,
    renew_run,
    fetch,
    update_data,
    update_recipient,
    update_audience,
    trigger_workflow,
    ask_agent,
    deliver_message,
    hand_over_delivery,
    reconcile,
    carry_cancel,
    keep_schedule,
]

__all__ = [
    "EFFECTS",
    "ask_agent",
    "begin_run",
    "carry_cancel",
    "choose_branch",
    "close_batch",
    "compose_messages",
    "deliver_message",
    "draw_cohort",
    "expand_recipients",
    "fetch",
    "finish_run",
    "hand_over_delivery",
    "join_batch",
    "keep_schedule",
    "leave_batch",
    "look_for_event",
    "move_pause",
    "pass_over_step",
    "pass_throttle",
    "reconcile",
    "register_wait",
    "renew_run",
    "resolve_delay",
    "trigger_workflow",
    "update_audience",
    "update_data",
    "update_recipient",
]
