"""Secrets at rest."""

from typing import Any

import pytest

from models.sealing import SealBroken, Sealer

SEALER = Sealer("the master secret")


@pytest.mark.parametrize("value", [{"password": "hunter2", "port": 25}, "ümläut", None, [1, True]])
def test_what_was_sealed_can_be_opened(value: Any) -> None:
    assert Sealer("the master secret").open(SEALER.seal(value, "smtp"), "smtp") == value


def test_sealing_hides_the_value_and_never_looks_the_same_twice() -> None:
    one, other = SEALER.seal("hunter2", "smtp"), SEALER.seal("hunter2", "smtp")
    assert b"hunter2" not in one
    assert one != other


def test_another_secret_does_not_open_it() -> None:
    with pytest.raises(SealBroken, match="smtp was sealed under another"):
        Sealer("another secret").open(SEALER.seal("x", "smtp"), "smtp")


def test_a_sealed_value_does_not_open_in_another_place() -> None:
    with pytest.raises(SealBroken):
        SEALER.open(SEALER.seal("x", "channel a"), "channel b")


@pytest.mark.parametrize("position", [0, 12, -1])
def test_an_altered_value_does_not_open(position: int) -> None:
    sealed = bytearray(SEALER.seal("x", "smtp"))
    sealed[position] ^= 1
    with pytest.raises(SealBroken):
        SEALER.open(bytes(sealed), "smtp")
