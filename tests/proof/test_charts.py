"""The page's figures and pictures are those of the newest report, and a goal that is missed is said so."""

import json
from pathlib import Path

import pytest

from benchmarks.charts import ALL, PAGE, PICTURES, caption, draw, seen
from benchmarks.goals import rows_of, within
from benchmarks.reports import Report, keep, newest, read, sighting
from tests.proof.reports import report

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


def test_a_goal_that_is_missed_is_said_to_be() -> None:
    verdicts = {row.figure: row.is_met for row in rows_of(SMALL)}
    assert verdicts == {
        "CPU of a run, `one-in-app`": False,
        "CPU of a run, `in-app-and-mail`": None,
        "Rate, `one-in-app`": False,
        "Rate, `in-app-and-mail`": True,
        "Lateness of a pause with 5,000 asleep, p50": True,
        "Lateness of a pause with 5,000 asleep, p99": False,
        "A herd of 1,000 drained": True,
        "Another trigger beside the herd, p99": False,
    }
    missed = (
        "| Rate, `one-in-app` | 60.0 runs/s | bare: 100.0 runs/s | 0.60, 0.54 to 0.72 | ≥ 0.75 | **missed** |"
    )
    assert missed in seen(SMALL).splitlines()


def test_the_section_says_who_saw_it_and_how_to_see_it_again() -> None:
    lines = seen(SMALL).splitlines()
    assert "| Machine | A CPU, 2 cores, 7.5 GiB, Linux 6, Python 3.11.7 |" in lines
    stolen = "3 % during `runs`, 41 % during `latency`, 3 % during `sleepers`"
    assert f"| Shared | of all cores' time others took (steal) {stolen} |" in lines
    assert "| Repeat | `make bench ARGS=--keep`, then `make charts` |" in lines
    assert "| Commit | `abc1234` |" in lines


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
