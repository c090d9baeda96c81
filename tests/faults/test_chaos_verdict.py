import math
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.faults.chaos.ledger import Heard
from tests.faults.chaos.mix import ANNOUNCED_WEIGHTS, CANCELLED_SECONDS, everybody, wanted
from tests.faults.chaos.neighbours import Waits, ended, moved, waits
from tests.faults.chaos.shown import Item, Run, Shown
from tests.faults.chaos.torment import PARTS, draw, met
from tests.faults.chaos.totals import Played, record, told
from tests.faults.chaos.verdict import Count, Verdict, judge

HEARD = {
    1: Heard(1, "mailed", ["ada"], runs=1, asked_at=0, run_id="r1"),
    2: Heard(2, "batched", ["bob"], runs=1, asked_at=0, run_id="r2"),
    3: Heard(3, "batched", ["bob"], runs=1, asked_at=0, run_id="r3"),
    4: Heard(4, "cancelled", ["ada"], runs=1, asked_at=0, run_id="r4", stopped_at=2),
}
SHOWN = Shown(
    runs=[Run(f"run-{n}", f"r{n}", HEARD[n].kind, "completed") for n in HEARD],
    items=[Item("m1", "ada", "mailed", 1, [1]), Item("m2", "bob", "batched", 2, [2, 3])],
    messages={"m1": "sent", "m2": "delivered"},
)


def wrong(heard: dict[int, Heard] = HEARD, shown: Shown = SHOWN, mails: tuple[int, ...] = (1,)) -> list[str]:
    """What a verdict finds wrong."""
    return [one.what for one in judge(heard, shown, list(mails)).counts if one.wrong]


def with_item(item: Item) -> Shown:
    return replace(SHOWN, items=[*SHOWN.items, item])


def test_what_adds_up_is_clean() -> None:
    verdict = judge(HEARD, SHOWN, [1])
    assert verdict.is_clean
    assert "stuck runs and messages: 0 of 6, below 3/6 = 50.000 % at 95 %" in verdict.told


def test_a_mail_sent_again_is_told_and_breaks_no_promise() -> None:
    verdict = judge(HEARD, SHOWN, [1, 1])
    assert verdict.is_clean
    assert "of them sent again: 1" in verdict.told


def test_a_trigger_nobody_heard_an_answer_to_may_have_been_accepted_or_not() -> None:
    unanswered = HEARD | {5: Heard(5, "mailed", ["eve"], runs=1, asked_at=0)}
    assert wrong(unanswered) == []
    assert wrong(unanswered, with_item(Item("m3", "eve", "mailed", 1, [5]))) == []


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        ("2xx without all of its runs", replace(SHOWN, runs=SHOWN.runs[1:])),
        ("lost (accepted, in no feed)", replace(SHOWN, items=SHOWN.items[1:])),
        ("stuck runs and messages", replace(SHOWN, runs=[*SHOWN.runs, Run("x", "r9", "mailed", "paused")])),
        ("stuck runs and messages", replace(SHOWN, messages={"m1": "queued"})),
        ("doubled feed items", with_item(Item("m3", "ada", "mailed", 1, [1]))),
        ("doubled feed items", with_item(Item("m3", "eve", "mailed", 1, [1]))),
        ("batches with a wrong total", with_item(Item("m3", "bob", "batched", 1, []))),
        ("shown though cancelled in time", with_item(Item("m3", "ada", "cancelled", 1, [4]))),
    ],
)
def test_each_broken_promise_is_found(what: str, shown: Shown) -> None:
    assert wrong(shown=shown) == [what]


def test_a_mail_that_never_came_is_found() -> None:
    assert wrong(mails=()) == ["lost mails"]


def test_a_cancel_after_the_pause_claims_nothing() -> None:
    late = HEARD | {4: replace(HEARD[4], stopped_at=CANCELLED_SECONDS + 1)}
    assert wrong(late, with_item(Item("m3", "ada", "cancelled", 1, [4]))) == []


def test_a_seed_chooses_the_same_triggers_and_blows_again() -> None:
    assert [wanted(7, n) for n in range(50)] == [wanted(7, n) for n in range(50)]
    assert [wanted(7, n) for n in range(50)] != [wanted(8, n) for n in range(50)]
    asked = [wanted(7, n, ANNOUNCED_WEIGHTS) for n in range(1000)]
    assert {who for one in asked for who in one.people} <= set(everybody())
    assert {(one.runs, len(one.people)) for one in asked if one.kind == "announced"} == {(301, 300)}


def test_blows_fall_on_each_part_alone_and_on_all_together() -> None:
    chance = Random(7)
    struck = {tuple(draw(chance).parts) for _ in range(200)}
    assert {(part,) for part in PARTS} | {tuple(PARTS)} <= struck


def test_a_blow_meets_what_had_begun_and_went_on() -> None:
    runs = [
        Run("1", "r1", "mailed", "completed", began=10, changed=12),
        Run("2", "r2", "delayed", "completed", began=11, changed=17),
        Run("3", "r3", "delayed", "completed", began=11, changed=17),
    ]
    assert met([9, 11, 15, 18], runs) == {"mailed": 1, "delayed": 2}


def test_the_slowest_of_a_hundred_is_above_p99_and_the_second_slowest_is_p99() -> None:
    assert Waits([float(n) for n in range(1, 101)]).p99 == 99


def test_others_who_wait_twice_as_long_have_heard_their_neighbour() -> None:
    alone = Waits([1.0] * 100)
    assert moved(alone, Waits([1.9] * 100)).wrong == []
    assert moved(alone, Waits([2.0] * 100)).wrong


def test_others_who_never_see_theirs_have_heard_their_neighbour() -> None:
    soon, never = Waits([1.0] * 100), Waits([1.0] * 50 + [math.inf] * 50)
    assert moved(soon, never).wrong
    assert moved(never, never).wrong
    assert moved(never, soon).wrong


def test_a_burst_that_outlasts_the_others_was_not_heard_to_its_end() -> None:
    assert ended(False, 30).wrong == []
    assert ended(True, 240).wrong == ["its work went on after 240 s, when others had ended"]


def test_only_single_triggers_of_the_time_are_measured_and_whose_item_never_came_waits_for_ever() -> None:
    heard = {
        1: Heard(1, "mailed", ["ada"], runs=1, asked_at=5),
        2: Heard(2, "mailed", ["ada"], runs=1, asked_at=5),
        3: Heard(3, "mailed", ["ada"], runs=1, asked_at=11),
        4: Heard(4, "fan_out", ["ada"], runs=5, asked_at=5),
    }
    assert waits(heard, {1: 6, 3: 12, 4: 9}, 4, 10) == Waits([1.0, math.inf])


def test_what_several_runs_saw_adds_up_and_a_broken_promise_stays_on_record(tmp_path: Path) -> None:
    played = Played("mix", seed=1, rate=12, seconds=900)
    file = tmp_path / "record.jsonl"
    for wrong_ones in ([], ["r7"]):
        counts = [Count("lost", 100), Count("stuck", 50, wrong_ones), Count("recovered within 60 s", 1)]
        record(played, Verdict(counts, []), file)

    said = told(file)
    assert "all 2 scenes" in said
    assert "lost: 0 of 200, below 3/200" in said
    assert "stuck: 1 of 100\n" in said
    assert "recovered" not in said
