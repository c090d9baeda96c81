"""The one HTTP client of a process."""

import logging
from collections.abc import Iterable
from typing import Final

import httpx

from outbound.addresses import AddressPolicy
from outbound.safe_transport import SafeTransport

_LIMITS: Final = httpx.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=30)
# Patience for one read or write; how long a whole exchange may take, `outbound.exchange` says.
_TIMEOUT: Final = httpx.Timeout(60, connect=10, pool=10)
_LOGS_OF_REQUESTS: Final = ("httpx", "httpcore")

HttpClient = httpx.AsyncClient
"""What other floors call the client, so that they need not know httpx."""


def build_client(allowed_networks: Iterable[str] = (), *, http2: bool = False) -> HttpClient:
    """The client that all requests go through; close it with `aclose`.

    It reaches public addresses, and those in `allowed_networks` (CIDR notation) besides. It follows no
    redirects and reads no proxies or credentials from the environment. From then on the process logs no
    requests: URLs and headers carry secrets.
    """
    for chatty in _LOGS_OF_REQUESTS:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        transport=SafeTransport(AddressPolicy(allowed_networks), http2=http2, limits=_LIMITS),
        timeout=_TIMEOUT,
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": "Tocsin"},
    )


def build_silent_client() -> HttpClient:
    """A client that reaches nobody: every request is answered 204, as by someone who has nothing to say."""
    return httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(204)))
