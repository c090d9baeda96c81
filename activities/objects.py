"""Templates that render to JSON objects: the data and properties that steps are written with."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from activities.conclusions import StepMistake
from activities.scopes import content_of
from activities.standing import Standing
from models.values.plain_json import read_json
from rendering.environment import render
from workflows_engine.scope import RunScope

Render = Callable[[str], str]


def rendering(standing: Standing, scope: RunScope, now: datetime, *, is_strict: bool = False) -> Render:
    """Renders a step's templates in its run's scope; raises TemplateError."""
    visible, content = scope.for_templates(), content_of(standing)
    return lambda source: render(source, visible, now=now, content=content, is_strict=is_strict)


def render_object(source: str, text: Render, what: str, *, decodes: bool = False) -> dict[str, Any]:
    """The JSON object that `source` stands for; raises TemplateError and StepMistake.

    A source that is a JSON object as it is written has its keys and texts rendered one by one, so that no
    value can break the JSON around it; any other is rendered whole. `decodes`: a text with Liquid in it whose
    rendering is JSON becomes that value (E-UPDATE-15).
    """
    written = _read(source)
    if isinstance(written, dict):
        value = _rendered(written, text, decodes)
    else:
        value = _parsed(text(source).strip(), what)
    if not isinstance(value, dict):
        raise StepMistake(f"{what} must render to a JSON object, not to {_kind(value)}")
    return value


def _rendered(value: Any, text: Render, decodes: bool) -> Any:
    if isinstance(value, dict):
        return {text(key): _rendered(inner, text, decodes) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rendered(inner, text, decodes) for inner in value]
    if not isinstance(value, str) or "{" not in value:
        return value
    rendered = text(value)
    if not decodes:
        return rendered
    try:
        return read_json(rendered)
    except ValueError:
        return rendered


def _read(source: str) -> Any:
    try:
        return read_json(source)
    except ValueError:
        return None


def _parsed(rendered: str, what: str) -> Any:
    try:
        return read_json(rendered)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise StepMistake(f"{what} must render to a JSON object: {error.msg} at {where}") from error
    except ValueError as error:
        raise StepMistake(f"{what} must render to a JSON object: {error}") from error


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
