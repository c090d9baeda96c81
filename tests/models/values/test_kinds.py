"""The vocabularies that rows and engine share."""

import pytest

from models.values.kinds import Outcome, RunStatus, TriggerSource


@pytest.mark.rule("E-RUN-1")
def test_a_run_is_in_one_of_five_states_of_which_two_are_final() -> None:
    assert [status.value for status in RunStatus if not status.is_final] == ["queued", "processing", "paused"]
    assert [status.value for status in RunStatus if status.is_final] == ["completed", "cancelled"]


@pytest.mark.rule("E-RUN-3")
@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.FINISHED, RunStatus.COMPLETED),
        (Outcome.ABSORBED, RunStatus.COMPLETED),
        (Outcome.HALTED, RunStatus.COMPLETED),
        (Outcome.FAILED, RunStatus.COMPLETED),
        (Outcome.RECIPIENT_MISSING, RunStatus.COMPLETED),
        (Outcome.CANCELLED, RunStatus.CANCELLED),
        (Outcome.WORKFLOW_INACTIVE, RunStatus.CANCELLED),
        (Outcome.RECIPIENT_DELETED, RunStatus.CANCELLED),
        (Outcome.TERMINATED, RunStatus.CANCELLED),
    ],
)
def test_the_state_follows_from_how_a_run_ended(outcome: Outcome, status: RunStatus) -> None:
    assert outcome.status is status


@pytest.mark.rule("E-TRIGGER-29")
def test_the_sources_of_triggers_are_knocks() -> None:
    named = ["api", "audience", "schedule", "broadcast", "workflow_step", "integration", "rehearsal"]
    assert [source.value for source in TriggerSource] == named
