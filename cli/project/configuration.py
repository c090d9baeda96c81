"""Reading `tocsin.toml`: what Knock's dashboard sets and its CLI's layout has no place for (D22)."""

import os
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any

from cli.project.files import Files
from cli.project.mistakes import Mistake

NAME = "tocsin.toml"
SECTIONS = (
    *("account", "branding", "preferences", "environments", "variables"),
    *("channels", "channel_groups", "webhooks"),
)
_TABLES_OF_TABLES = ("environments", "channels", "channel_groups", "webhooks")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass
class Configuration:
    """What the file says, section by section, with `${ENV}` filled in; a section left out is empty."""

    file: Path
    account: dict[str, Any] = field(default_factory=dict)
    branding: dict[str, Any] = field(default_factory=dict)
    preferences: dict[str, Any] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    """By key: the value, or a table with it as `value`, and perhaps `secret` and `description`."""
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    channel_groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, section) for section in SECTIONS)


def read_configuration(project: Path, given: dict[str, str], mistakes: list[Mistake]) -> Configuration:
    """`given` stands beside the environment's variables for `${…}`; a missing file configures nothing."""
    file = project / NAME
    configuration = Configuration(file)
    text = Files(project, mistakes).text(file) if file.exists() else None
    if text is None:
        return configuration
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        mistakes.append(Mistake(file, "", f"is not TOML: {error}"))
        return configuration
    for section in raw:
        if section not in SECTIONS:
            mistakes.append(Mistake(file, section, f"is unknown; expected one of {', '.join(SECTIONS)}"))
    filled = _fill(raw, "", {**os.environ, **given}, file, mistakes)
    for section in SECTIONS:
        setattr(configuration, section, _table(filled, section, file, mistakes))
    _check_secrecy(configuration.variables, "variables", file, mistakes)
    for slug, held in configuration.environments.items():
        _check_secrecy(held.get("variables"), f"environments.{slug}.variables", file, mistakes)
    return configuration


def is_described(variable: Any) -> bool:
    """Whether a variable is written as a table about it, and not as its value."""
    return isinstance(variable, dict) and ("value" in variable or "secret" in variable)


def _check_secrecy(variables: Any, path: str, file: Path, mistakes: list[Mistake]) -> None:
    """A text such as "true" must not leave a secret public."""
    for key, variable in variables.items() if isinstance(variables, dict) else ():
        if is_described(variable) and not isinstance(variable.get("secret", False), bool):
            why = "must be true or false, without quotes"
            mistakes.append(Mistake(file, f"{path}.{key}.secret", why))


def _table(filled: dict[str, Any], name: str, file: Path, mistakes: list[Mistake]) -> dict[str, Any]:
    table = filled.get(name, {})
    if not isinstance(table, dict):
        mistakes.append(Mistake(file, name, f"must be a table: [{name}]"))
        return {}
    if name not in _TABLES_OF_TABLES:
        return table
    for key, inner in table.items():
        if not isinstance(inner, dict):
            mistakes.append(Mistake(file, f"{name}.{key}", f"must be a table: [{name}.{key}]"))
    return {key: inner for key, inner in table.items() if isinstance(inner, dict)}


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
