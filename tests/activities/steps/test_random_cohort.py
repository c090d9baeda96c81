import hashlib
from decimal import Decimal

import pytest

from activities.steps.random_cohort import draw

HALVES = [Decimal(50), Decimal(50)]


def falls(seed: str) -> int:
    """Where in a thousand the first 64 bits of its hash put a seed."""
    return int(hashlib.sha256(seed.encode()).hexdigest()[:16], 16) % 1000


@pytest.mark.rule("E-EXPERIMENT-3")
@pytest.mark.parametrize("key", ["ada", "bob", "", "é", "a:b"])
@pytest.mark.parametrize("shares", [["50", "50"], ["0", "100"], ["33.3", "33.3", "33.4"], ["99.9", "0.1"]])
def test_a_key_falls_by_its_hash_among_the_cumulated_shares(key: str, shares: list[str]) -> None:
    seed, decimals = f"welcome:cohort_1:{key}", [Decimal(share) for share in shares]

    index = draw(seed, decimals)

    begins, ends = sum(decimals[:index]), sum(decimals[: index + 1])
    assert begins * 10 <= falls(seed) < ends * 10


@pytest.mark.rule("E-EXPERIMENT-2", "E-EXPERIMENT-3")
def test_shares_are_kept_over_many_keys_and_two_steps_divide_independently() -> None:
    people = range(4000)
    first = [draw(f"w:a:u{number}", HALVES) for number in people]
    second = [draw(f"w:b:u{number}", HALVES) for number in people]

    assert sum(first) / len(first) == pytest.approx(0.5, abs=0.03)
    both = sum(a == b for a, b in zip(first, second, strict=True))
    assert both / len(first) == pytest.approx(0.5, abs=0.03)
    assert [draw(f"w:a:u{number}", HALVES) for number in people] == first
