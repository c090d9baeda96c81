"""The transport for addresses that users give: it never connects to one it has not checked."""

import asyncio
import ssl
from collections.abc import Iterable
from functools import cache

import httpcore
import httpx
from httpcore._backends.auto import AutoBackend

from outbound.addresses import AddressPolicy
from outbound.resolving import RESOLVER


class BlockedAddress(httpx.RequestError):
    """The host has an address that requests may not go to; no connection was tried."""


class SafeTransport(httpx.AsyncHTTPTransport):
    """Resolves a host, checks all its addresses, and connects to the very address it checked.

    So a name that answers differently the second time gains nothing, and a blocked port looks the same
    whether it is open or closed.
    """

    def __init__(self, policy: AddressPolicy, *, http2: bool = False, limits: httpx.Limits) -> None:
        context = _trusting(http2)
        super().__init__(verify=context, http2=http2, limits=limits, trust_env=False)
        # httpx has no door for a network backend; httpcore, which it wraps, has (httpx 0.28).
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            http2=http2,
            network_backend=_CheckedBackend(policy),
        )


@cache
def _trusting(http2: bool) -> ssl.SSLContext:
    """The certificate authorities, which take 50 ms to read; httpcore sets in it what `http2` asks for."""
    return httpx.create_ssl_context(trust_env=False)


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._network = AutoBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await _resolve(host, port, timeout)
        for address in addresses:
            if not self._policy.permits(address):
                raise BlockedAddress(f"{host} has the address {address}, which requests may not go to")
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as err:
                failure = err
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise BlockedAddress("requests may not go to a unix socket")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


async def _resolve(host: str, port: int, timeout: float | None) -> list[str]:
    """All addresses of `host`."""
    try:
        async with asyncio.timeout(timeout):
            return await RESOLVER.addresses(host, port)
    except TimeoutError as err:
        raise httpcore.ConnectTimeout(f"{host} could not be resolved in time") from err
    except (OSError, UnicodeError) as err:
        raise httpcore.ConnectError(f"{host} could not be resolved: {err}") from err
