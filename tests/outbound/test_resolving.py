"""Names that nobody answers for hold up no others."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from outbound.resolving import THREADS, Resolver, connect


class Names:
    """Answers for what begins with `live`; of others it hears nothing until the test is over."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.over = threading.Event()

    def look_up(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if not host.startswith("live"):
            self.over.wait()
        return [f"{host}:{port}"]


@pytest.fixture
def names() -> Iterator[Names]:
    names = Names()
    yield names
    names.over.set()


async def given_up(resolver: Resolver, host: str) -> None:
    """Wait for less than nobody would."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await resolver.addresses(host, 80)


async def test_a_dead_name_holds_one_thread_however_often_it_is_asked_for(names: Names) -> None:
    resolver = Resolver(names.look_up)
    for _ in range(THREADS + 1):
        await given_up(resolver, "dead")

    assert await resolver.addresses("live", 25) == ["live:25"]
    assert names.asked == ["dead", "live"]


async def test_who_waits_is_answered_though_another_has_given_up(names: Names) -> None:
    resolver = Resolver(names.look_up)
    waiting = asyncio.create_task(resolver.addresses("late", 80))
    await given_up(resolver, "late")
    names.over.set()

    assert await waiting == ["late:80"]
    assert names.asked == ["late"]


async def test_a_name_that_nobody_waits_for_any_more_is_not_looked_up(names: Names) -> None:
    resolver = Resolver(names.look_up)
    for number in range(3 * THREADS):
        await given_up(resolver, f"dead{number}")
    names.over.set()

    assert await resolver.addresses("live", 80) == ["live:80"]
    assert names.asked == [*(f"dead{number}" for number in range(THREADS)), "live"]


async def test_an_address_in_numbers_is_asked_of_nobody(names: Names) -> None:
    resolver = Resolver(names.look_up)
    assert await resolver.addresses("0x7f.1", 80) == ["127.0.0.1"]
    assert await resolver.addresses("::1", 80) == ["::1"]
    assert names.asked == []


async def test_an_answer_is_asked_for_anew_by_whoever_comes_after_it(names: Names) -> None:
    resolver = Resolver(names.look_up)
    for _ in range(2):
        await resolver.addresses("live", 80)
    assert names.asked == ["live", "live"]


async def test_the_first_address_that_takes_a_connection_gets_it() -> None:
    # `localhost` is `::1` first on most machines, where nobody listens here.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connection = await connect("localhost", listening.getsockname()[1])
        with connection:
            assert connection.getpeername() == listening.getsockname()


async def test_where_no_address_takes_a_connection_the_reason_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        await connect("127.0.0.1", port)
