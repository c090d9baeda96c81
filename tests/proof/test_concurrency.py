"""Many at once: one linear log, nothing lost, nobody stuck (E-VERSION)."""

import random
from collections import defaultdict
from typing import Any

import pytest

from models.queries.commits import lock_log
from tests.pipelines import Pipeline
from tests.proof.writers import BRANCHES, Writers, doors_of

LOG = """
    SELECT e.slug, e.id AS environment_id, e.commit_number, c.number, c.type, c.key, c.version_id,
           c.previous_version_id, c.inserted_at, v.number AS version, v.environment_id AS version_environment,
           v.content->'steps'->0->'template'->>'markdown_body' AS text,
           p.number AS previous_version, p.key AS previous_key, p.environment_id AS previous_environment,
           b.archived_at IS NOT NULL AS was_archived
    FROM commits c JOIN environments e ON e.id = c.environment_id
    JOIN resource_versions v ON v.id = c.version_id
    LEFT JOIN resource_versions p ON p.id = c.previous_version_id
    LEFT JOIN resource_versions b ON b.environment_id = v.environment_id AND b.type = v.type
        AND b.key = v.key AND b.number = v.number - 1
    ORDER BY e.slug, c.number
"""
CURRENT = """
    SELECT e.slug, r.type, r.key, r.current_version_id, r.archived_at,
           (SELECT id FROM resource_versions v WHERE v.environment_id = r.environment_id
            AND v.type = r.type AND v.key = r.key ORDER BY v.number DESC LIMIT 1) AS newest
    FROM resources r JOIN environments e ON e.id = r.environment_id
    WHERE r.archived_at IS NULL AND r.current_version_id IS NOT NULL
"""
PUBLISHING = ("push", "upsert", "upsert_on_a_branch", "save", "commit_all", "promote_all", "promote_one")
SHUFFLING = ("merge", "rebase", "revert", "archive", "discard", "switch", "hotfix", "new_branch")


@pytest.mark.parametrize(("seed", "processes"), [(1, 1), (2, 2), (3, 2), (4, 2)])
async def test_many_writers_leave_one_linear_log_and_lose_nothing(
    long_pipeline: Pipeline, seed: int, processes: int
) -> None:
    async with doors_of(long_pipeline, processes) as doors:
        writers = Writers(doors, random.Random(seed))
        for slug in BRANCHES:
            assert (await long_pipeline.call("POST", f"/v1/branches/{slug}")).status_code == 201
        for _ in range(3):
            await writers.all_at_once([getattr(writers, name) for name in PUBLISHING * 3 + SHUFFLING])

    failed = [(asked, answer.text) for asked, answer in writers.answers if answer.status_code >= 500]
    assert failed == []
    log = await long_pipeline.rows(LOG)
    assert len(log) > 50
    _demand_linear(log)
    _demand_everything(log, writers)
    for row in await long_pipeline.rows(CURRENT):
        assert row["current_version_id"] == row["newest"], row


async def test_ten_pushes_and_promotions_at_once_are_all_in_the_log(long_pipeline: Pipeline) -> None:
    async with doors_of(long_pipeline, 2) as doors:
        writers = Writers(doors, random.Random(7))
        await writers.all_at_once([writers.push] * 10 + [writers.promote_all] * 10)
        assert {answer.status_code for _, answer in writers.answers} == {200}
        await long_pipeline.promote("staging")
        await long_pipeline.promote("production")

    log = await long_pipeline.rows(LOG)
    _demand_linear(log)
    _demand_everything(log, writers)
    texts = [[await long_pipeline.text(key, slug) for key in ("one", "two", "three")] for slug in SLUGS]
    assert texts[0] == texts[1] == texts[2]


async def test_new_environments_and_archiving_wait_for_one_another(long_pipeline: Pipeline) -> None:
    async with doors_of(long_pipeline, 2) as doors:
        writers = Writers(doors, random.Random(11))
        for _ in range(4):
            acts = [writers.push, writers.upsert, writers.archive, writers.new_environment]
            await writers.all_at_once([*acts * 3, writers.promote_all, writers.new_branch])

    failed = [(asked, answer.text) for asked, answer in writers.answers if answer.status_code >= 500]
    assert failed == []


SLUGS = ("development", "staging", "production")


def _demand_linear(log: list[dict[str, Any]]) -> None:
    """Numbers and times rise together, and each commit stands on the version before it."""
    by_place: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for commit in log:
        by_place[commit["environment_id"]].append(commit)
    for commits in by_place.values():
        numbers = [commit["number"] for commit in commits]
        assert numbers == sorted(set(numbers))
        times = [commit["inserted_at"] for commit in commits]
        assert times == sorted(times)
        assert commits[-1]["commit_number"] >= numbers[-1]
    for commit in log:
        assert commit["version_environment"] == commit["environment_id"]
        if commit["previous_version_id"] is None:
            assert commit["version"] == 1 or commit["was_archived"], commit
        else:
            before = (commit["previous_environment"], commit["previous_key"], commit["previous_version"])
            assert before == (commit["environment_id"], commit["key"], commit["version"] - 1), commit


def _demand_everything(log: list[dict[str, Any]], writers: Writers) -> None:
    """Whatever was answered with 200 is in the log of the place that it was written to."""
    logged = {(commit["text"], commit["slug"], commit["key"]) for commit in log}
    lost = [(text, *place) for text, place in writers.published.items() if (text, *place) not in logged]
    assert lost == []


async def test_people_and_runs_are_written_while_somebody_publishes(pipeline: Pipeline) -> None:
    (environment,) = await pipeline.rows("SELECT id FROM environments WHERE slug = 'development'")
    async with pipeline.database.transaction() as publishing, pipeline.database.transaction() as other:
        await lock_log(publishing, environment["id"])
        await other.execute("SET LOCAL lock_timeout = '2s'")
        await other.execute(
            "INSERT INTO recipients (environment_id, collection, id, properties, inserted_at, updated_at) "
            "VALUES (%s, '$users', 'ada', '{}', now(), now())",
            (environment["id"],),
        )
    assert await pipeline.rows("SELECT id FROM recipients") == [{"id": "ada"}]
