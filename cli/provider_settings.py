"""Providers' settings at the keyboard: which there are, and reading their values without showing them."""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

from cli.columns import print_columns
from cli.errors import CommandError
from models.values.providers import (
    CHANNEL_SETTINGS,
    PROVIDER_OF_ID,
    PROVIDERS,
    Provider,
    SettingsField,
    fields_of,
)

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
STDIN = "-"


def print_providers() -> None:
    """Every provider with what it needs."""
    rows = [
        (one.id, one.name, "yes" if one.is_built else "no", ", ".join(_required(one)) or "-")
        for one in PROVIDERS
    ]
    print_columns(rows, headings=("id", "provider", "sends", "required settings"))
    typer.echo()
    typer.echo(
        "sends: whether this release delivers with it; the settings of the others are checked and kept."
    )


def print_provider(provider_id: str) -> None:
    """A provider's settings, and those of its channels; raises CommandError for an unknown id."""
    provider = provider_named(provider_id)
    typer.secho(f"{provider.name} ({provider.id})", bold=True)
    if not provider.is_built:
        typer.echo("This release does not send with it yet; its settings are checked and kept.")
    _print_fields("Provider settings (--set)", fields_of(provider.settings))
    _print_fields("Channel settings (--channel-set)", fields_of(CHANNEL_SETTINGS[provider.channel_type]))


def provider_named(provider_id: str) -> Provider:
    provider = PROVIDER_OF_ID.get(provider_id)
    if provider is None:
        raise CommandError(f'there is no provider "{provider_id}"; see `tocsin channels providers`')
    return provider


def read_assignments(given: list[str], settings: type[BaseModel]) -> dict[str, Any]:
    """`name=value` pairs as the settings' fields take them.

    A value `-` is read from stdin, `@file` from a file, and `${NAME}` stands for an environment variable.
    Raises CommandError.
    """
    kinds = {field.name: field.kind for field in fields_of(settings)}
    values: dict[str, Any] = {}
    for pair in given:
        name, sign, text = pair.partition("=")
        if not sign:
            raise CommandError(f'"{pair}" is no setting; write name=value')
        if name not in kinds:
            known = ", ".join(kinds) or "none"
            raise CommandError(f'there is no setting "{name}" here; known are {known}')
        values[name] = _typed(name, read_value(text), kinds[name])
    return values


def read_json_object(source: str) -> dict[str, Any]:
    """A JSON object from a file, or stdin for `-`; `${NAME}` is filled in inside its texts."""
    text = sys.stdin.read() if source == STDIN else _file(Path(source))
    where = "stdin" if source == STDIN else source
    try:
        value = json.loads(text)
    except ValueError as error:
        raise CommandError(f"{where} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise CommandError(f"{where} must hold a JSON object")
    filled: dict[str, Any] = _filled(value)
    return filled


def _required(provider: Provider) -> Iterator[str]:
    for field in fields_of(provider.settings):
        if field.is_required:
            yield field.name


def _print_fields(heading: str, fields: Iterator[SettingsField]) -> None:
    typer.echo()
    typer.echo(heading)
    rows = [
        (
            f"  {field.name}",
            field.need,
            field.kind.replace("`", "") + (", secret" if field.is_secret else ""),
            field.description.replace("`", ""),
        )
        for field in fields
    ]
    if rows:
        print_columns(rows)
    else:
        typer.echo("  none")


def read_value(text: str) -> str:
    """`-` is read from stdin, `@file` from a file, `${NAME}` is an environment variable; else the text."""
    if text == STDIN:
        return sys.stdin.read().rstrip("\n")
    if text.startswith("@"):
        return _file(Path(text[1:]))
    return _with_variables(text)


def _file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def _with_variables(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        value = os.environ.get(match[1])
        if value is None:
            raise CommandError(f"the environment variable {match[1]} is not set")
        return value

    return _REFERENCE.sub(replace, text)


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner) for inner in value]
    return _with_variables(value) if isinstance(value, str) else value


def _typed(name: str, text: str, kind: str) -> Any:
    """A number, a truth or JSON where the setting is one; everything else is text."""
    if kind not in ("true or false", "number", "JSON"):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandError(f'{name} must be {kind}, not "{text}"') from error
