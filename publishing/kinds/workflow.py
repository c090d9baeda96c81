"""Workflows: steps with their templates, compiled into a plan (D29)."""

from typing import Any

from pydantic import ValidationError

from models.values.content import ContentType
from publishing.kinds.impossible import impossible
from publishing.kinds.kind import Checked, Kind, Reference
from publishing.kinds.templates import check_templates
from publishing.mistakes import Mistake, NotPublishable, mistakes_of
from workflows_engine.definition import WorkflowDefinition
from workflows_engine.steps import UNION_TAGS

SOFT = ("audience", "goal", "guide", "source", "workflow")
"""What may come later, or from elsewhere: `tocsin doctor` tells where it is missing."""


def check(key: str, content: dict[str, Any]) -> Checked:
    """Raises NotPublishable with everything that is wrong in it."""
    try:
        definition = WorkflowDefinition.model_validate(content)
    except ValidationError as error:
        raise NotPublishable(mistakes_of(error, UNION_TAGS)) from error
    mistakes, partials = check_templates(definition.templates())
    mistakes += [*_contradictions(definition), *impossible(definition, content)]
    if mistakes:
        raise NotPublishable(mistakes)
    mjml = {f"{path}.template.settings.layout_key" for path, step in definition.walk() if _is_mjml(step)}
    needs = [
        Reference(
            one.kind,
            one.key,
            one.path,
            "mjml" if one.path in mjml else one.channel_type,
            is_soft=one.kind in SOFT,
        )
        for one in definition.references()
        if not (one.kind == "workflow" and one.key == key)
    ]
    return Checked([*needs, *partials], {"plan": definition.plan().model_dump(mode="json")})


def _contradictions(definition: WorkflowDefinition) -> list[Mistake]:
    """Whoever opted out of commercial messages is not written to, whatever the workflow says (E-PREF-8)."""
    settings = definition.settings
    if not (settings.is_commercial and settings.override_preferences):
        return []
    words = "a commercial workflow cannot override preferences: people may always opt out of it"
    return [Mistake("settings.override_preferences", words)]


def _is_mjml(step: Any) -> bool:
    return bool(getattr(getattr(step, "template", None), "is_mjml", False))


WORKFLOW = Kind(
    type=ContentType.WORKFLOW,
    readonly=(
        *("environment", "key", "active", "valid", "sha", "created_at", "updated_at"),
        *("created_by", "updated_by", "deleted_at"),
    ),
    check=check,
    shown={
        "categories": [],
        "tags": [],
        "conditions": None,
        "settings": {"is_commercial": False, "override_preferences": False},
        "trigger_frequency": "every_trigger",
    },
    never_null=("deleted_at", "description", "goal_attachment", "trigger_data_json_schema"),
)
