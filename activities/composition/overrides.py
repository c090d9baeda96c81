"""JSON that authors write as Liquid: payload overrides and bodies."""

from typing import Any

from activities.composition.composed import Occasion
from models.values.plain_json import read_json
from rendering.environment import TemplateError


def overrides(source: str | None, occasion: Occasion) -> dict[str, Any] | None:
    """What is laid over a provider's payload, or None; raises TemplateError for what is no object."""
    rendered = occasion.render(source).strip() if source else ""
    return json_object(rendered, "payload_overrides") if rendered else None


def json_object(rendered: str, what: str) -> dict[str, Any]:
    """The object that a text holds; raises TemplateError."""
    try:
        found = read_json(rendered)
    except ValueError as error:
        raise TemplateError(f"{what} does not render to JSON: {error}") from error
    if not isinstance(found, dict):
        raise TemplateError(f"{what} does not render to a JSON object")
    return found
