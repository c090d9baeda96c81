"""The key of signed requests, as an operator reads and changes it."""

import httpx
import pytest

from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS
from tests.houses import House

PATH = "/v1/tocsin/request_signing_key"


@pytest.mark.rule("E-FETCH-11")
async def test_a_key_is_made_once_and_stays_until_it_is_rotated(
    house: House, environment: TestEnvironment
) -> None:
    headers = {"authorization": f"Bearer {environment.service_token}"}
    where = {"environment": environment.slug}
    async with httpx.AsyncClient(
        base_url=house.url, headers=headers, params=where, timeout=PATIENCE_SECONDS
    ) as http:
        first, again = (await http.get(PATH)).json(), (await http.get(PATH)).json()
        rotated = (await http.post(f"{PATH}/rotate")).json()
        after = (await http.get(PATH)).json()

    assert first == again
    assert first["environment"] == environment.slug
    assert len(first["signing_key"]) >= 40
    assert rotated["signing_key"] != first["signing_key"]
    assert after == rotated


async def test_a_secret_key_does_not_read_it(house: House, environment: TestEnvironment) -> None:
    headers = {"authorization": f"Bearer {environment.secret_key}"}
    async with httpx.AsyncClient(base_url=house.url, headers=headers, timeout=PATIENCE_SECONDS) as http:
        assert (await http.get(PATH)).status_code == 403
