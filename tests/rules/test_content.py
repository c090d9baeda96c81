"""Content and the runs that use it (E-RUN-10, E-RUN-12, E-TEMPLATE-24, E-VERSION-8)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from dispatch.errors import WorkflowMissing
from dispatch.triggers import Place, TriggerRequest, accept
from models.queries.resources import archive_resource
from models.values.content import ContentType, Name
from models.values.given import GivenRecipient
from publishing import branches
from publishing.drafts import Written, commit_these, save
from publishing.space import Space
from tests.builders import delay_step, in_app_step, workflow
from tests.committing import AUTHOR, publish
from tests.environments import TestEnvironment
from tests.rules.reading import body_of
from tests.virtual_time import VirtualTime

DAY = timedelta(days=1)
PARTIAL = {"type": "html", "name": "P", "content": "<b>one</b>"}


async def archive(virtual: VirtualTime, name: Name) -> None:
    async with virtual.database.transaction() as connection:
        await archive_resource(connection, name, datetime.now(UTC))


async def bodies(virtual: VirtualTime, environment: TestEnvironment) -> list[str]:
    return [body_of(message) for message in await virtual.messages(environment)]


@pytest.mark.rule("E-RUN-12")
async def test_runs_of_an_archived_workflow_end_when_they_wake_and_no_more_start(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    key = f"w-{uuid4().hex}"
    await virtual.publish(environment, key, workflow(delay_step(), in_app_step()))
    await virtual.accept(environment, key)
    await virtual.idle(environment)
    await archive(virtual, Name(ContentType.WORKFLOW, key))

    with pytest.raises(WorkflowMissing):
        await virtual.accept(environment, key)
    await virtual.pass_time(environment, DAY)

    (run,) = await virtual.runs(environment)
    assert (run["status"], run["outcome"]) == ("cancelled", "workflow_inactive")
    (line,) = await virtual.log(environment, "run_cancelled")
    assert "archived" in line["data"]["reason"]
    assert await virtual.messages(environment) == []


async def test_a_key_that_is_used_again_does_not_wake_the_archived(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    key = f"w-{uuid4().hex}"
    await virtual.publish(environment, key, workflow(delay_step(), in_app_step(body="old")))
    await virtual.accept(environment, key)
    await virtual.idle(environment)
    await archive(virtual, Name(ContentType.WORKFLOW, key))
    await virtual.publish(environment, key, workflow(delay_step(), in_app_step(body="new")))
    await virtual.accept(environment, key)
    await virtual.pass_time(environment, DAY)

    assert await bodies(virtual, environment) == ["new"]


@pytest.mark.rule("E-RUN-10")
async def test_a_partial_changes_for_all_that_render_it_as_soon_as_it_is_committed(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    key = f"p-{uuid4().hex}"
    await publish(virtual.database, environment, key, PARTIAL, ContentType.PARTIAL)
    content = workflow(delay_step(), in_app_step(body=f"{{% render '{key}' %}}"))
    await virtual.publish(environment, "greet", content)
    await virtual.accept(environment, "greet")
    await virtual.idle(environment)
    changed = {**PARTIAL, "content": "<b>two</b>"}
    await publish(virtual.database, environment, key, changed, ContentType.PARTIAL)
    await virtual.pass_time(environment, DAY)

    (body,) = await bodies(virtual, environment)
    assert "two" in body


@pytest.mark.rule("E-RUN-10")
async def test_an_archived_partial_goes_on_rendering_for_what_was_published_with_it(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    key = f"p-{uuid4().hex}"
    await publish(virtual.database, environment, key, PARTIAL, ContentType.PARTIAL)
    content = workflow(in_app_step(body=f"{{% render '{key}' %}}"))
    await virtual.publish(environment, "greet", content)
    await archive(virtual, Name(ContentType.PARTIAL, key))
    await virtual.accept(environment, "greet")
    await virtual.idle(environment)

    (body,) = await bodies(virtual, environment)
    assert "one" in body


async def on_branch(virtual: VirtualTime, environment: TestEnvironment, key: str, content: Any) -> Place:
    """A branch where the workflow is published with other content."""
    # Branches are of development; this environment stands for it.
    main = Space(environment.id, environment.id, "development")
    async with virtual.database.transaction() as connection:
        row = await branches.create(connection, main, f"b-{uuid4().hex}")
        space = Space(row["id"], environment.id, main.slug, row["slug"])
        name = Name(ContentType.WORKFLOW, key)
        await save(connection, space, [Written(name, content)])
        await commit_these(connection, space, [name], AUTHOR)
    return Place(environment.id, environment.slug, row["id"])


@pytest.mark.rule("E-TRIGGER-8")
async def test_a_trigger_on_a_branch_runs_the_branchs_content_for_the_same_people(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "greet", workflow(in_app_step(body="main")))
    place = await on_branch(virtual, environment, "greet", workflow(in_app_step(body="branch")))
    request = TriggerRequest(
        workflow_key="greet", recipients=[GivenRecipient.read({"id": "ada"})], request_id="test"
    )
    await accept(virtual.database, virtual.temporal, place, request)
    await virtual.idle(environment)
    await virtual.accept(environment, "greet", "ada")
    await virtual.idle(environment)

    assert await bodies(virtual, environment) == ["branch", "main"]
    assert {message["environment_id"] for message in await virtual.messages(environment)} == {environment.id}
