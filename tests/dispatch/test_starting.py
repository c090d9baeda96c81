"""Whose turn a run is."""

from uuid import UUID

from dispatch.starting import share_of

PLACE, ONE, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)


def test_triggers_of_a_tenant_share_its_turn() -> None:
    assert share_of(PLACE, ONE, "acme") == share_of(PLACE, OTHER, "acme")
    assert share_of(PLACE, ONE, "acme") != share_of(PLACE, ONE, "globex")
    assert share_of(PLACE, ONE, "acme") != share_of(UUID(int=9), ONE, "acme")


def test_without_a_tenant_each_trigger_has_a_turn_of_its_own() -> None:
    assert share_of(PLACE, ONE, None) == share_of(PLACE, ONE, None)
    assert share_of(PLACE, ONE, None) != share_of(PLACE, OTHER, None)


def test_a_tenant_s_large_fan_outs_do_not_take_the_turns_of_its_other_runs() -> None:
    large = share_of(PLACE, ONE, "acme", is_bulk=True)
    assert large != share_of(PLACE, ONE, "acme")
    assert large == share_of(PLACE, OTHER, "acme", is_bulk=True)
    assert share_of(PLACE, ONE, None, is_bulk=True) == share_of(PLACE, ONE, None)


def test_a_tenant_that_is_named_like_a_trigger_has_another_turn() -> None:
    assert share_of(PLACE, ONE, str(ONE)) != share_of(PLACE, ONE, None)


def test_the_key_fits_into_what_temporal_keeps() -> None:
    key = share_of(PLACE, ONE, "t" * 500).fairness_key
    assert key is not None
    assert len(key.encode()) <= 64
