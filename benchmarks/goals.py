"""What a kept report reached beside its goals, as the section "Seen" of docs/benchmarks.md tells it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.figures import reached
from benchmarks.reports import Report
from benchmarks.stages import STAGES

CPU_SHAPE, CPU_MS, CPU_RATIO = "one-in-app", 14, 1.55
"""The issue asks for 14 ms, and was written where the bare workflow of one local activity took 9."""
RATE_RATIO = 0.75
LATE_MS = {"p50": 150, "p99": 1000}
FOREGROUND_RATIO = 2
CEILINGS = {
    "empty": "no activity",
    "one_local_activity": "one local activity",
    "one_local_one_normal_activity": "one local and one normal activity",
}
LATENCIES = {
    "answer_ms": "the trigger is answered",
    "feed_row_ms": "the item is in the feed",
    "mail_received_ms": "the mail server has the mail",
}

BEGIN = "<!-- seen: written by make charts, not by hand; the test is tests/proof/test_charts.py -->"
END = "<!-- seen: end -->"


@dataclass(frozen=True)
class Row:
    """One figure beside what it is compared with; no verdict where there is no goal."""

    figure: str
    ours: str
    beside: str = "-"
    ratio: str = "-"
    goal: str = "-"
    verdict: str = "-"

    def __str__(self) -> str:
        return (
            f"| {self.figure} | {self.ours} | {self.beside} | {self.ratio} | {self.goal} | {self.verdict} |"
        )


def section(report: Report, pictures: Mapping[str, str]) -> str:
    """From mark to mark: who saw it, each figure with its goal, and the pictures (file and what it shows)."""
    head = "| Figure | Tocsin | Beside | Ratio, lowest to highest | Goal | |\n|---|---|---|---|---|---|"
    shown = [f"![{text}](pictures/{file})" for file, text in pictures.items()]
    rows = "\n".join([head, *map(str, rows_of(report))])
    rest = [*_ceiling(report.figures), _latency(report.figures["latency"])]
    return "\n\n".join(
        [BEGIN, _sighting(report), rows, *_stages(report.figures["sleepers"]), *rest, *shown, END]
    )


def within(page: str, written: str) -> str:
    """The page with the section between its marks replaced; a page that lacks them raises a ValueError."""
    if BEGIN not in page or END not in page:
        raise ValueError("the page has no marks for the section")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + written + after


def rows_of(report: Report) -> Iterator[Row]:
    yield _as_it_is(report.shapes[CPU_SHAPE])
    for key, shape in report.shapes.items():
        yield _cpu(key, shape)
    for key, shape in report.shapes.items():
        yield _rate(key, shape)
    yield from _sleepers(report.figures["sleepers"])


def _as_it_is(shape: Mapping[str, Any]) -> Row:
    cpu = shape["cpu_ms_per_run"]
    return Row(
        f"CPU of a run, `{CPU_SHAPE}`, whatever the machine",
        f"{_told(cpu, 1)} ms",
        goal=f"≤ {CPU_MS} ms",
        verdict=_in_all_rounds(cpu, lambda seen: seen <= CPU_MS),
    )


def _cpu(key: str, shape: Mapping[str, Any]) -> Row:
    ratio = shape["cpu_ratio_to_same_activities"]
    has_goal = key == CPU_SHAPE
    return Row(
        f"CPU of a run, `{key}`",
        f"{shape['cpu_ms_per_run']['median']:.1f} ms",
        f"bare: {shape['bare_cpu_ms_per_run']['median']:.1f} ms",
        _told(ratio),
        f"≤ {CPU_RATIO} ({CPU_MS} ms where the bare one takes 9)" if has_goal else "-",
        _in_all_rounds(ratio, lambda seen: seen <= CPU_RATIO) if has_goal else "-",
    )


def _rate(key: str, shape: Mapping[str, Any]) -> Row:
    ratio = shape["ratio_to_same_activities"]
    return Row(
        f"Rate, `{key}`",
        f"{shape['runs_per_s']['median']:.1f} runs/s",
        f"bare: {shape['bare_runs_per_s']['median']:.1f} runs/s",
        _told(ratio),
        f"≥ {RATE_RATIO}",
        _in_all_rounds(ratio, lambda seen: seen >= RATE_RATIO),
    )


def _sleepers(sleepers: Mapping[str, Any]) -> Iterator[Row]:
    for name, goal in LATE_MS.items():
        label, late = reached(sleepers["spread"]["late_ms"], name)
        figure = f"Lateness of a pause with {sleepers['open']:,} asleep, {label}{_doubt(sleepers['spread'])}"
        yield Row(figure, f"{late:,.0f} ms", goal=f"≤ {goal:,} ms", verdict=_once(late <= goal))
    herd = sleepers["herd"]
    yield Row(
        f"A herd of {herd['herd']:,} drained{_doubt(herd)}",
        f"{herd['drained_per_s']:.1f} runs/s",
        f"bare: {herd['bare_drained_per_s']:.1f} runs/s",
        f"{herd['ratio_to_ceiling']:.2f}",
        f"≥ {RATE_RATIO}",
        _once(herd["ratio_to_ceiling"] >= RATE_RATIO),
    )
    yield Row(
        "Another trigger beside the herd, p99",
        _p99(herd["foreground_beside_ms"]),
        f"alone: {_p99(herd['foreground_alone_ms'])}",
        f"{herd['foreground_p99_ratio']:.2f}",
        f"≤ {FOREGROUND_RATIO}",
        _once(herd["foreground_p99_ratio"] <= FOREGROUND_RATIO),
    )


def _stages(sleepers: Mapping[str, Any]) -> Iterator[str]:
    """Where the time of pauses goes, as a table; a report kept before there were stages has none."""
    herd = sleepers["herd"]
    if "stages_ms" not in herd:
        yield "Why pauses and the herd are as late as they are, this report does not tell."
        return
    crowds = {
        "a pause": sleepers["spread"]["stages_ms"],
        "the herd": herd["stages_ms"],
        "bare herd": herd["bare_stages_ms"],
        "a trigger alone": herd["foreground_alone_stages_ms"],
        "beside the herd": herd["foreground_beside_stages_ms"],
    }
    lines = [
        f"| Where the time goes: p50 and p99, in ms | {' | '.join(crowds)} |",
        "|---" * (1 + len(crowds)) + "|",
    ]
    for stage, text in STAGES.items():
        cells = [_p50_and_p99(seen[stage]) if stage in seen else "-" for seen in crowds.values()]
        lines.append(f"| {text} | {' | '.join(cells)} |")
    yield "\n".join(lines)


def _ceiling(figures: Mapping[str, Any]) -> Iterator[str]:
    """Bare workflows on the same instance while it is new, as a table."""
    if "ceiling" not in figures:
        return
    lines = [
        "| The ceiling: bare workflows, on an instance that is new | Runs/s | CPU of a run |",
        "|---|---|---|",
    ]
    for key, text in CEILINGS.items():
        seen = figures["ceiling"][key]
        lines.append(f"| {text} | {_told(seen['runs_per_s'], 1)} | {_told(seen['cpu_ms_per_run'], 1)} ms |")
    yield "\n".join(lines)


def _latency(latency: Mapping[str, Any]) -> str:
    """The times from when a trigger was due, by load, as a table."""
    capacity = f"{latency['capacity_runs_per_s']:.1f} runs a second"
    lines = [
        f"| A run of an item and a mail: p50, p95 and p99, in ms, at a share of {capacity} "
        f"| {' | '.join(LATENCIES.values())} |",
        "|---" * (1 + len(LATENCIES)) + "|",
    ]
    for share in (10, 50, 80):
        seen = latency[f"at_{share}_percent"]
        cells = [", ".join(_high(seen[name], one) for one in ("p50", "p95", "p99")) for name in LATENCIES]
        lines.append(f"| {share} %: {seen['triggers_per_s']:.1f} triggers a second | {' | '.join(cells)} |")
    return "\n".join(lines)


def _high(times: Mapping[str, float], name: str) -> str:
    label, milliseconds = reached(times, name)
    return f"{milliseconds:,.0f}" + ("" if label == name else f" ({label})")


def _p50_and_p99(times: Mapping[str, float]) -> str:
    label, high = reached(times, "p99")
    return f"{times['p50']:,.0f}, {high:,.0f}" + ("" if label == "p99" else f" ({label})")


def _in_all_rounds(ratio: Mapping[str, float], is_met: Callable[[float], bool]) -> str:
    """One round on the other side of the goal leaves it open, wherever the median is."""
    ends = {is_met(ratio["min"]), is_met(ratio["max"])}
    if len(ends) == 1:
        return _verdict(ends.pop())
    return f"**open**: the range crosses it, the median {'meets' if is_met(ratio['median']) else 'misses'} it"


def _once(is_met: bool) -> str:
    return f"{_verdict(is_met)}, seen once"


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "**missed**"


def _p99(times: Mapping[str, float]) -> str:
    label, milliseconds = reached(times, "p99")
    return f"{milliseconds:,.0f} ms" + ("" if label == "p99" else f" ({label})")


def _doubt(woken: Mapping[str, Any]) -> str:
    return "" if woken["asleep_in_time"] else " (not all slept when the first was due)"


def _told(spread: Mapping[str, float], digits: int = 2) -> str:
    return ", ".join(
        [f"{spread['median']:.{digits}f}", f"{spread['min']:.{digits}f} to {spread['max']:.{digits}f}"]
    )


def _sighting(report: Report) -> str:
    seen, machine = report.seen, report.seen["machine"]
    stolen = ", ".join(f"{percent:.0f} % during `{name}`" for name, percent in report.stolen.items())
    taken = ", ".join(f"`{name}` {seconds:.0f} s" for name, seconds in report.took.items())
    rows = {
        "Machine": f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['kernel']}, Python {machine['python']}",
        "Shared": f"of all cores' time others took (steal) {stolen}",
        "Date": seen["date"],
        "Commit": f"`{seen['commit']}`",
        "Repeat": f"`{seen['command']}`, then `make charts`",
        "Took": f"{report.seconds / 60:.0f} minutes: {taken}",
        "All figures": f"[{report.name}](../benchmarks/results/{report.name})",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {told} |" for name, told in rows.items())])
