"""What all runs of chaos on record saw together: a zero of many runs says more than that of one."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.reports import ROOT, sighting
from tests.faults.chaos.verdict import Count, Verdict

RECORD = ROOT / ".chaos.jsonl"
"""A line of JSON for each scene that was played to its end."""
LARGE = 3
"""Promises of a scene as a whole are kept once or not; only what is counted among more adds up."""


@dataclass(frozen=True)
class Played:
    """One scene, by which seed and at which length."""

    scene: str
    seed: int
    rate: float
    seconds: float


def record(played: Played, verdict: Verdict, path: Path = RECORD) -> None:
    """Add a scene's counts, with date, commit and machine; broken promises too."""
    counts = {count.what: [len(count.wrong), count.of] for count in verdict.counts}
    line: dict[str, Any] = {
        "seen": sighting([]) | {"command": "make chaos"},
        **vars(played),
        "counts": counts,
    }
    with path.open("a") as file:
        file.write(json.dumps(line, sort_keys=True) + "\n")


def told(path: Path = RECORD) -> str:
    """The sums of all scenes on record, and how sure each zero is."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    wrong: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for line in lines:
        for what, (some, many) in line["counts"].items():
            if many > LARGE:
                wrong[what] += some
                of[what] += many
    kept = [Count(what, many).told for what, many in of.items() if not wrong[what]]
    broken = [f"{what:>34}: {wrong[what]} of {of[what]}" for what in of if wrong[what]]
    return "\n".join([f"all {len(lines)} scenes in {path.name} together:", *broken, *kept])
