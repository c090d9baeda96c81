"""What goes in and out of the workflow routes, named as in Knock's specifications."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

MAX_RECIPIENTS = 1000
CancellationKey = Annotated[str, Field(min_length=1, max_length=256)]
"""Knock publishes no limit; an index over it needs one."""


class TriggerSettings(BaseModel):
    """Switches of one trigger (E-TRIGGER-9)."""

    model_config = ConfigDict(extra="forbid")

    sandbox_mode: bool | None = None
    skip_delay: bool | None = None


class TriggerWorkflowRequest(BaseModel):
    """Recipients, actor and tenant are read by `models/values/given.py`, which knows their forms."""

    recipients: list[Any] = Field(min_length=1, max_length=MAX_RECIPIENTS)
    actor: Any = None
    tenant: Any = None
    data: dict[str, Any] | None = None
    cancellation_key: CancellationKey | None = None
    settings: TriggerSettings | None = None


class TriggerWorkflowResponse(BaseModel):
    """The id that all recipient runs of the trigger share."""

    workflow_run_id: str


class CancelWorkflowRequest(BaseModel):
    """Without recipients, all runs under the key are cancelled."""

    cancellation_key: CancellationKey
    recipients: list[Any] | None = Field(default=None, max_length=MAX_RECIPIENTS)


class NotifyRequest(BaseModel):
    """`name` is the workflow's key; recipients and actor are ids or references."""

    name: str
    actor: Any
    recipients: list[Any] = Field(min_length=1, max_length=MAX_RECIPIENTS)
    data: dict[str, Any] | None = None
    cancellation_key: CancellationKey | None = None


class NotifyResponse(BaseModel):
    """What the newer API calls the workflow run's id."""

    result_id: str


class NotifyCancelRequest(CancelWorkflowRequest):
    name: str


class WrappedWorkflowRequestRequest(BaseModel):
    """The management API wraps what it takes and gives."""

    workflow: dict[str, Any]
