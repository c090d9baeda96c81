"""Operators look at open batches and sleeping runs, close, remove and wake them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from knockapi import AsyncKnock

from tests.builders import batch_step, delay_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS, eventually
from tests.feeds import body_of, feed_with
from tests.houses import House

BODY = "{% for a in activities %}{{ a.n }}{% endfor %}"


class Operator:
    """Calls our own routes with the environment's secret key."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self._client.get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    async def call(self, method: str, path: str, **more: Any) -> int:
        return (await self._client.request(method, path, **more)).status_code

    async def items(self, path: str, wanted: int) -> list[dict[str, Any]]:
        """The list, once it has this many."""

        async def look() -> list[dict[str, Any]] | None:
            found: list[dict[str, Any]] = (await self.get(path))["items"]
            return found if len(found) == wanted else None

        found = await eventually(look)
        assert found is not None
        return found


@pytest.fixture
async def operator(house: House, environment: TestEnvironment) -> AsyncIterator[Operator]:
    headers = {"authorization": f"Bearer {environment.secret_key}"}
    async with httpx.AsyncClient(
        base_url=f"{house.url}/v1/tocsin", headers=headers, timeout=PATIENCE_SECONDS
    ) as client:
        yield Operator(client)


async def test_an_open_batch_is_listed_loses_an_item_and_is_closed(
    house: House, environment: TestEnvironment, knock: AsyncKnock, operator: Operator
) -> None:
    steps = [batch_step(seconds=86_400), in_app_step(body=BODY)]
    await publish(house.database, environment, "digest", workflow(*steps))
    for n in range(3):
        await knock.workflows.trigger("digest", recipients=[{"id": "ada"}], data={"n": n})
        (batch,) = await operator.items("/batches", 1)
        items = await operator.items(f"/batches/{batch['id']}/items", n + 1)
    assert (batch["recipient"], batch["workflow"], batch["step_ref"]) == ("ada", "digest", "batch_1")

    gone = items[1]["recipient_run_id"]
    assert await operator.call("DELETE", f"/batches/{batch['id']}/items/{gone}") == 204
    assert await operator.call("DELETE", f"/batches/{batch['id']}/items/{gone}") == 404
    assert await operator.call("POST", f"/batches/{batch['id']}/close") == 204

    (item,) = await feed_with(knock, "ada", 1)
    assert body_of(item) == "<p>02</p>\n"
    assert (await operator.get("/batches"))["items"] == []
    assert await operator.call("POST", f"/batches/{batch['id']}/close") == 404
    closed = await operator.get(f"/batches/{batch['id']}")
    assert closed["total_items"] == 2


async def test_a_sleeping_run_is_listed_with_its_due_time_and_woken(
    house: House, environment: TestEnvironment, knock: AsyncKnock, operator: Operator
) -> None:
    await publish(house.database, environment, "late", workflow(delay_step(value=2), in_app_step()))
    await knock.workflows.trigger("late", recipients=[{"id": "ada"}], cancellation_key="k")
    (pause,) = await operator.items("/pauses", 1)
    assert (pause["recipient"], pause["step_ref"], pause["cancellation_key"]) == ("ada", "delay_1", "k")
    run_id = pause["recipient_run_id"]

    answered = await operator.call("POST", f"/pauses/{run_id}/wake", json={"until": "2099-01-01T00:00:00"})
    assert answered == 422
    assert await operator.call("POST", f"/pauses/{run_id}/wake") == 204

    assert len(await feed_with(knock, "ada", 1)) == 1
    assert await operator.call("POST", f"/pauses/{run_id}/wake") == 404
