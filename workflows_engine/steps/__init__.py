"""The step types that can be written: the visible list.

`AnyStep` validates what the API accepts; `AnyPlannedStep` is what a plan holds. A new type is a file here,
its performer in `activities/steps/`, and one name in each union.
"""

from typing import Annotated

from pydantic import Field

from workflows_engine.passing_over import PassedOverPlan
from workflows_engine.steps.ai_agent import AiAgentPlan, AiAgentStep
from workflows_engine.steps.batch import BatchPlan, BatchStep
from workflows_engine.steps.branch import Branch, BranchPlan, BranchStep
from workflows_engine.steps.channel import AnyChannelStep, ChannelPlan
from workflows_engine.steps.delay import DelayPlan, DelayStep
from workflows_engine.steps.http_fetch import FetchPlan, FetchStep
from workflows_engine.steps.random_cohort import Cohort, RandomCohortPlan, RandomCohortStep
from workflows_engine.steps.throttle import ThrottlePlan, ThrottleStep
from workflows_engine.steps.trigger_workflow import TriggerWorkflowPlan, TriggerWorkflowStep
from workflows_engine.steps.update_audience import UpdateAudiencePlan, UpdateAudienceStep
from workflows_engine.steps.update_data import UpdateDataPlan, UpdateDataStep
from workflows_engine.steps.update_object import UpdateObjectPlan, UpdateObjectStep
from workflows_engine.steps.update_tenant import UpdateTenantPlan, UpdateTenantStep
from workflows_engine.steps.update_user import UpdateUserPlan, UpdateUserStep
from workflows_engine.steps.wait_for_event import WaitForEventPlan, WaitForEventStep
from workflows_engine.visual_blocks import BLOCK_TYPES

AnyStep = Annotated[
    AnyChannelStep
    | AiAgentStep
    | BatchStep
    | BranchStep
    | DelayStep
    | FetchStep
    | RandomCohortStep
    | ThrottleStep
    | TriggerWorkflowStep
    | UpdateAudienceStep
    | UpdateDataStep
    | UpdateObjectStep
    | UpdateTenantStep
    | UpdateUserStep
    | WaitForEventStep,
    Field(discriminator="type"),
]
AnyPlannedStep = Annotated[
    ChannelPlan
    | AiAgentPlan
    | BatchPlan
    | BranchPlan
    | DelayPlan
    | FetchPlan
    | RandomCohortPlan
    | PassedOverPlan
    | ThrottlePlan
    | WaitForEventPlan
    | TriggerWorkflowPlan
    | UpdateAudiencePlan
    | UpdateDataPlan
    | UpdateObjectPlan
    | UpdateTenantPlan
    | UpdateUserPlan,
    Field(discriminator="type"),
]

HOLDERS = (Branch, Cohort, BranchStep, RandomCohortStep)
"""These hold steps of every type. `definition.py` completes them, which workflow code never imports: a run in
the sandbox would pay for it each time."""

PLANNED_TYPES = [
    "channel",
    "delay",
    "batch",
    "http_fetch",
    "branch",
    "random_cohort",
    "throttle",
    "wait_for_event",
    "trigger_workflow",
    "update_audience",
    "update_data",
    "update_object",
    "update_tenant",
    "update_user",
    "ai_agent",
    "passed_over",
]
"""What the entries of a plan are called."""

STEP_TYPES = [
    "channel",
    "delay",
    "batch",
    "http_fetch",
    "branch",
    "random_cohort",
    "throttle",
    "trigger_workflow",
    "update_audience",
    "update_data",
    "update_object",
    "update_tenant",
    "update_user",
    "wait_for_event",
    "ai_agent",
]
"""What the types are called in workflows and in `docs/steps/`."""

CHANNEL_TYPES = ["in_app_feed", "in_app_guide", "email", "sms", "push", "chat", "http"]
"""The types of channel that a step can send over."""

UNION_TAGS = frozenset([*STEP_TYPES, *CHANNEL_TYPES, *BLOCK_TYPES, "Condition", "AllOf"])
"""What pydantic puts behind an index of a list whose items are of several types."""
