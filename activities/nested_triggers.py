"""What a trigger workflow step asks for: its settings rendered, or taken from the run (E-TRIGGERWF-1)."""

import json
from typing import Any

from activities.conclusions import StepMistake
from activities.objects import Render
from activities.standing import Standing
from dispatch.triggers import Origin, TriggerRequest
from models.values.given import GivenMistake, GivenRecipient, GivenTenant
from models.values.plain_json import read_json
from workflows_engine.steps.trigger_workflow import TriggerWorkflowSettings

DEFAULTS = {
    "recipients": "{{recipient.id}}",
    "actor": "{{actor.id}}",
    "tenant": "{{tenant.id}}",
    "data": "{{data|json}}",
    "cancellation_key": "{{workflow.cancellation_key}}",
}
"""What Knock's editor fills in; untouched, they mean the run's own (E-TRIGGERWF-6)."""
MOST_RECIPIENTS = 1000
LONGEST_CANCELLATION_KEY = 256
MOST_DATA_BYTES = 10_000_000
"""As for any other trigger (E-TRIGGER-4)."""


def read_request(
    settings: TriggerWorkflowSettings, standing: Standing, text: Render, origin: Origin
) -> TriggerRequest:
    """Raises TemplateError, and StepMistake or GivenMistake for what no trigger may hold (E-TRIGGERWF-5)."""
    own = standing.actor_ref
    actor = None if own is None else GivenRecipient(ref=own)
    if not _is_default("actor", settings.actor):
        actor = _given(_value(text, settings.actor))
    workflow_key = text(settings.workflow_key).strip()
    if not workflow_key:
        raise StepMistake("workflow_key is empty")
    return TriggerRequest(
        workflow_key=workflow_key,
        recipients=_recipients(settings, standing, text),
        request_id=f"{standing.facts['id']}/{origin.trigger_id}",
        actor=actor,
        tenant=_tenant(settings, standing, text),
        data=_data(settings, standing, text),
        cancellation_key=_cancellation_key(settings, standing, text),
        # What is only tried out must not reach anybody through a workflow further down.
        settings={"sandbox_mode": True} if standing.setting("sandbox_mode") else None,
        origin=origin,
    )


def _is_default(name: str, written: str | None) -> bool:
    return written is None or "".join(written.split()) == DEFAULTS[name]


def _value(text: Render, written: str | None) -> Any:
    """JSON where the rendered text is an object, a list or a JSON text, else the text; None for nothing.

    Numbers stay texts: an id may consist of digits.
    """
    rendered = text(written or "").strip()
    if not rendered:
        return None
    try:
        value = read_json(rendered)
    except ValueError:
        return rendered
    return value if isinstance(value, dict | list | str) else rendered


def _recipients(settings: TriggerWorkflowSettings, standing: Standing, text: Render) -> list[GivenRecipient]:
    """One recipient or several (E-TRIGGERWF-6); without a setting, whom this run is for."""
    if _is_default("recipients", settings.recipients):
        return [GivenRecipient(ref=standing.ref)]
    value = _value(text, settings.recipients)
    listed = value if isinstance(value, list) else [] if value is None else [value]
    if not 1 <= len(listed) <= MOST_RECIPIENTS:
        raise StepMistake(f"recipients must be 1 to {MOST_RECIPIENTS}, these are {len(listed)}")
    return [GivenRecipient.read(one) for one in listed]


def _given(value: Any) -> GivenRecipient | None:
    """Nothing rendered is nobody (E-TRIGGERWF-7)."""
    return None if value is None or value == "" else GivenRecipient.read(value)


def _tenant(settings: TriggerWorkflowSettings, standing: Standing, text: Render) -> GivenTenant | None:
    value = standing.facts["tenant_id"]
    if not _is_default("tenant", settings.tenant):
        value = _value(text, settings.tenant)
    if isinstance(value, list):
        raise GivenMistake("tenant", "must be a tenant id, or an object with an id")
    return None if value is None or value == "" else GivenTenant.read(value)


def _data(settings: TriggerWorkflowSettings, standing: Standing, text: Render) -> dict[str, Any]:
    if _is_default("data", settings.data):
        return standing.data
    rendered = text(settings.data or "").strip()
    try:
        value = read_json(rendered) if rendered else {}
    except ValueError as error:
        raise StepMistake(f"data must render to a JSON object: {error}") from error
    if not isinstance(value, dict):
        raise StepMistake("data must render to a JSON object")
    if len(json.dumps(value, ensure_ascii=False).encode()) > MOST_DATA_BYTES:
        raise StepMistake(f"data are more than {MOST_DATA_BYTES} bytes")
    return value


def _cancellation_key(settings: TriggerWorkflowSettings, standing: Standing, text: Render) -> str | None:
    if _is_default("cancellation_key", settings.cancellation_key):
        own: str | None = standing.facts["cancellation_key"]
        return own
    key = text(settings.cancellation_key or "").strip()
    if len(key) > LONGEST_CANCELLATION_KEY:
        raise StepMistake(f"cancellation_key has more than {LONGEST_CANCELLATION_KEY} characters")
    return key or None
