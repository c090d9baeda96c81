import re
from datetime import UTC, datetime, timedelta

from api.reconciler_page import page
from api.schemas.tocsin_reconciler import Healed, Report
from models.values.differences import Difference

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
REPORT = Report(
    environment="development",
    rounds=4321,
    at=NOON,
    counted_at=NOON,
    accepted_runs=12_000,
    finished_runs=11_000,
    open_runs=1_000,
    unexplained_runs=0,
    running_in_temporal=None,
    unanswered_triggers=2,
    starting_triggers=1,
    found_at=None,
    differences=[Healed(kind=kind, meaning=kind.sentence, total=0, last=0) for kind in Difference],
)


def text_of(report: Report, now: datetime = NOON) -> str:
    """What a person reads, tags taken out."""
    body = page(report, now).partition("<body>")[2]
    return re.sub(r"(?:<[^>]*>)+", " ", body)


def test_a_page_of_an_instance_without_trouble_says_so() -> None:
    told = text_of(REPORT)
    assert "Round 4,321 was made at 2026-11-21 12:00:00 UTC." in told
    assert "Every accepted run is finished, or open for a reason." in told
    assert "Accepted 12,000 Finished 11,000 Open: accepted and not finished 1,000" in told
    assert "Open as Temporal counts them, a moment late not told" in told
    assert "No round has found any." in told


def test_open_runs_without_a_reason_are_said_first() -> None:
    told = text_of(REPORT.model_copy(update={"unexplained_runs": 3}))
    assert "3 open runs wait for nothing to come" in told.partition("Runs")[0]
    assert "for a reason" not in told


def test_runs_that_were_never_counted_are_not_called_well() -> None:
    uncounted = REPORT.model_copy(update={"counted_at": None})
    assert '<p class="wrong">Runs are not counted yet.</p>' in page(uncounted, NOON)
    assert "for a reason" not in text_of(uncounted)


def test_an_instance_without_rounds_for_more_than_five_minutes_is_not_called_well() -> None:
    late = NOON + timedelta(minutes=7)
    told = '<p class="wrong">No round for 7 minutes: does a worker serve the task queue bulk?</p>'
    assert told in page(REPORT, late)
    assert "for a reason" not in text_of(REPORT, late)
    assert "for a reason" in text_of(REPORT, NOON + timedelta(minutes=5))


def test_what_was_healed_stands_above_what_never_happened() -> None:
    healed = [
        one.model_copy(update={"total": 1200, "last": 5}) if one.kind == Difference.LEFT_OUT else one
        for one in REPORT.differences
    ]
    told = text_of(REPORT.model_copy(update={"found_at": NOON, "differences": healed}))
    kinds = re.findall(r"\b(?:[a-z]+_)+[a-z]+\b", told)
    assert kinds == [Difference.LEFT_OUT, *(kind for kind in Difference if kind != Difference.LEFT_OUT)]
    assert "left_out 1,200 5 " in told


def test_what_an_environment_is_called_is_text() -> None:
    assert "<script>" not in page(REPORT.model_copy(update={"environment": "<script>"}), NOON)
