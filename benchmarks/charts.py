"""`make charts`: draws a kept report into `docs/pictures/` and writes its section of docs/benchmarks.md."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter
from matplotlib.typing import RcKeyType

from benchmarks.figures import reached
from benchmarks.goals import CPU_RATIO, CPU_SHAPE, FOREGROUND_RATIO, LATE_MS, RATE_RATIO, section, within
from benchmarks.reports import ROOT, Report, newest, read

PAGE = ROOT / "docs" / "benchmarks.md"
PICTURES = ROOT / "docs" / "pictures"

STYLE: dict[RcKeyType, Any] = {
    # The same figures make the same bytes: a picture changes in review only where they did.
    "svg.hashsalt": "tocsin",
    # Text stays text: small, searchable, and drawn in the reader's own font.
    "svg.fonttype": "none",
    "font.sans-serif": ["DejaVu Sans", "Verdana"],
    "font.size": 10,
    # White on a dark page as well.
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "legend.frameon": False,
}
LEGEND: dict[str, Any] = {
    "loc": "outside upper left",
    "ncols": 6,
    "alignment": "left",
    "title_fontproperties": {"weight": "bold", "size": 11},
}
# Told apart by the colour-blind too (Okabe and Ito).
BY_PROCESS = {"temporal": "#0072B2", "worker": "#E69F00", "api": "#009E73", "postgres": "#CC79A7"}
OURS, BARE, GOAL = "#0072B2", "#777777", "#D55E00"
# Where the figure stands at its point: percentiles may be close to one another.
BESIDE: dict[str, dict[str, Any]] = {
    "p50": {"xytext": (0, -6), "ha": "center", "va": "top"},
    "p95": {"xytext": (6, 0), "ha": "left", "va": "center"},
    "p99": {"xytext": (0, 5), "ha": "center", "va": "bottom"},
}
BY_SHARE = {"p50": "#56B4E9", "p95": "#0072B2", "p99": "#00334F"}


@dataclass(frozen=True)
class Picture:
    """What is drawn, in words for those who do not see it, and how."""

    text: str
    measure: str
    draw: Callable[[Figure, Report], None]
    height: float


@dataclass(frozen=True)
class Column:
    """One bar of a panel, and where its goal is, if it has one."""

    name: str
    value: float
    colour: str
    goal: float | None = None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.charts", description=__doc__)
    parser.add_argument("report", nargs="?", type=Path, help="default: the newest of benchmarks/results/")
    report = read(parser.parse_args().report or newest())
    for file in draw(report, PICTURES):
        print(f"drawn: {file.relative_to(ROOT)}")
    PAGE.write_text(within(PAGE.read_text(), seen(report)))
    print(f"written: {PAGE.relative_to(ROOT)}")


def seen(report: Report) -> str:
    """The section of the page."""
    return section(report, {file: picture.text for file, picture in ALL.items()})


def draw(report: Report, folder: Path) -> list[Path]:
    """An SVG file for each picture, the same bytes for the same report."""
    folder.mkdir(exist_ok=True)
    with matplotlib.rc_context(STYLE):
        for name, picture in ALL.items():
            figure = Figure(figsize=(9, picture.height), layout="constrained")
            picture.draw(figure, report)
            marks = figure.axes[0].get_legend_handles_labels()
            figure.legend(*marks, title=picture.text, **LEGEND)
            figure.supxlabel(caption(report, picture.measure), x=0.01, ha="left", size=8, color="#555555")
            figure.savefig(folder / name, metadata={"Date": None, "Creator": None})
    return [folder / name for name in ALL]


def caption(report: Report, measure: str) -> str:
    """When, of what and where this measure was made, and how much of the machine it had not."""
    told, machine = report.seen, report.seen["machine"]
    return (
        f"{told['date']}, commit {told['commit']}; {machine['cpu']}, {machine['cores']} cores, "
        f"others took {report.stolen[measure]:.0f} % of them meanwhile"
    )


def _cpu(figure: Figure, report: Report) -> None:
    axes, shapes = figure.subplots(), report.shapes
    for row, shape in enumerate(shapes.values()):
        left = 0.0
        for process, colour in BY_PROCESS.items():
            part = shape["cpu_ms_by_process"][process]["median"]
            axes.barh(row - 0.19, part, 0.36, left, color=colour, label=process if not row else None)
            left += part
        bare = shape["bare_cpu_ms_per_run"]
        axes.barh(
            row + 0.19, bare["median"], 0.36, color=BARE, label=None if row else "bare, same activities"
        )
        _whisker(axes, shape["cpu_ms_per_run"], row - 0.19, "{:.1f}")
        _whisker(axes, bare, row + 0.19, "{:.1f}")
    row, goal = list(shapes).index(CPU_SHAPE), CPU_RATIO * shapes[CPU_SHAPE]["bare_cpu_ms_per_run"]["median"]
    axes.plot([goal, goal], [row - 0.4, row], color=GOAL, linewidth=2, label=f"goal: {CPU_RATIO} of bare")
    _rows(axes, list(shapes), "milliseconds of CPU for a recipient run")


def _ratio(figure: Figure, report: Report) -> None:
    axes, shapes = figure.subplots(), report.shapes
    for row, shape in enumerate(shapes.values()):
        ratio = shape["ratio_to_same_activities"]
        axes.barh(row, ratio["median"], 0.5, color=OURS)
        _whisker(axes, ratio, row, "{:.2f}")
    axes.axvline(RATE_RATIO, color=GOAL, linewidth=2, label=f"goal: {RATE_RATIO}")
    axes.axvline(1, color=BARE, linestyle=":", label="bare Temporal")
    _rows(axes, list(shapes), "recipient runs a second, by those of bare workflows with the same activities")


def _latency(figure: Figure, report: Report) -> None:
    loads = {
        key.split("_")[1]: load for key, load in report.figures["latency"].items() if key.startswith("at_")
    }
    parts = {
        "answer_ms": "the trigger's answer",
        "feed_row_ms": "the feed item is readable",
        "mail_received_ms": "the mail is received",
    }
    panels = figure.subplots(1, len(parts), sharey=True)
    for axes, (part, title) in zip(panels, parts.items(), strict=True):
        _percentiles(axes, [load[part] for load in loads.values()])
        axes.set(title=f"until {title}", yscale="log", xlim=(-0.4, len(loads) - 0.3))
        axes.margins(y=0.15)
        axes.set_xticks(
            range(len(loads)), [f"{name} %\n{load[part]['seen']:.0f} seen" for name, load in loads.items()]
        )
        axes.grid(axis="y", alpha=0.3)
    panels[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panels[0].yaxis.set_minor_locator(NullLocator())
    panels[0].yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    panels[0].set_ylabel("milliseconds (logarithmic)")
    capacity = report.figures["latency"]["capacity_runs_per_s"]
    panels[1].set_xlabel(f"of the capacity measured just before, {capacity:.1f} runs a second")


def _percentiles(axes: Axes, loads: Sequence[Mapping[str, float]]) -> None:
    """A line each; where too few were seen for one, the highest stands alone and is hollow."""
    for share, colour in BY_SHARE.items():
        found = {at: reached(times, share) for at, times in enumerate(loads)}
        shown = {at: value for at, (label, value) in found.items() if label == share}
        axes.plot(list(shown), list(shown.values()), marker="o", linewidth=0.8, color=colour, label=share)
        for at, value in shown.items():
            _beside(axes, at, value, share)
    few = {at: times["max"] for at, times in enumerate(loads) if reached(times, "p99")[0] != "p99"}
    if few:
        hollow: dict[str, Any] = {"markerfacecolor": "white", "color": BY_SHARE["p99"], "linestyle": "none"}
        axes.plot(list(few), list(few.values()), marker="o", label="highest, too few seen for p99", **hollow)
    for at, value in few.items():
        _beside(axes, at, value, "p99")


def _beside(axes: Axes, at: int, value: float, share: str) -> None:
    axes.annotate(f"{value:,.0f}", (at, value), textcoords="offset points", size=8, **BESIDE[share])


def _sleepers(figure: Figure, report: Report) -> None:
    sleepers = report.figures["sleepers"]
    herd = sleepers["herd"]
    late, drained, foreground = figure.subplots(1, 3, width_ratios=[3, 2, 2])
    times = sleepers["spread"]["late_ms"]
    columns = [Column(*reached(times, share), OURS, LATE_MS.get(share)) for share in BY_SHARE]
    _columns(late, columns)
    late.set(title=f"{sleepers['open']:,} asleep, a few due each second", ylabel="milliseconds too late")
    bare = herd["bare_drained_per_s"]
    _columns(
        drained,
        [
            Column("Tocsin", herd["drained_per_s"], OURS, RATE_RATIO * bare),
            Column("bare Temporal", bare, BARE),
        ],
    )
    drained.set(title=f"a herd of {herd['herd']:,}", ylabel="runs drained a second")
    by, beside = reached(herd["foreground_beside_ms"], "p99")
    by_alone, alone = reached(herd["foreground_alone_ms"], "p99")
    _columns(
        foreground,
        [
            Column(f"beside the herd\n{by}", beside, OURS, FOREGROUND_RATIO * alone),
            Column(f"alone\n{by_alone}", alone, BARE),
        ],
    )
    foreground.set(title="another trigger", ylabel="milliseconds to its feed item")


def _columns(axes: Axes, columns: Sequence[Column]) -> None:
    highest = max(one.value for one in columns)
    for at, one in enumerate(columns):
        axes.bar(at, one.value, 0.6, color=one.colour)
        top = one.value
        if one.goal is not None:
            label = None if at else "goal"
            axes.plot([at - 0.4, at + 0.4], [one.goal] * 2, color=GOAL, linewidth=2, label=label)
            # Above the line, where that would run through it.
            if 0 <= one.goal - one.value < 0.1 * highest:
                top = one.goal
        told = f"{one.value:,.0f}"
        axes.annotate(told, (at, top), (0, 4), textcoords="offset points", ha="center", size=9)
    axes.set_xticks(range(len(columns)), [one.name for one in columns])
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.margins(y=0.15)


def _rows(axes: Axes, names: Sequence[str], unit: str) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.margins(x=0.1)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)


def _whisker(axes: Axes, spread: Mapping[str, float], row: float, form: str) -> None:
    """From the lowest to the highest; the median in figures where the bar begins, as it is the bar's."""
    axes.plot([spread["min"], spread["max"]], [row, row], color="black", linewidth=1.2, marker="|")
    told = form.format(spread["median"])
    place: dict[str, Any] = {"textcoords": "offset points", "va": "center", "size": 9}
    axes.annotate(told, (0, row), (5, 0), color="white", weight="bold", **place)


ALL = {
    "cpu.svg": Picture(
        "CPU of a recipient run by process, beside bare Temporal workflows", "runs", _cpu, 4.8
    ),
    "ratio.svg": Picture(
        "Rate beside bare Temporal workflows: median, lowest and highest", "runs", _ratio, 3.4
    ),
    "latency.svg": Picture("Latency from the moment a trigger was due, by load", "latency", _latency, 4),
    "sleepers.svg": Picture(
        "Pauses: lateness, a herd that is due, and who runs beside it", "sleepers", _sleepers, 3.8
    ),
}
"""By file name; the goal is orange in each."""


if __name__ == "__main__":
    main()
