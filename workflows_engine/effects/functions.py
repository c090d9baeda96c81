"""The effects of function steps that change data and recipients, trigger workflows, or ask a model."""

from datetime import timedelta

from workflows_engine.effects.effect import Effect, Where
from workflows_engine.effects.steps import StepAnswer, StepAsk


class AgentAnswer(StepAnswer):
    """What became of the question; a step that failed and does not halt its run says so by `goes_on`."""

    goes_on: bool = False


update_data = Effect("update_data", StepAsk, StepAnswer)
update_recipient = Effect("update_recipient", StepAsk, StepAnswer)
update_audience = Effect("update_audience", StepAsk, StepAnswer)
# Our own database and our own Temporal, as accepting any trigger is; its id is known beforehand (D16).
trigger_workflow = Effect("trigger_workflow", StepAsk, StepAnswer, timeout=timedelta(seconds=15))
# The model may take a minute; the heartbeat tells a lost worker from a slow model.
ask_agent = Effect(
    "ask_agent",
    StepAsk,
    AgentAnswer,
    where=Where.SENDS,
    timeout=timedelta(seconds=65),
    heartbeat=timedelta(seconds=5),
)
