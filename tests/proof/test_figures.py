"""A percentile is told only where it is another than the highest that was seen."""

import pytest

from benchmarks.figures import percentiles, reached


@pytest.mark.parametrize(
    ("count", "told"),
    [(100, ("p99", 99.0)), (99, ("highest of 99", 99.0)), (101, ("p99", 100.0))],
)
def test_p99_takes_a_hundred_values(count: int, told: tuple[str, float]) -> None:
    assert reached(percentiles(range(1, count + 1)), "p99") == told


def test_p95_takes_twenty_values() -> None:
    assert reached(percentiles(range(1, 21)), "p95") == ("p95", 19.0)
    assert reached(percentiles(range(1, 20)), "p95") == ("highest of 19", 19.0)


def test_the_median_and_the_highest_are_always_told_with_how_many_were_seen() -> None:
    assert percentiles([4.0]) == {"seen": 1.0, "p50": 4.0, "max": 4.0}


def test_reports_that_were_kept_with_a_p99_of_few_are_read_as_their_highest() -> None:
    kept = {"seen": 9.0, "p50": 1.0, "p95": 7.0, "p99": 7.0, "max": 7.0}
    assert reached(kept, "p95") == ("highest of 9", 7.0)
