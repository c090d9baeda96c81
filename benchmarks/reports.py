"""Kept reports of `make bench ARGS=--keep`: when, of what and on which machine; and reading one."""

import json
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.bare import runs_at_once
from benchmarks.machine import described

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
TOLD = ("runs", "latency", "sleepers")
"""The measures of which the page and its pictures tell."""


@dataclass(frozen=True)
class Report:
    """A kept file: its name, and its figures by measure."""

    name: str
    figures: dict[str, Any]

    @property
    def seen(self) -> dict[str, Any]:
        """Date, commit, command, runs at once, machine: see `sighting`."""
        return dict(self.figures["seen"])

    @property
    def shapes(self) -> dict[str, Any]:
        """Figures of `runs` by shape."""
        beside = ("machine", "took_s")
        return {key: shape for key, shape in self.figures["runs"].items() if key not in beside}

    @property
    def stolen(self) -> dict[str, float]:
        """Percent of all cores' time that others took during each of the measures told."""
        return {name: self.figures[name]["machine"]["steal_percent"] for name in TOLD}

    @property
    def took(self) -> dict[str, float]:
        """Seconds of each measure."""
        return {name: figures["took_s"] for name, figures in self.figures.items() if name != "seen"}

    @property
    def seconds(self) -> float:
        """Of all, and of starting and stopping what was measured where the report tells that."""
        return float(self.seen.get("took_s", sum(self.took.values())))


def sighting(arguments: Sequence[str]) -> dict[str, Any]:
    """What makes a figure one that can be believed and repeated: when, of what, how, on which machine."""
    command = f"make bench ARGS={shlex.quote(' '.join(arguments))}" if arguments else "make bench"
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": _commit(),
        "command": command,
        "runs_at_once": runs_at_once(),
        "machine": described(),
    }


def keep(figures: dict[str, Any], folder: Path = RESULTS) -> str:
    """Under the day's name, numbered from the day's second on; the name is answered."""
    folder.mkdir(exist_ok=True)
    day = figures["seen"]["date"]
    names = (f"{day}.json", *(f"{day}-{number}.json" for number in range(2, 1000)))
    file = next(folder / name for name in names if not (folder / name).exists())
    file.write_text(json.dumps(figures, indent=2) + "\n")
    return file.name


def read(file: Path) -> Report:
    """A file that lacks one of the measures told is refused."""
    figures = json.loads(file.read_text())
    missing = [name for name in ("seen", *TOLD) if name not in figures]
    if missing:
        raise SystemExit(f"{file.name} has no {', '.join(missing)}; make bench ARGS=--keep writes all")
    return Report(file.name, figures)


def newest(folder: Path = RESULTS) -> Path:
    """The last day's last file; what was measured by name alone is kept there too, and no such report."""
    kept = sorted(
        folder.glob("*.json"), key=lambda file: (file.stem[: len("2031-02-03")], len(file.stem), file.stem)
    )
    whole = [file for file in kept if set(TOLD) <= set(json.loads(file.read_text()))]
    if not whole:
        raise SystemExit("no report is kept; make bench ARGS=--keep writes one")
    return whole[-1]


def _commit() -> str:
    """As short as Git has it, with `-dirty` where something else was measured than was committed."""
    described_by_git = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described_by_git.stdout.strip() or "unknown"
