"""One request and its answer, within a deadline and a size; failures are values."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final, Literal

import httpx
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from outbound.client import HttpClient
from outbound.safe_transport import BlockedAddress

_RESPONSE_BYTES: Final = 5_000_000
_DETAIL_CHARACTERS: Final = 300

_TRACER: Final = trace.get_tracer("tocsin")

Method = Literal["GET", "POST", "PUT", "DELETE", "PATCH"]
FailureKind = Literal["timeout", "connect", "invalid_url", "invalid_request", "blocked", "too_large"]


@dataclass(frozen=True)
class Request:
    """What is sent. `query` is added, encoded, to whatever query the URL has."""

    method: Method
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


@dataclass(frozen=True)
class Exchange:
    """What came back. Header names are in small letters; `url` is the one that was asked for, encoded."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    duration_ms: float


@dataclass(frozen=True)
class Failure:
    """Why nothing came back.

    `timeout`: not the complete answer in time. `connect`: no connection, or it broke, or its answer was no
    HTTP. `blocked`: an address that requests may not go to. `too_large`: an answer beyond the size allowed.
    `invalid_url`, `invalid_request`: it could not be sent at all. `detail` is bounded and tells no secrets
    beyond the host.
    """

    url: str
    kind: FailureKind
    detail: str
    duration_ms: float


async def perform(
    client: HttpClient,
    request: Request,
    *,
    deadline_seconds: float = 15,
    max_bytes: int = _RESPONSE_BYTES,
) -> Exchange | Failure:
    """Send `request` and read the complete answer, all within `deadline_seconds` (E-FETCH-4).

    Redirects are answers like any other. A trace is told the method and what came of it, not where it went;
    the receiver is told of no trace.
    """
    method = request.method
    with _TRACER.start_as_current_span(
        f"HTTP {method}", kind=SpanKind.CLIENT, attributes={"http.request.method": method}
    ) as span:
        result = await _perform(client, request, deadline_seconds, max_bytes)
        if isinstance(result, Exchange):
            span.set_attribute("http.response.status_code", result.status)
        else:
            span.set_attribute("error.type", result.kind)
            span.set_status(StatusCode.ERROR)
    return result


async def _perform(
    client: HttpClient, request: Request, deadline_seconds: float, max_bytes: int
) -> Exchange | Failure:
    started = time.monotonic()
    url = request.url
    try:
        prepared = _prepare(client, request)
        url = str(prepared.url)
        async with asyncio.timeout(deadline_seconds):
            response = await client.send(prepared, stream=True)
            try:
                body = await _read(response, max_bytes)
            finally:
                await response.aclose()
    except TimeoutError:
        return Failure(url, "timeout", f"no complete answer within {deadline_seconds:g} s", _since(started))
    except (httpx.HTTPError, httpx.InvalidURL, _TooLarge) as err:
        return Failure(url, _kind(err), _detail(err), _since(started))
    return Exchange(url, response.status_code, dict(response.headers), body, _since(started))


class _TooLarge(Exception):
    """The answer is larger than was allowed."""


def _prepare(client: HttpClient, request: Request) -> httpx.Request:
    url = httpx.URL(request.url)
    if url.scheme not in ("http", "https") or not url.host:
        raise httpx.InvalidURL("the URL must begin with http:// or https:// and name a host")
    if request.query:
        url = url.copy_merge_params(request.query)
    # Not compressed: a small body that unpacks to gigabytes would pass the size check chunk by chunk.
    headers = {"accept-encoding": "identity", **request.headers}
    try:
        return client.build_request(request.method, url, headers=headers, content=request.body)
    except (UnicodeEncodeError, ValueError) as err:
        raise httpx.LocalProtocolError(f"a header cannot be sent: {err}") from err


async def _read(response: httpx.Response, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    length = 0
    async for chunk in response.aiter_bytes():
        length += len(chunk)
        if length > max_bytes:
            raise _TooLarge(f"the answer is larger than {max_bytes} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _kind(err: Exception) -> FailureKind:
    kinds: tuple[tuple[type[Exception], FailureKind], ...] = (
        (BlockedAddress, "blocked"),
        (_TooLarge, "too_large"),
        (httpx.InvalidURL, "invalid_url"),
        (httpx.UnsupportedProtocol, "invalid_url"),
        (httpx.LocalProtocolError, "invalid_request"),
        (httpx.TimeoutException, "timeout"),
    )
    return next((kind for error, kind in kinds if isinstance(err, error)), "connect")


def _detail(err: Exception) -> str:
    return (str(err) or type(err).__name__)[:_DETAIL_CHARACTERS]


def _since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
