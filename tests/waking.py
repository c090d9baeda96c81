"""Ending pauses on the real clock: a test says when, so that no window is too short for a busy machine."""

from functools import partial
from typing import Any

import httpx

from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS, eventually
from tests.houses import House

Listed = list[dict[str, Any]]


async def wake(house: House, environment: TestEnvironment) -> None:
    """End the environment's one delay, once it is there."""
    async with operator(house, environment) as client:
        (pause,) = await eventually(lambda: listed(client, "/pauses"))
        (await client.post(f"/pauses/{pause['recipient_run_id']}/wake")).raise_for_status()


async def close_batches(house: House, environment: TestEnvironment, *sizes: int) -> None:
    """Close the open batches; where sizes are given, once they are there and hold so many items."""
    async with operator(house, environment) as client:
        for batch in await eventually(
            lambda: listed(client, "/batches"),
            until=lambda found: not sizes or sorted(one["total_items"] for one in found) == list(sizes),
        ):
            # One whose holder was just ended is nobody's for a moment.
            await eventually(partial(posted, client, f"/batches/{batch['id']}/close"))


async def posted(client: httpx.AsyncClient, path: str) -> bool:
    return (await client.post(path)).is_success


def operator(house: House, environment: TestEnvironment) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {environment.secret_key}"}
    return httpx.AsyncClient(base_url=f"{house.url}/v1/tocsin", headers=headers, timeout=PATIENCE_SECONDS)


async def listed(client: httpx.AsyncClient, path: str) -> Listed:
    answer = await client.get(path)
    answer.raise_for_status()
    found: Listed = answer.json()["items"]
    return found
