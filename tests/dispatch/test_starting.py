"""Whose turn a run is."""

from uuid import UUID

import pytest

from dispatch.starting import StartableRun, owner_of, share_of
from models.values.refs import RecipientRef
from workflows_engine import names

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


@pytest.mark.parametrize(
    ("is_bulk", "is_crowd", "queue"),
    [(False, False, names.RUNS), (True, False, names.BULK), (False, True, names.BULK)],
)
def test_runs_of_large_fan_outs_and_of_crowds_have_a_queue_beside_single_ones(
    is_bulk: bool, is_crowd: bool, queue: str
) -> None:
    run = StartableRun(
        PLACE, "dev", "greet", ONE, OTHER, RecipientRef(id="ada"), is_bulk=is_bulk, is_crowd=is_crowd
    )
    assert run.task_queue == queue


def test_a_tenant_s_runs_are_one_owner_s_and_its_large_fan_outs_another_s() -> None:
    assert owner_of(PLACE, "acme") == owner_of(PLACE, "acme")
    whose = [owner_of(PLACE, "acme"), owner_of(PLACE, None), owner_of(ONE, "acme")]
    whose.append(owner_of(PLACE, "acme", is_bulk=True))
    assert len(set(whose)) == 4
