"""Provider settings that are Liquid, such as `{{ vars.sendgrid_key }}`, filled in before each send."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from models.values.providers import is_liquid
from rendering.environment import render


def needs_filling(settings: Mapping[str, Any]) -> bool:
    return any(isinstance(value, str) and is_liquid(value) for value in settings.values())


def filled(settings: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with every Liquid text rendered; it sees `vars` and nothing of a run.

    Raises TemplateError for a text that is no Liquid.
    """
    scope = {"vars": variables}
    return {
        name: render(value, scope) if isinstance(value, str) and is_liquid(value) else value
        for name, value in settings.items()
    }


def told(error: ValidationError) -> str:
    """What is wrong with which setting; never a value."""
    mistakes = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in mistakes)
