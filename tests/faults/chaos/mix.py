"""What the load is made of: the workflows, who is sent to, and which trigger a seed makes of each number."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.builders import batch_step, delay_step, email_step, in_app_step, workflow

BODY = "Number {{ data.n }}"
GATHERED = "{{ total_activities }} numbers"
DELAY_SECONDS = 5
BATCH_SECONDS = 5
CANCELLED_SECONDS = 30
"""A pause so long that most cancels come before its end, also when everything was away meanwhile."""
WORKFLOWS = {
    "mailed": workflow(in_app_step(body=BODY), email_step(subject="n={{ data.n }}")),
    "delayed": workflow(delay_step(unit="seconds", value=DELAY_SECONDS), in_app_step(body=BODY)),
    "batched": workflow(batch_step(seconds=BATCH_SECONDS), in_app_step(body=GATHERED)),
    "fan_out": workflow(in_app_step(body=BODY)),
    "announced": workflow(in_app_step(body=BODY)),
    "reminded": workflow(
        delay_step(unit="seconds", value=DELAY_SECONDS),
        in_app_step(body=BODY),
        email_step(subject="n={{ data.n }}"),
    ),
    "cancelled": workflow(delay_step(unit="seconds", value=CANCELLED_SECONDS), in_app_step(body=BODY)),
}
WEIGHTS: dict[str, float] = {"mailed": 35, "delayed": 28, "batched": 28, "fan_out": 3, "cancelled": 6}
ANNOUNCED_WEIGHTS = {**WEIGHTS, "announced": 0.05}
"""With a large fan-out now and then, which takes long enough to be met by a blow."""
RESTORED_WEIGHTS = {**WEIGHTS, "mailed": 20, "reminded": 25, "delayed": 18}
"""With more that is about to be sent at any moment."""
SINGLE_WEIGHTS: dict[str, float] = {"mailed": 1}
CROWDED_WEIGHTS: dict[str, float] = {"fan_out": 3, "batched": 1}
CROWDED_RUNS = 4
"""How many runs a trigger of these makes, on average."""
MAILED = ("mailed", "reminded")
PEOPLE = 150
GATHERERS = 12
"""People whose triggers meet in batches; few, so that a window gathers some."""
TEAMS = 3
TEAM_SIZE = 4
COMPANY = "company"
COMPANY_SIZE = 300
"""Subscribers of one object, more than a fan-out takes in a page (250)."""


@dataclass(frozen=True)
class Wanted:
    """One trigger: its number, its workflow, who must see it in their feed, and how many runs it makes."""

    n: int
    kind: str
    people: list[str]
    runs: int
    team: str | None = None
    cancel_after: float | None = None
    """Seconds after its answer; None: it is not cancelled."""
    tenant: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What `POST /v1/workflows/{kind}/trigger` is sent."""
        person = self.people[0]
        recipients: list[Any] = (
            [{"collection": "teams", "id": self.team}]
            if self.team
            else [{"id": person, "email": f"{person}@example.com"}]
        )
        body: dict[str, Any] = {"recipients": recipients, "data": {"n": self.n}}
        body |= {"tenant": self.tenant} if self.tenant else {}
        return body if self.cancel_after is None else body | {"cancellation_key": f"stop-{self.n}"}

    def line(self) -> dict[str, Any]:
        return asdict(self)


def subscribers(team: str) -> list[str]:
    size = COMPANY_SIZE if team == COMPANY else TEAM_SIZE
    return [f"{team}-{number}" for number in range(size)]


def teams() -> list[str]:
    return [f"team-{number}" for number in range(TEAMS)]


def everybody() -> list[str]:
    """Whoever has a feed."""
    singles = [f"person-{number}" for number in range(PEOPLE)]
    gatherers = [f"gatherer-{number}" for number in range(GATHERERS)]
    return [*singles, *gatherers, *(who for team in [*teams(), COMPANY] for who in subscribers(team))]


def wanted(seed: int, n: int, weights: dict[str, float] = WEIGHTS) -> Wanted:
    """The n-th trigger of a seed, whatever came of those before."""
    chance = Random(f"{seed} trigger {n}")
    kind = chance.choices(list(weights), list(weights.values()))[0]
    if kind in ("fan_out", "announced"):
        team = COMPANY if kind == "announced" else chance.choice(teams())
        people = subscribers(team)
        return Wanted(n, kind, people, runs=1 + len(people), team=team)
    if kind == "batched":
        return Wanted(n, kind, [f"gatherer-{chance.randrange(GATHERERS)}"], runs=1)
    cancel_after = chance.uniform(0, 3) if kind == "cancelled" else None
    return Wanted(n, kind, [f"person-{chance.randrange(PEOPLE)}"], runs=1, cancel_after=cancel_after)


def write_project(folder: Path) -> Path:
    """The workflows as a project folder."""
    for key, content in WORKFLOWS.items():
        place = folder / "workflows" / key
        place.mkdir(parents=True)
        (place / "workflow.json").write_text(json.dumps(content))
    return folder
