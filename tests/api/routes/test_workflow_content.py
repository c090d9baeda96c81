from typing import Any

import pytest

from models.database import Database
from tests.api.conftest import Client
from tests.builders import in_app_step, workflow
from tests.environments import TestEnvironment
from tests.runs import rows

PATH = "/v1/workflows/greet"
WORKFLOW_REQUEST = (
    *("name", "description", "categories", "tags", "settings", "steps"),
    *("conditions", "trigger_frequency"),
)
"""The fields of Knock's `WorkflowRequest` that we show."""


@pytest.fixture
def forced(manager: Client) -> Client:
    """Tests have environments of other names than the one that content is edited in."""
    manager.params = manager.params.set("force", "true")
    return manager


async def versions(database: Database, environment: TestEnvironment) -> list[dict[str, Any]]:
    sql = "SELECT key, number FROM resource_versions WHERE environment_id = %s ORDER BY 1, 2"
    return await rows(database, sql, environment.id)


async def put(client: Client, path: str, content: Any, **query: str) -> Any:
    params = {**dict(client.params), **query}
    answer = await client.put(path, json={"workflow": content}, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["workflow"]


async def test_what_was_put_is_what_is_got(forced: Client) -> None:
    content = workflow(in_app_step(), description="Says hello", categories=["a"], tags=["b"])
    shown = await put(forced, PATH, content)

    assert shown.items() >= {**content, "key": "greet", "valid": True, "active": True}.items()
    assert await forced.found(PATH, **dict(forced.params)) == shown
    listed = await forced.found("/v1/workflows", **dict(forced.params))
    assert listed["entries"] == [shown]


async def test_what_is_got_may_be_put_again(forced: Client) -> None:
    first = await put(forced, PATH, workflow(in_app_step()))
    content = {key: value for key, value in first.items() if key in WORKFLOW_REQUEST}

    assert (await put(forced, PATH, content)).items() >= content.items()


async def test_the_same_content_makes_no_new_version(
    forced: Client, database: Database, environment: TestEnvironment
) -> None:
    first = await put(forced, PATH, workflow(in_app_step()), commit="true")
    shuffled = dict(reversed(workflow(in_app_step()).items()))
    again = await put(forced, PATH, shuffled, commit="true")
    other = await put(forced, PATH, workflow(in_app_step(body="other")), commit="true")

    assert again["sha"] == first["sha"] != other["sha"]
    assert [row["number"] for row in await versions(database, environment)] == [1, 2]


async def test_what_the_cli_keeps_for_itself_is_left_out(forced: Client) -> None:
    step = in_app_step()
    step["template"] = {**step["template"], "markdown_body@": "body.md"}
    content = {"$schema": "x", "__readonly": {"key": "greet"}, "__annotation": {}, **workflow(step)}

    shown = await put(forced, PATH, content)

    assert shown.keys().isdisjoint({"$schema", "__readonly", "__annotation"})
    assert "markdown_body@" not in shown["steps"][0]["template"]


async def test_validation_keeps_nothing(forced: Client) -> None:
    checked = await put(forced, f"{PATH}/validate", workflow(in_app_step()))

    assert checked["valid"] is True
    assert (await forced.refused("GET", PATH))["code"] == "resource_missing"


@pytest.mark.parametrize("suffix", ["", "/validate"])
async def test_all_mistakes_are_told_at_once_and_nothing_is_kept(forced: Client, suffix: str) -> None:
    steps = [in_app_step(ref="a b"), in_app_step(ref="b", colour="red"), {"type": "carrier", "ref": "c"}]
    told = await forced.refused("PUT", PATH + suffix, json={"workflow": workflow(*steps)})

    assert (told["status"], told["code"]) == (422, "invalid_params")
    fields = [error["field"] for error in told["errors"]]
    assert fields == ["steps[0].ref", "steps[1].colour", "steps[2]"]
    assert all(field in told["message"] for field in fields)
    assert (await forced.refused("GET", PATH))["status"] == 404


@pytest.mark.parametrize("body", [{}, {"workflow": None}, {"workflow": []}, {"workflow": "x"}])
async def test_content_that_is_not_wrapped_is_refused(forced: Client, body: Any) -> None:
    told = await forced.refused("PUT", PATH, json=body)
    assert (told["status"], told["errors"][0]["field"]) == (422, "workflow")


@pytest.mark.parametrize("key", ["Greet", "gr%20eet", "gr%C3%BC%C3%9F", "a" * 256])
async def test_a_key_is_written_in_lower_case(forced: Client, key: str) -> None:
    told = await forced.refused("PUT", f"/v1/workflows/{key}", json={"workflow": workflow()})
    assert (told["status"], told["errors"][0]["field"]) == (422, "key")


async def test_content_is_edited_in_development_unless_forced(manager: Client) -> None:
    told = await manager.refused("PUT", PATH, json={"workflow": workflow()})
    assert (told["status"], told["errors"][0]["field"]) == (422, "environment")
    assert "force=true" in told["message"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"resource_type": "carrier"}, "resource_type"),
        ({"resource_id": "greet"}, "resource_type"),
    ],
)
async def test_a_commit_of_something_else_is_refused_and_commits_nothing(
    forced: Client, database: Database, environment: TestEnvironment, query: dict[str, str], field: str
) -> None:
    await put(forced, PATH, workflow(in_app_step()))
    told = await forced.refused("PUT", "/v1/commits", params={**dict(forced.params), **query})

    assert (told["status"], told["errors"][0]["field"]) == (422, field)
    assert await versions(database, environment) == []


async def test_a_secret_key_edits_nothing(client: Client) -> None:
    told = await client.refused("PUT", PATH, json={"workflow": workflow()})
    assert (told["status"], told["code"]) == (403, "incorrect_token_type")
