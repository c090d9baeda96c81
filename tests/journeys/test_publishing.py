"""Content on its way into runs: drafts wait, commits publish, runs in flight keep what they began with."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from knockapi import AsyncKnock, NotFoundError

from tests.builders import delay_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS
from tests.feeds import body_of, feed_with
from tests.houses import House
from tests.journeys.settling import settled_runs
from tests.waking import wake


class Author:
    """Writes content through the management API, as `tocsin push` and Knock's CLI do."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def put(self, path: str, body: Any = None, **query: str) -> Any:
        answer = await self._http.put(path, json=body, params={**dict(self._http.params), **query})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def save(self, key: str, *steps: Any, **query: str) -> Any:
        return await self.put(f"/v1/workflows/{key}", {"workflow": workflow(*steps)}, **query)


@pytest.fixture
async def author(house: House, environment: TestEnvironment) -> AsyncIterator[Author]:
    headers = {"authorization": f"Bearer {environment.service_token}"}
    query = {"environment": environment.slug, "force": "true"}
    async with httpx.AsyncClient(
        base_url=house.url, headers=headers, params=query, timeout=PATIENCE_SECONDS
    ) as http:
        yield Author(http)


async def told(knock: AsyncKnock, who: str, key: str = "greet") -> str:
    await knock.workflows.trigger(key, recipients=[{"id": who}])
    return body_of((await feed_with(knock, who, 1))[0])


@pytest.mark.rule("E-TRIGGER-8")
async def test_a_draft_changes_nothing_until_it_is_committed(author: Author, knock: AsyncKnock) -> None:
    await author.save("greet", in_app_step(body="draft"))
    with pytest.raises(NotFoundError, match="workflow_missing"):
        await knock.workflows.trigger("greet", recipients=[{"id": "ada"}])
    await author.save("greet", in_app_step(body="first"), commit="true")
    await author.save("greet", in_app_step(body="second"))

    assert await told(knock, "ada") == "<p>first</p>\n"
    assert (await author.put("/v1/commits"))["committed"] == ["greet"]
    assert await told(knock, "bob") == "<p>second</p>\n"


async def test_a_commit_publishes_all_drafts_or_the_one_it_names(author: Author, knock: AsyncKnock) -> None:
    for key in ("one", "two", "three"):
        await author.save(key, in_app_step(body=key))

    named = await author.put("/v1/commits", resource_type="workflow", resource_id="two")
    all_others = await author.put("/v1/commits")

    assert (named["committed"], all_others["committed"]) == (["two"], ["one", "three"])
    assert (await author.put("/v1/commits"))["committed"] == []
    assert await told(knock, "ada", "three") == "<p>three</p>\n"


@pytest.mark.rule("E-RUN-9")
async def test_a_run_in_flight_keeps_the_version_it_began_with(
    author: Author, knock: AsyncKnock, house: House, environment: TestEnvironment
) -> None:
    await author.save("greet", delay_step(), in_app_step(body="old"), commit="true")
    await knock.workflows.trigger("greet", recipients=[{"id": "ada"}])

    await author.save("greet", in_app_step(ref="other", body="new"), commit="true")

    assert await told(knock, "bob") == "<p>new</p>\n"
    await wake(house, environment)
    assert [body_of(item) for item in await feed_with(knock, "ada", 1)] == ["<p>old</p>\n"]
    runs = await settled_runs(house, environment, 2)
    assert [run["outcome"] for run in runs] == ["finished", "finished"]
