"""Time that stands still: what effects hear, and when timers are meant to fire."""

from datetime import UTC, datetime, timedelta

import pytest

from simulation.clock import Due
from simulation.moments import Moments, Stop, moments_in, owner_of
from workflows_engine.effects.delivery import DeliverAsk
from workflows_engine.effects.steps import StepAsk

NINE = datetime(2035, 1, 1, 9, 0, tzinfo=UTC)
LATE = timedelta(seconds=2.7)
"""How far the server's clock ran on while the worker was busy."""


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def test_effects_hear_the_moment_however_long_the_work_takes() -> None:
    assert Moments(NINE).heard_by("run", NINE + LATE) == NINE


def test_an_effect_after_its_own_timer_hears_what_the_timer_was_set_for() -> None:
    moments = Moments(NINE)
    moments.announce("run", iter([at(1), at(60)]))
    assert moments.heard_by("run", NINE + LATE) == at(1)
    assert moments.heard_by("another", NINE + LATE) == NINE


def test_a_timer_that_was_started_late_means_the_moment_that_was_announced() -> None:
    moments = Moments(NINE)
    moments.announce("run", iter([at(60), at(600)]))
    assert moments.meant_by(Due(at(60) + LATE, "run")) == at(60)


def test_a_timer_that_nobody_announced_means_its_second() -> None:
    assert Moments(NINE).meant_by(Due(at(30.4), "run")) == at(30)
    assert Moments(at(31)).meant_by(Due(at(30.4), "run")) == at(31)


def test_timers_of_one_moment_are_one_stop() -> None:
    moments = Moments(NINE)
    for owner in ("a", "b"):
        moments.announce(owner, iter([at(60)]))
    dues = [Due(at(60.1), "a"), Due(at(60.9), "b"), Due(at(95), "c")]
    assert moments.next_stop(dues, at(100)) == Stop(at(60), through=at(60.9))


@pytest.mark.parametrize("dues", [[], [Due(at(61), "a")]])
def test_nothing_stops_the_clock_before_its_end(dues: list[Due]) -> None:
    assert Moments(NINE).next_stop(dues, at(60)) is None


def test_what_is_due_at_the_end_still_fires() -> None:
    assert Moments(NINE).next_stop([Due(at(60), "a")], at(60)) == Stop(at(60), through=at(60))


def test_every_time_in_an_answer_is_announced() -> None:
    ask = DeliverAsk(
        environment_id="018f0000-0000-7000-8000-000000000000", message_id="m", attempt=1, now=at(1)
    )
    assert list(moments_in(ask)) == [at(1)]
    assert list(moments_in(ask, but=("now",))) == []


def test_an_effect_is_about_its_run_or_its_message() -> None:
    zero = "018f0000-0000-7000-8000-000000000000"
    message = DeliverAsk(environment_id=zero, message_id="m", attempt=1, now=NINE)
    step = StepAsk(environment_id=zero, recipient_run_id=zero, step_ref="a", now=NINE)
    assert (owner_of(message), owner_of(step)) == ("m", zero)
