"""Names of hosts, looked up where one that nobody answers for holds up no other."""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

THREADS = 16
"""Lookups at a time in a process. The event loop has two threads for all names, Postgres' among them, and
goes on with a lookup that nobody waits for any more: one dead name, asked for again and again, fills both."""


@dataclass
class _Lookup:
    future: Future[list[str]]
    waiting: int = 0


class Resolver:
    """Asks the system's resolver, to which `0x7f.1` is an address; for each host and port once at a time."""

    def __init__(self, look_up: Callable[[str, int], list[str]] | None = None) -> None:
        """`look_up` is the system's, and may take as long as it likes."""
        self._look_up = look_up or _look_up
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="resolver")
        self._going: dict[tuple[str, int], _Lookup] = {}

    async def addresses(self, host: str, port: int) -> list[str]:
        """All addresses, each once, in the order to try them in.

        Raises OSError or UnicodeError where there are none. Takes as long as the system's resolver does, some
        10 to 30 s for a name that nobody answers for: whoever calls limits it.
        """
        with suppress(OSError, UnicodeError):
            # An address in numbers is asked of nobody.
            return _look_up(host, port, flags=socket.AI_NUMERICHOST)
        lookup = self._lookup(host, port)
        lookup.waiting += 1
        try:
            return await asyncio.shield(asyncio.wrap_future(lookup.future))
        finally:
            lookup.waiting -= 1
            if not lookup.waiting:
                # Only one that has not begun: a thread cannot be called back.
                lookup.future.cancel()

    def _lookup(self, host: str, port: int) -> _Lookup:
        self._going = {key: one for key, one in self._going.items() if not one.future.done()}
        key = (host, port)
        if key not in self._going:
            self._going[key] = _Lookup(self._threads.submit(self._look_up, host, port))
        return self._going[key]


def _look_up(host: str, port: int, *, flags: int = 0) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


RESOLVER = Resolver()
"""The process' own: its threads are."""


async def connect(host: str, port: int) -> socket.socket:
    """A connection to the first address that takes one; whoever calls limits its time.

    Raises the OSError of the last address, or UnicodeError for what is no name.
    """
    loop = asyncio.get_running_loop()
    failure = OSError(f"{host} has no address")
    for address in await RESOLVER.addresses(host, port):
        ((family, kind, protocol, _, target), *_) = socket.getaddrinfo(
            address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
        connection = socket.socket(family, kind, protocol)
        connection.setblocking(False)
        try:
            await loop.sock_connect(connection, target)
        except BaseException as error:
            connection.close()
            if not isinstance(error, OSError):
                raise
            failure = error
        else:
            return connection
    raise failure
