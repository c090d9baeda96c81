import re

import pytest

from api.routes.unbuilt import UNBUILT
from tests.api.conftest import Client
from tests.architecture.compatibility import Endpoint, knocks

MANAGEMENT = [one for one in knocks() if one.surface == "management"]


def example(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "something", path)


def test_the_contract_has_ninety_seven_operations() -> None:
    assert len(MANAGEMENT) == 97


@pytest.mark.parametrize("one", MANAGEMENT, ids=lambda one: f"{one.method} {one.path}")
async def test_every_operation_of_the_contract_asks_for_a_token_first(
    stranger: Client, one: Endpoint
) -> None:
    told = await stranger.refused(one.method, example(one.path), json={})
    assert (told["status"], told["code"]) == (401, "api_key_missing")


@pytest.mark.parametrize("one", MANAGEMENT, ids=lambda one: f"{one.method} {one.path}")
async def test_every_operation_of_the_contract_is_known(manager: Client, one: Endpoint) -> None:
    answer = await manager.request(one.method, example(one.path), json={})
    message = answer.json().get("message", "") if answer.content else ""
    assert answer.status_code not in (405, 500)
    assert "no endpoint" not in message


@pytest.mark.parametrize("one", UNBUILT, ids=lambda one: f"{one.method} {one.path}")
async def test_what_is_not_built_says_so_and_what_to_do_meanwhile(manager: Client, one: Endpoint) -> None:
    told = await manager.refused(one.method, example(one.path), json={})
    assert (told["status"], told["code"], told["type"]) == (501, "not_implemented", "api_error")
    assert f"{one.method} {one.path} is not built yet. " in told["message"]


def test_nothing_is_called_unbuilt_that_the_contract_does_not_have() -> None:
    assert {(one.method, one.path) for one in UNBUILT} <= {(one.method, one.path) for one in MANAGEMENT}
