"""Reading a translation's content, JSON or PO, into nested texts (E-TEMPLATE-27)."""

import json
from collections.abc import Mapping
from io import StringIO
from typing import Any, Final

from babel.messages.pofile import PoFileError, read_po

_DEPTH_ALLOWED: Final = 50


class TranslationFileError(Exception):
    """The content is not what its format says."""


def texts_of(format: str, content: str) -> dict[str, Any]:
    """The texts of a file in `json` or `po`, nested as they are; raises `TranslationFileError`.

    A PO message's id is its key; its plural forms become `one` and `other`, and a message without a
    translation is left out.
    """
    return _read_po(content) if format == "po" else _read_json(content)


def _read_json(content: str) -> dict[str, Any]:
    try:
        entries = json.loads(content) if content.strip() else {}
    except (ValueError, RecursionError) as err:
        raise TranslationFileError(f"the translation is not JSON: {err}") from err
    if not isinstance(entries, dict):
        raise TranslationFileError("the translation is not a JSON object")
    _check_depth(entries)
    return entries


def _check_depth(entries: Mapping[str, Any], depth: int = 1) -> None:
    if depth > _DEPTH_ALLOWED:
        raise TranslationFileError(f"the translation nests more than {_DEPTH_ALLOWED} objects in one another")
    for value in entries.values():
        if isinstance(value, Mapping):
            _check_depth(value, depth + 1)


def _read_po(content: str) -> dict[str, Any]:
    try:
        catalog = read_po(StringIO(content), abort_invalid=True)
    except (PoFileError, ValueError) as err:
        raise TranslationFileError(f"the translation is not in the PO format: {err}") from err
    entries: dict[str, Any] = {}
    for message in catalog:
        if not message.id:
            continue
        forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
        key = message.id if isinstance(message.id, str) else message.id[0]
        if not any(forms):
            continue
        if isinstance(message.id, str):
            entries[key] = forms[0]
        else:
            one, other = [*forms, ""][:2]
            entries[key] = {"one": one, "other": other or one}
    return entries
