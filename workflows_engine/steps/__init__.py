"""The step types that can be written and run: the visible list.

`AnyStep` validates what the API accepts; `AnyPlannedStep` is what a plan holds. A new type is a file here,
its performer in `activities/steps/`, and one name in each union.
"""

from typing import Annotated

from pydantic import Field

from workflows_engine.steps.batch import BatchPlan, BatchStep
from workflows_engine.steps.channel import AnyChannelStep, ChannelPlan
from workflows_engine.steps.delay import DelayPlan, DelayStep
from workflows_engine.steps.http_fetch import FetchPlan, FetchStep

AnyStep = Annotated[AnyChannelStep | DelayStep | BatchStep | FetchStep, Field(discriminator="type")]
AnyPlannedStep = Annotated[ChannelPlan | DelayPlan | BatchPlan | FetchPlan, Field(discriminator="type")]

STEP_TYPES = ["channel", "delay", "batch", "http_fetch"]
"""What the types are called in workflows and in `docs/steps/`."""
