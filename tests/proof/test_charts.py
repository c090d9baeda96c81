"""The page's figures and pictures are those of the newest report, and a goal that is missed is said so."""

import json
from pathlib import Path

import pytest

from benchmarks.charts import ALL, PAGE, PICTURES, caption, draw, seen
from benchmarks.goals import rows_of, within
from benchmarks.reports import Report, keep, newest, read, sighting
from tests.proof.reports import MACHINE, report, spread

SMALL = Report("2031-02-03.json", report())


def test_the_section_of_the_page_is_that_of_the_newest_report() -> None:
    page = PAGE.read_text()
    written = seen(read(newest()))
    assert written in page, "make charts"
    assert within(page, written) == page


def test_the_pictures_of_the_page_are_those_of_the_newest_report() -> None:
    kept = read(newest())
    for name, picture in ALL.items():
        text = (PICTURES / name).read_text()
        assert caption(kept, picture.measure) in text, "make charts"
        assert picture.text in text


def test_a_report_is_drawn_into_the_folder_that_is_named(tmp_path: Path) -> None:
    drawn = draw(SMALL, tmp_path)
    assert [file.name for file in drawn] == list(ALL)
    for file in drawn:
        text = file.read_text()
        assert "2031-02-03, commit abc1234; A CPU, 2 cores" in text
        assert "@font-face" not in text
    assert "goal: 0.75" in (tmp_path / "ratio.svg").read_text()
    assert "goal: 1.55 of bare" in (tmp_path / "cpu.svg").read_text()
    assert "others took 41 % of them meanwhile" in (tmp_path / "latency.svg").read_text()


def test_the_same_report_is_drawn_with_the_same_bytes(tmp_path: Path) -> None:
    first = [file.read_bytes() for file in draw(SMALL, tmp_path / "first")]
    assert [file.read_bytes() for file in draw(SMALL, tmp_path / "second")] == first


def test_a_goal_is_met_or_missed_only_where_every_round_says_so() -> None:
    verdicts = {row.figure: row.verdict for row in rows_of(SMALL)}
    crossed = "**open**: the range crosses it, the median"
    assert verdicts == {
        "CPU of a run, `one-in-app`, whatever the machine": "**missed**",
        "CPU of a run, `one-in-app`": "**missed**",
        "CPU of a run, `in-app-and-mail`": "-",
        "CPU of a run, `delay-1s`": "-",
        "CPU of a run, `batch-of-20`": "-",
        "Rate, `one-in-app`": "**missed**",
        "Rate, `in-app-and-mail`": f"{crossed} meets it",
        "Rate, `delay-1s`": "met",
        "Rate, `batch-of-20`": f"{crossed} misses it",
        "Lateness of a pause with 5,000 asleep, p50": "met, seen once",
        "Lateness of a pause with 5,000 asleep, highest of 80": "**missed**, seen once",
        "A herd of 1,000 drained": "met, seen once",
        "Another trigger beside the herd, p99": "**missed**, seen once",
    }
    missed = (
        "| Rate, `one-in-app` | 60.0 runs/s | bare: 100.0 runs/s | 0.60, 0.54 to 0.72 | ≥ 0.75 | **missed** |"
    )
    assert missed in seen(SMALL).splitlines()


def test_the_highest_of_few_is_not_called_a_percentile(tmp_path: Path) -> None:
    beside = next(row for row in rows_of(SMALL) if row.figure.startswith("Another trigger"))
    assert (beside.ours, beside.beside) == ("990 ms (highest of 80)", "alone: 300 ms")
    draw(SMALL, tmp_path)
    assert "highest of 80" in (tmp_path / "sleepers.svg").read_text()
    assert "highest, too few seen for p99" in (tmp_path / "latency.svg").read_text()


def test_the_section_tells_where_the_time_goes_where_the_report_does() -> None:
    crowds = "a pause | the herd | bare herd | a trigger alone | beside the herd"
    head = f"| Where the time goes: p50 and p99, in ms | {crowds} |"
    accepted = "| due, until its workflow is started | - | - | - | 10, 100 | 7, 77 (highest of 80) |"
    assert {head, accepted} <= set(seen(SMALL).splitlines())
    kept = report()
    del kept["sleepers"]["herd"]["stages_ms"]
    assert "this report does not tell" in seen(Report("2031-02-03.json", kept))


def test_the_section_tells_the_ceiling_and_the_times_by_load() -> None:
    ceiling = {"cpu_ms_per_run": spread(10.0), "runs_per_s": spread(50.0)}
    keys = ("empty", "one_local_activity", "one_local_one_normal_activity")
    told = report() | {"ceiling": dict.fromkeys(keys, ceiling) | {"machine": MACHINE, "took_s": 30.0}}
    lines = seen(Report("2031-02-03.json", told)).splitlines()
    assert "| one local activity | 50.0, 45.0 to 60.0 | 10.0, 9.0 to 12.0 ms |" in lines
    times = " | ".join(["20, 60, 220 (highest of 80)"] * 3)
    assert f"| 50 %: 4.0 triggers a second | {times} |" in lines


def test_the_section_says_who_saw_it_and_how_to_see_it_again() -> None:
    lines = seen(SMALL).splitlines()
    assert "| Machine | A CPU, 2 cores, 7.5 GiB, Linux 6, Python 3.11.7 |" in lines
    stolen = "3 % during `runs`, 41 % during `latency`, 3 % during `sleepers`"
    assert f"| Shared | of all cores' time others took (steal) {stolen} |" in lines
    assert "| Repeat | `make bench ARGS=--keep`, then `make charts` |" in lines
    assert "| Commit | `abc1234` |" in lines
    assert "| Took | 2 minutes: `runs` 60 s, `latency` 40 s, `sleepers` 20 s |" in lines


def test_only_what_is_between_the_marks_is_written() -> None:
    page = f"# Before\n\n{seen(SMALL)}\n\nAfter\n"
    again = Report("2031-02-04.json", report())
    assert within(page, seen(again)) == page.replace("2031-02-03.json", "2031-02-04.json")


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no marks"):
        within("# Nothing here\n", seen(SMALL))


def test_what_is_kept_says_when_of_what_and_how(tmp_path: Path) -> None:
    told = sighting(["latency", "--keep"])
    name = keep({"seen": told, "latency": {}}, tmp_path)
    kept = json.loads((tmp_path / name).read_text())["seen"]
    assert kept["runs_at_once"] >= 2
    assert name == f"{kept['date']}.json"
    assert kept["command"] == "make bench ARGS='latency --keep'"
    assert kept["commit"]
    assert kept["machine"]["cores"] > 0
    assert kept["machine"]["memory_gib"] > 0
    assert all(kept["machine"][name] for name in ("cpu", "kernel", "python"))


def test_the_newest_report_is_the_last_that_is_whole(tmp_path: Path) -> None:
    keep(report(), tmp_path)
    of_one_measure = {"seen": report()["seen"] | {"date": "2031-02-09"}, "footprint": {}}
    keep(of_one_measure, tmp_path)
    assert newest(tmp_path).name == "2031-02-03.json"
    with pytest.raises(SystemExit, match=r"2031-02-09.json has no runs, latency, sleepers"):
        read(tmp_path / "2031-02-09.json")


def test_a_second_report_of_a_day_leaves_the_first_alone(tmp_path: Path) -> None:
    assert [keep(report(), tmp_path) for _ in range(10)][::9] == ["2031-02-03.json", "2031-02-03-10.json"]
    assert newest(tmp_path).name == "2031-02-03-10.json"
    keep({"seen": report()["seen"], "footprint": {}}, tmp_path)
    assert newest(tmp_path).name == "2031-02-03-10.json"


def test_a_folder_without_a_whole_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no report is kept"):
        newest(tmp_path)
