"""What of a request and its answer may stand in a log: no secrets, nothing long."""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

from pydantic import JsonValue

_REDACTED: Final = "[REDACTED]"
_TRUNCATED: Final = "[TRUNCATED]"
_TRUNCATED_KEY: Final = "__knock_truncated__"
_STRING_BYTES: Final = 1024
_ITEMS: Final = 100
_DEPTH: Final = 10
_SECRET_HEADER = re.compile(r"auth|cookie|api-?key|token|secret|password|passwd|credential", re.IGNORECASE)


class Redaction:
    """Removes the given secret values, and shortens what is left.

    Strings over 1024 bytes are cut and end in `[TRUNCATED]`; of objects and lists the first 100 entries stay,
    an object then saying `__knock_truncated__: true` (E-DEBUG-4).
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {spelling for secret in secrets if secret for spelling in _spellings(secret)}
        # The longest first, so that a secret which begins with another leaves no rest.
        ordered = sorted(spellings, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def text(self, text: str) -> str:
        """`text` without secrets, cut at 1024 bytes."""
        clean = self._secrets.sub(_REDACTED, text) if self._secrets else text
        encoded = clean.encode(errors="replace")
        if len(encoded) <= _STRING_BYTES:
            return clean
        return encoded[:_STRING_BYTES].decode(errors="ignore") + _TRUNCATED

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers, those that carry credentials without their value."""
        return {
            name: _REDACTED if _SECRET_HEADER.search(name) else self.text(value)
            for name, value in headers.items()
        }

    def body(self, body: bytes | str) -> str | dict[str, JsonValue]:
        """The body for a log: an object if it is a JSON object, else text."""
        text = body.decode(errors="replace") if isinstance(body, bytes) else body
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            return self.text(text)
        return self._object(parsed, _DEPTH) if isinstance(parsed, dict) else self.text(text)

    def _object(self, value: dict[str, JsonValue], depth: int) -> dict[str, JsonValue]:
        kept: dict[str, JsonValue] = {
            self.text(key): self._value(value[key], depth) for key in list(value)[:_ITEMS]
        }
        return {**kept, _TRUNCATED_KEY: True} if len(value) > _ITEMS else kept

    def _value(self, value: JsonValue, depth: int) -> JsonValue:
        if isinstance(value, str):
            return self.text(value)
        if not isinstance(value, dict | list):
            return value
        if depth == 0:
            return _TRUNCATED
        if isinstance(value, dict):
            return self._object(value, depth - 1)
        kept = [self._value(item, depth - 1) for item in value[:_ITEMS]]
        return [*kept, _TRUNCATED] if len(value) > _ITEMS else kept


def _spellings(secret: str) -> tuple[str, ...]:
    """How a secret may be written: as it is, in a URL, in JSON, in base64."""
    encoded = base64.b64encode(secret.encode()).decode()
    return secret, quote(secret, safe=""), json.dumps(secret)[1:-1], encoded
