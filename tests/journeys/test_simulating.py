"""A simulation tells what the same events come to on a real clock."""

import json
from pathlib import Path
from typing import Any

from knockapi import AsyncKnock

from cli.embedded.postgres import EmbeddedPostgres
from tests.builders import batch_step, delay_step, email_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.houses import House
from tests.runs import rows
from tests.simulation.theatre import Theatre

SHORT = workflow(
    batch_step(seconds=8, key="page"),
    in_app_step(body="{{ total_activities }}: {% for a in activities %}{{ a.text }};{% endfor %}"),
    delay_step(unit="seconds", value=1),
    email_step(),
)
EVERYBODY = [{"id": "ada", "name": "Ada", "email": "ada@example.com"}, {"id": "bob", "name": "Bob"}]
TRIGGERS: list[dict[str, Any]] = [
    {"recipients": EVERYBODY, "data": {"page": "p1", "text": "one"}},
    {"recipients": ["ada"], "data": {"page": "p1", "text": "two"}},
    {"recipients": ["ada"], "data": {"page": "p2", "text": "three"}},
]

Sent = tuple[str, str, str]


async def really_sent(house: House, environment: TestEnvironment, key: str, runs: int) -> list[Sent]:
    """Whom, by which step, and what; once as many runs of the workflow are there and none is open."""
    sql = "SELECT * FROM recipient_runs WHERE environment_id = %s AND workflow_key = %s"
    there = await rows(house.database, sql, environment.id, key)
    if len(there) < runs or any(run["finished_at"] is None for run in there):
        return []
    sql = "SELECT * FROM messages WHERE environment_id = %s AND workflow_key = %s"
    found = await rows(house.database, sql, environment.id, key)
    return sorted((one["recipient_id"], one["step_ref"], json.dumps(one["content"])) for one in found)


async def test_a_run_on_the_real_clock_sends_what_its_simulation_told(
    house: House,
    environment: TestEnvironment,
    knock: AsyncKnock,
    postgres: EmbeddedPostgres,
    template: str,
    tmp_path: Path,
) -> None:
    theatre = Theatre(postgres.url, template, tmp_path)
    played = await theatre.play({"digest": SHORT}, *({"at": "0s", "trigger": one} for one in TRIGGERS))
    told = sorted(
        (str(one.recipient), one.step_ref or "", json.dumps(one.content))
        for one in played.entries
        if one.content is not None
    )

    await publish(house.database, environment, "warm-up", workflow(in_app_step()))
    await publish(house.database, environment, "digest", SHORT)
    # A worker's first run loads the code of all the others, which takes as long as a short window.
    await knock.workflows.trigger("warm-up", recipients=[{"id": "carl"}])
    await eventually(lambda: really_sent(house, environment, "warm-up", 1))
    for trigger in TRIGGERS:
        await knock.workflows.trigger("digest", **trigger)
    sent = await eventually(lambda: really_sent(house, environment, "digest", 4))

    assert sent == told
    assert [(who, ref) for who, ref, _ in sent] == [
        ("ada", "email_1"),
        ("ada", "email_1"),
        ("ada", "in_app_1"),
        ("ada", "in_app_1"),
        ("bob", "in_app_1"),
    ]
