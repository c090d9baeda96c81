"""What of a request and its answer may stand in a log: no secrets, nothing long."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote, unquote

from pydantic import JsonValue

from models.values.loggable import MOST_ITEMS, REDACTED, TRUNCATED, TRUNCATED_KEY, cut

_DEPTH: Final = 10
_LEAF_CHARACTERS: Final = 4
"""Shorter ones inside a JSON secret, or in base64, would be found everywhere."""
_DECODED_CHARACTERS: Final = 16 * 1024
_LOOKED_AT_CHARACTERS: Final = 64 * 1024
"""Far more than is kept; to look through megabytes takes a second, in which the process does nothing else."""
_SECRET_HEADER = re.compile(r"auth|cookie|api-?key|token|secret|password|passwd|credential", re.IGNORECASE)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/_-]|%2[BbFf]){6,}(?:=|%3[Dd]){0,2}")
_CUT_BASE64 = re.compile(f"{_BASE64.pattern}$")
_CREDENTIALS = re.compile(r"^([^/?#]*//)[^/?#]*@")


class Redaction:
    """Removes the given secrets, and shortens what is left.

    A secret is any JSON value: a text or number, or all texts and numbers of 4 characters and more inside an
    object or list. They are found in any case, encoded as in URLs and JSON, and within base64.

    Strings over 1024 bytes are cut and end in `[TRUNCATED]`; of objects and lists the first 100 entries stay,
    an object then saying `__knock_truncated__: true` (E-DEBUG-4).
    """

    def __init__(self, secrets: Iterable[JsonValue] = ()) -> None:
        texts = {text for secret in secrets for text in _texts(secret) if text}
        self._secrets = _pattern(texts)
        self._longest = max(map(len, map(_spelled, texts)), default=0)
        self._encoded = _pattern({text for text in texts if len(text) >= _LEAF_CHARACTERS})

    def text(self, text: str) -> str:
        """`text` without secrets, cut at 1024 bytes."""
        clean = self._clean(text, self._secrets) if self._secrets else text
        if len(clean) > _DECODED_CHARACTERS:
            # Far more than is kept; what was cut in two cannot be decoded.
            clean = _CUT_BASE64.sub(TRUNCATED, clean[:_DECODED_CHARACTERS])
        if self._encoded:
            clean = _BASE64.sub(self._token, clean)
        return cut(clean)

    def _clean(self, text: str, secrets: re.Pattern[str]) -> str:
        """Of a long text the beginning, without its end, where a secret may have been cut in two."""
        most = _LOOKED_AT_CHARACTERS + self._longest
        if len(text) <= most:
            return secrets.sub(REDACTED, text)
        clean = secrets.sub(REDACTED, text[:most])
        return _CUT_BASE64.sub("", clean[: len(clean) - self._longest]) + TRUNCATED

    def url(self, url: str) -> str:
        """As a text; the name and password before a host are always credentials."""
        return self.text(_CREDENTIALS.sub(rf"\1{REDACTED}@", url))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers, those that carry credentials without their value."""
        return {
            self.text(name): REDACTED if _SECRET_HEADER.search(name) else self.text(value)
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
            self.text(key): self._value(value[key], depth) for key in list(value)[:MOST_ITEMS]
        }
        return {**kept, TRUNCATED_KEY: True} if len(value) > MOST_ITEMS else kept

    def _value(self, value: JsonValue, depth: int) -> JsonValue:
        if isinstance(value, str):
            return self.text(value)
        if not isinstance(value, dict | list):
            return REDACTED if self._is_secret(value) else value
        if depth == 0:
            return TRUNCATED
        if isinstance(value, dict):
            return self._object(value, depth - 1)
        kept = [self._value(item, depth - 1) for item in value[:MOST_ITEMS]]
        return [*kept, TRUNCATED] if len(value) > MOST_ITEMS else kept

    def _is_secret(self, value: bool | float | None) -> bool:
        return _is_number(value) and self._secrets is not None and bool(self._secrets.search(repr(value)))

    def _token(self, match: re.Match[str]) -> str:
        token = unquote(match[0]).rstrip("=").translate(str.maketrans("-_", "+/"))
        decoded = (_decoded(token[start:]) for start in range(4))
        found = self._encoded is not None and any(map(self._encoded.search, decoded))
        return REDACTED if found else match[0]


def _texts(secret: JsonValue) -> Iterator[str]:
    if isinstance(secret, str):
        yield secret
    elif isinstance(secret, dict | list):
        inner = secret.values() if isinstance(secret, dict) else secret
        yield from (text for one in inner for text in _texts(one) if len(text) >= _LEAF_CHARACTERS)
    elif _is_number(secret):
        yield repr(secret)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _pattern(texts: Iterable[str]) -> re.Pattern[str] | None:
    """The longest first, so that a secret which begins with another leaves no rest."""
    ordered = sorted(texts, key=len, reverse=True)
    return re.compile("|".join(map(_spelled, ordered)), re.IGNORECASE) if ordered else None


def _spelled(text: str) -> str:
    """A pattern for a text of which any character may be written as in a URL or in JSON."""
    plain = (c if c.isalnum() and c.isascii() else _any_of(c) for c in text)
    return "".join(plain)


def _any_of(character: str) -> str:
    """Clients differ in what they encode, and a path in this from a query."""
    written = {
        character,
        quote(character.encode(errors="replace"), safe=""),
        "".join(f"%{byte:02X}" for byte in character.encode(errors="replace")),
        json.dumps(character)[1:-1],
        json.dumps(character, ensure_ascii=False)[1:-1],
        *(("+",) if character == " " else ()),
        *(("\\/",) if character == "/" else ()),
    }
    return f"(?:{'|'.join(map(re.escape, sorted(written)))})"


def _decoded(token: str) -> str:
    """Text may begin within a token at any of four places; what stands before comes out as noise."""
    whole = token[: len(token) - 1] if len(token) % 4 == 1 else token
    return base64.b64decode(whole + "=" * (-len(whole) % 4)).decode(errors="replace")
