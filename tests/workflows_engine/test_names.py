"""Names on the wire."""

from uuid import UUID

import pytest

from models.values.refs import RecipientRef
from workflows_engine import names

TRIGGER = UUID("01920000-0000-7000-8000-000000000001")
ADA = RecipientRef(id="ada")


def test_a_recipients_run_of_a_trigger_always_has_the_same_id() -> None:
    # E-TRIGGER-21
    assert names.recipient_run_id(TRIGGER, ADA) == UUID("7dc76320-fc47-578a-9b22-a2d144d06a16")
    others = [
        names.recipient_run_id(TRIGGER, RecipientRef(id="bob")),
        names.recipient_run_id(TRIGGER, RecipientRef(collection="teams", id="ada")),
        names.recipient_run_id(UUID(int=TRIGGER.int + 1), ADA),
    ]
    assert len({names.recipient_run_id(TRIGGER, ADA), *others}) == 4


def test_a_run_taken_up_again_has_another_workflow() -> None:
    first, second, third = (
        names.recipient_run_workflow("development", "new-comment", ADA, TRIGGER, incarnation)
        for incarnation in range(3)
    )
    assert first == f"development/new-comment/ada/{TRIGGER}"
    assert (second, third) == (f"{first}/2", f"{first}/3")


@pytest.mark.parametrize("name", ["", "a" * 255, "ä" * 127])
def test_a_name_that_fits_stays_as_it_is(name: str) -> None:
    assert names.bounded(name) == name


@pytest.mark.parametrize("mark", ["a", "ä", "€", "😀"])
def test_a_long_name_is_cut_to_255_bytes_and_stays_its_own(mark: str) -> None:
    one, other = names.bounded(mark * 300 + "1"), names.bounded(mark * 300 + "2")
    assert one != other
    assert one == names.bounded(mark * 300 + "1")
    assert 250 <= len(one.encode()) <= 255
    assert one.startswith(mark * 10)


def test_every_workflow_id_is_bounded() -> None:
    long, recipient = "k" * 255, RecipientRef(collection="c" * 256, id="ü" * 256)
    made = [
        names.recipient_run_workflow("development", long, recipient, TRIGGER, 1),
        names.workflow_run_workflow("development", long, TRIGGER),
        names.cancel_workflow("development", long, 7),
        names.delivery_workflow("2" * 27),
    ]
    assert [name for name in made if len(name.encode()) > names.LONGEST_NAME] == []
    assert len(set(made)) == len(made)
