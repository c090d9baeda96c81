"""Reading `tocsin.toml`: what Knock's dashboard sets and its CLI's layout has no place for (D22)."""

import os
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any

from cli.project.mistakes import Mistake

NAME = "tocsin.toml"
SECTIONS = ("channels", "variables")
LATER = ("account", "preferences", "branding", "channel_groups")
"""Sections of the design that this release refuses by name."""
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass
class Configuration:
    """Channels and variables by key, with `${ENV}` filled in."""

    file: Path
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)


def read_configuration(project: Path, given: dict[str, str], mistakes: list[Mistake]) -> Configuration:
    """`given` stands beside the environment's variables for `${…}`; a missing file configures nothing."""
    file = project / NAME
    configuration = Configuration(file)
    if not file.is_file():
        return configuration
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        mistakes.append(Mistake(file, "", f"is not TOML: {error}"))
        return configuration
    for section in raw:
        if section in LATER:
            mistakes.append(
                Mistake(file, section, "is not supported by this release yet; remove the section")
            )
        elif section not in SECTIONS:
            mistakes.append(Mistake(file, section, f"is unknown; expected one of {', '.join(SECTIONS)}"))
    filled = _fill(raw, "", {**os.environ, **given}, file, mistakes)
    configuration.channels = _table(filled, "channels", file, mistakes)
    configuration.variables = _table(filled, "variables", file, mistakes)
    for key, channel in configuration.channels.items():
        if not isinstance(channel, dict):
            mistakes.append(Mistake(file, f"channels.{key}", f"must be a table: [channels.{key}]"))
    return configuration


def _table(filled: dict[str, Any], name: str, file: Path, mistakes: list[Mistake]) -> dict[str, Any]:
    table = filled.get(name, {})
    if isinstance(table, dict):
        return table
    mistakes.append(Mistake(file, name, f"must be a table: [{name}]"))
    return {}


def _fill(value: Any, path: str, known: dict[str, str], file: Path, mistakes: list[Mistake]) -> Any:
    if isinstance(value, dict):
        return {
            key: _fill(inner, f"{path}.{key}" if path else key, known, file, mistakes)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_fill(item, f"{path}[{i}]", known, file, mistakes) for i, item in enumerate(value)]
    if isinstance(value, (date, time)):
        mistakes.append(Mistake(file, path, "is a date or time, which JSON does not have; put it in quotes"))
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if name not in known:
            mistakes.append(Mistake(file, path, f"the environment variable {name} is not set"))
        return known.get(name, "")

    return _REFERENCE.sub(replace, value)
