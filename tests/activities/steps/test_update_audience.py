from typing import Any

import pytest

from activities.steps.update_audience import AudienceSteps
from activities.versions import Versions
from models.values.content import ContentType
from tests.committing import publish
from tests.every_step import step
from tests.runs import rows
from tests.stepping import Bench
from workflows_engine.effects.steps import Verdict

STATIC = {"type": "static", "name": "Beta"}
DYNAMIC = {"type": "dynamic", "name": "Beta", "segments": []}


def updating(action: str, key: str = "beta") -> dict[str, Any]:
    return step("update_audience", "up", action=action, audience_key=key)


@pytest.fixture
async def steps(bench: Bench, versions: Versions) -> AudienceSteps:
    await publish(bench.database, bench.environment, "beta", STATIC, ContentType.AUDIENCE)
    await publish(bench.database, bench.environment, "moving", DYNAMIC, ContentType.AUDIENCE)
    return AudienceSteps(bench.database, versions)


async def members(bench: Bench) -> list[tuple[str, str]]:
    sql = "SELECT user_id, tenant_id FROM audience_members WHERE environment_id = %s ORDER BY 1, 2"
    found = await rows(bench.database, sql, bench.environment.id)
    return [(row["user_id"], row["tenant_id"]) for row in found]


async def changed(bench: Bench, steps: AudienceSteps, action: str, **trigger: Any) -> bool:
    """Whether the step says that it changed anything."""
    run = await bench.run(updating(action), **trigger)
    assert (await steps.update_audience(run.ask("up"))).verdict is Verdict.DONE
    (line,) = await bench.log(run, "audience_updated")
    assert (line["data"]["action"], line["data"]["audience_key"]) == (action, "beta")
    return bool(line["data"]["changed"])


@pytest.mark.rule("E-UPDATE-10", "E-SHAPE-2")
async def test_the_runs_user_is_added_and_removed_and_what_changes_nothing_is_said_to(
    bench: Bench, steps: AudienceSteps
) -> None:
    assert await changed(bench, steps, "add")
    assert not await changed(bench, steps, "add")
    assert await members(bench) == [("ada", "")]

    assert await changed(bench, steps, "remove")
    assert not await changed(bench, steps, "remove")
    assert await members(bench) == []


@pytest.mark.rule("E-UPDATE-12")
async def test_a_member_is_added_with_the_runs_tenant(bench: Bench, steps: AudienceSteps) -> None:
    await changed(bench, steps, "add", tenant_id="acme")
    assert not await changed(bench, steps, "remove")

    assert await members(bench) == [("ada", "acme")]


@pytest.mark.rule("E-UPDATE-10")
@pytest.mark.parametrize(
    ("key", "recipient", "said"),
    [
        ("beta", {"id": "p1", "collection": "projects"}, "only users"),
        ("moving", None, "dynamic"),
        ("nobody", None, "not published"),
    ],
)
async def test_only_users_join_and_only_static_audiences(
    bench: Bench, steps: AudienceSteps, key: str, recipient: Any, said: str
) -> None:
    run = await bench.run(updating("add", key), recipient)

    answer = await steps.update_audience(run.ask("up"))

    assert answer.verdict is Verdict.SKIP
    (line,) = await bench.log(run, "step_skipped")
    assert (line["status"], said in line["data"]["reason"]) == ("error", True)
    assert await members(bench) == []
