"""What a kept report reached beside its goals, as the section "Seen" of docs/benchmarks.md tells it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.reports import Report

CPU_SHAPE, CPU_RATIO = "one-in-app", 1.55
"""14 ms for one in-app step on a machine where the bare workflow of one local activity takes 9."""
RATE_RATIO = 0.75
LATE_MS = {"p50": 150, "p99": 1000}
FOREGROUND_RATIO = 2

BEGIN = "<!-- seen: written by make charts, not by hand; the test is tests/proof/test_charts.py -->"
END = "<!-- seen: end -->"


@dataclass(frozen=True)
class Row:
    """One figure beside what it is compared with; `is_met` is None where there is no goal."""

    figure: str
    ours: str
    beside: str = "-"
    ratio: str = "-"
    goal: str = "-"
    is_met: bool | None = None

    def __str__(self) -> str:
        verdict = {True: "met", False: "**missed**", None: "-"}[self.is_met]
        return f"| {self.figure} | {self.ours} | {self.beside} | {self.ratio} | {self.goal} | {verdict} |"


def section(report: Report, pictures: Mapping[str, str]) -> str:
    """From mark to mark: who saw it, each figure with its goal, and the pictures (file and what it shows)."""
    head = "| Figure | Tocsin | Beside | Ratio, lowest to highest | Goal | |\n|---|---|---|---|---|---|"
    shown = [f"![{text}](pictures/{file})" for file, text in pictures.items()]
    rows = "\n".join([head, *map(str, rows_of(report))])
    return "\n\n".join([BEGIN, _sighting(report), rows, *shown, END])


def within(page: str, written: str) -> str:
    """The page with the section between its marks replaced; a page that lacks them raises a ValueError."""
    if BEGIN not in page or END not in page:
        raise ValueError("the page has no marks for the section")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + written + after


def rows_of(report: Report) -> Iterator[Row]:
    for key, shape in report.shapes.items():
        yield _cpu(key, shape)
    for key, shape in report.shapes.items():
        yield _rate(key, shape)
    yield from _sleepers(report.figures["sleepers"])


def _cpu(key: str, shape: Mapping[str, Any]) -> Row:
    ratio = shape["cpu_ratio_to_same_activities"]
    has_goal = key == CPU_SHAPE
    return Row(
        f"CPU of a run, `{key}`",
        f"{shape['cpu_ms_per_run']['median']:.1f} ms",
        f"bare: {shape['bare_cpu_ms_per_run']['median']:.1f} ms",
        _told(ratio),
        f"≤ {CPU_RATIO} (14 ms where the bare one takes 9)" if has_goal else "-",
        ratio["median"] <= CPU_RATIO if has_goal else None,
    )


def _rate(key: str, shape: Mapping[str, Any]) -> Row:
    ratio = shape["ratio_to_same_activities"]
    return Row(
        f"Rate, `{key}`",
        f"{shape['runs_per_s']['median']:.1f} runs/s",
        f"bare: {shape['bare_runs_per_s']['median']:.1f} runs/s",
        _told(ratio),
        f"≥ {RATE_RATIO}",
        ratio["median"] >= RATE_RATIO,
    )


def _sleepers(sleepers: Mapping[str, Any]) -> Iterator[Row]:
    for share, goal in LATE_MS.items():
        late = sleepers["spread"]["late_ms"][share]
        figure = f"Lateness of a pause with {sleepers['open']:,} asleep, {share}{_doubt(sleepers['spread'])}"
        yield Row(figure, f"{late:,.0f} ms", goal=f"≤ {goal:,} ms", is_met=late <= goal)
    herd = sleepers["herd"]
    yield Row(
        f"A herd of {herd['herd']:,} drained{_doubt(herd)}",
        f"{herd['drained_per_s']:.1f} runs/s",
        f"bare: {herd['bare_drained_per_s']:.1f} runs/s",
        f"{herd['ratio_to_ceiling']:.2f}, seen once",
        f"≥ {RATE_RATIO}",
        herd["ratio_to_ceiling"] >= RATE_RATIO,
    )
    yield Row(
        "Another trigger beside the herd, p99",
        f"{herd['foreground_beside_ms']['p99']:,.0f} ms",
        f"alone: {herd['foreground_alone_ms']['p99']:,.0f} ms",
        f"{herd['foreground_p99_ratio']:.2f}, seen once",
        f"≤ {FOREGROUND_RATIO}",
        herd["foreground_p99_ratio"] <= FOREGROUND_RATIO,
    )


def _doubt(woken: Mapping[str, Any]) -> str:
    return "" if woken["asleep_in_time"] else " (not all slept when the first was due)"


def _told(spread: Mapping[str, float]) -> str:
    return f"{spread['median']:.2f}, {spread['min']:.2f} to {spread['max']:.2f}"


def _sighting(report: Report) -> str:
    seen, machine = report.seen, report.seen["machine"]
    stolen = ", ".join(f"{percent:.0f} % during `{name}`" for name, percent in report.stolen.items())
    rows = {
        "Machine": f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['kernel']}, Python {machine['python']}",
        "Shared": f"of all cores' time others took (steal) {stolen}",
        "Date": seen["date"],
        "Commit": f"`{seen['commit']}`",
        "Repeat": f"`{seen['command']}`, then `make charts`",
        "All figures": f"[{report.name}](../benchmarks/results/{report.name})",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {told} |" for name, told in rows.items())])
