"""What is turned away unparsed: bodies too large or nested too deeply, and text that Postgres cannot hold."""

import json
import math
import re
from itertools import accumulate
from typing import Any, NoReturn

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError, BodyTooLarge, InvalidParams, Malformed

LARGEST_BODY = 12 * 1024 * 1024
"""Trigger data may have 10 MB; this leaves room for what is around it."""

DEEPEST_BODY = 100
"""Levels of objects and lists. What is deeper exhausts the stack of whoever walks it, the worker's too."""

_SUSPECT = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]|NaN|Infinity|[0-9][eE]\+?[0-9]{3}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*"')
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))
_LEVELS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1, ord('"'): 0}


class Guard:
    """Reads the body once, bounded, and hands it on whole."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if b"%00" in scope.get("raw_path", b"") or b"%00" in scope["query_string"]:
            raise InvalidParams.of("", "The address holds the character U+0000, which cannot be stored.")
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        body = await _read(scope, receive)
        if body is None:
            return
        _check(body)
        await self.app(scope, _replay(body, receive), send)


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body; None when the caller went away."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > LARGEST_BODY:
            raise _too_large()
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > LARGEST_BODY:
            raise _too_large()
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    is_handed_on = False

    async def receive_whole() -> Message:
        nonlocal is_handed_on
        if is_handed_on:
            return await receive()
        is_handed_on = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_whole


def _too_large() -> ApiError:
    megabytes = LARGEST_BODY // (1024 * 1024)
    # The server reads the rest and drops it. A closed connection would reset the one who is still sending,
    # and they would try again instead of reading this.
    return BodyTooLarge(f"The body is larger than {megabytes} MB, the most a request may carry.")


def _check(body: bytes) -> None:
    """A look at the bytes; only a suspicious body is parsed for it. Broken JSON is left to the route.

    But not another encoding, which Python would guess, past all that is looked for here.
    """
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise _not_utf_8() from error
    if b"\x00" in body:
        raise _not_utf_8()
    if _depth(body) > DEEPEST_BODY:
        raise InvalidParams.of("", f"The body is nested more than {DEEPEST_BODY} levels deep; flatten it.")
    if not _SUSPECT.search(body):
        return
    try:
        parsed = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return
    if (flaw := _flaw(parsed, "")) is not None:
        raise InvalidParams.of(*flaw)


def _not_utf_8() -> ApiError:
    return Malformed("The body is not valid JSON: it is not written in UTF-8.")


def _depth(body: bytes) -> int:
    """Levels of nesting; no more than the number of opening brackets, where these are few."""
    opening = body.count(b"[") + body.count(b"{")
    if opening <= DEEPEST_BODY:
        return opening
    skeleton = _ESCAPE.sub(b"", body) if b"\\" in body else body
    skeleton = _STRING.sub(b"", skeleton.translate(None, _NOT_STRUCTURE))
    return max(accumulate(_LEVELS[mark] for mark in skeleton), default=0)


def _refuse_constant(name: str) -> NoReturn:
    raise Malformed(f"The body is not valid JSON: {name} is not a JSON value.")


def _flaw(value: Any, path: str) -> tuple[str, str] | None:
    """The first place that cannot be stored, and why."""
    if isinstance(value, str):
        return _flaw_of_text(value, path)
    if isinstance(value, float) and math.isinf(value):
        return path, "is larger than any number that can be stored"
    if isinstance(value, list):
        inside = (_flaw(child, f"{path}[{index}]") for index, child in enumerate(value))
        return next(filter(None, inside), None)
    if isinstance(value, dict):
        for key, child in value.items():
            inner = f"{path}.{key}" if path else key
            if flaw := _flaw_of_text(key, path) or _flaw(child, inner):
                return flaw
    return None


def _flaw_of_text(text: str, path: str) -> tuple[str, str] | None:
    if "\x00" in text:
        return path, "holds the character U+0000, which cannot be stored"
    if _SURROGATE.search(text):
        return path, "holds half of a surrogate pair, which is not a character"
    return None
