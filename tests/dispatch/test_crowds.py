"""Who is a crowd, and until when."""

import pytest

from dispatch.crowds import NEAR_SECONDS, STAYS_SECONDS, Crowds

MOST = 4


class Hands:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def crowds(clock: Hands) -> Crowds:
    return Crowds(MOST, clock)


def test_who_asks_for_more_than_the_most_is_a_crowd_and_nobody_else_is(crowds: Crowds) -> None:
    assert [crowds.asks("much") for _ in range(MOST + 1)] == [False] * MOST + [True]
    assert crowds.has("much")
    assert not crowds.asks("little")
    assert not crowds.has("little")


def test_one_call_for_many_is_a_crowd_at_once(crowds: Crowds) -> None:
    assert crowds.asks("newsletter", MOST + 1)


def test_who_asks_as_often_as_it_may_is_never_a_crowd(crowds: Crowds, clock: Hands) -> None:
    for _ in range(20 * MOST):
        assert not crowds.asks("steady")
        clock.now += NEAR_SECONDS / MOST


def test_a_crowd_is_one_until_it_has_asked_for_less_for_long_enough(crowds: Crowds, clock: Hands) -> None:
    crowds.asks("much", MOST + 1)
    clock.now += STAYS_SECONDS - 1
    assert crowds.asks("much")
    clock.now += 2
    assert not crowds.has("much")
    assert not crowds.asks("much")


def test_a_crowd_whose_calls_still_wait_stays_one(crowds: Crowds, clock: Hands) -> None:
    crowds.asks("much", MOST + 1)
    for _ in range(3):
        clock.now += STAYS_SECONDS - 1
        crowds.goes_on("much")
    assert crowds.has("much")
    crowds.goes_on("little")
    assert not crowds.has("little")


def test_what_is_over_is_forgotten(crowds: Crowds, clock: Hands) -> None:
    for number in range(100):
        crowds.asks(number, MOST + 1)
    clock.now += STAYS_SECONDS + NEAR_SECONDS
    crowds.has("anybody")
    assert (len(crowds._asked), len(crowds._runs), len(crowds._ends)) == (0, 0, 0)
