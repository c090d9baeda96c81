"""Which variables a value names, in its templates and conditions, and which of them are not there."""

import re
from collections.abc import Iterator
from typing import Any

from models.values.variables import RESERVED
from publishing.checkup.ground import Ground
from rendering.environment import TemplateError
from rendering.references import variables_of

_IN_A_CONDITION = re.compile(r"(^|\.)conditions\..*\.(variable|argument)\b")


def missing_variables(value: Any, ground: Ground) -> Iterator[tuple[str, str, str]]:
    """Path, what is wrong, and the fix."""
    for path, key in sorted(set(_named(value, ""))):
        if key in RESERVED or key in ground.variables:
            continue
        if key in ground.valueless:
            told = f'the variable "{key}" has no value in {ground.slug}'
        else:
            told = f'there is no variable "{key}"'
        fix = f"tocsin variables set {key} VALUE, or {key} = … under [variables] in tocsin.toml"
        yield path, told, fix


def guarding_secrets(value: Any, ground: Ground) -> Iterator[tuple[str, str, str]]:
    """The same of conditions that name a secret variable: runs cannot judge them."""
    for path, key in sorted(set(_named(value, ""))):
        if key in ground.secrets and _IN_A_CONDITION.search(path):
            told = f'conditions cannot see the secret variable "{key}": what they decide is skipped'
            yield path, told, f"compare a public variable instead of {key}"


def _named(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Path and key of every `vars.<key>` in templates, and in conditions on either side."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _named(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _named(inner, f"{path}[{index}]")
    elif isinstance(value, str):
        yield from ((path, key) for key in _in_text(value, path))


def _in_text(text: str, path: str) -> Iterator[str]:
    if "{{" in text or "{%" in text:
        try:
            named = variables_of(text)
        except TemplateError:  # told by the check of the content itself
            return
        yield from (names[1] for names in named if len(names) > 1 and names[0] == "vars")
    elif text.startswith("vars.") and path.endswith((".variable", ".argument")):
        yield text.split(".")[1]
