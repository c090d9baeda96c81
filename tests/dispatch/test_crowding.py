"""Who rests for the sake of others, and when."""

from collections import namedtuple

import pytest

from dispatch.crowding import (
    BUSY,
    LONGEST_REST_SECONDS,
    LOOKED_SECONDS,
    NEAR_SECONDS,
    REST_TIMES,
    Crowd,
    Processors,
)

TOOK = 0.01
Spent = namedtuple("Spent", "user idle iowait")


def crowd(*asked: str, busy: float = 1.0) -> Crowd:
    seen = Crowd(busy=lambda: busy, clock=lambda: 0.0)
    for key in asked:
        seen.saw(key)
    return seen


def test_who_is_alone_never_rests() -> None:
    assert crowd("noisy", "noisy").rest("noisy", TOOK) == 0


@pytest.mark.parametrize(("busy", "rests"), [(BUSY, False), (BUSY + 0.1, True)])
def test_who_asks_for_most_beside_others_rests_where_the_machine_is_busy(busy: float, rests: bool) -> None:
    seen = crowd("noisy", "quiet", "noisy", busy=busy)
    assert seen.rest("noisy", TOOK) == (pytest.approx(REST_TIMES * TOOK) if rests else 0)


def test_who_asks_for_no_more_than_all_others_together_goes_on() -> None:
    seen = crowd("noisy", "noisy", "noisy", "quiet", "other")
    assert seen.rest("quiet", TOOK) == 0
    assert crowd("a", "b", "c", "a").rest("a", TOOK) == 0


def test_a_rest_is_bounded_however_long_the_work_took() -> None:
    assert crowd("noisy", "quiet", "noisy").rest("noisy", 60) == LONGEST_REST_SECONDS


def test_others_are_forgotten_soon_after_they_asked() -> None:
    now = 0.0
    seen = Crowd(busy=lambda: 1.0, clock=lambda: now)
    seen.saw("quiet")
    now += NEAR_SECONDS / 2
    seen.saw("noisy")
    seen.saw("noisy")
    assert seen.is_tight("noisy")
    now += NEAR_SECONDS / 2
    assert not seen.is_tight("noisy")


def test_processors_are_busy_by_the_share_of_their_time_between_two_looks() -> None:
    now, spent = 0.0, Spent(user=100.0, idle=100.0, iowait=0.0)
    processors = Processors(lambda: now, lambda: spent)
    assert processors() == 0
    spent = Spent(user=103.0, idle=100.5, iowait=0.5)
    assert processors() == 0
    now += 2 * LOOKED_SECONDS
    assert processors() == 0.75
