from typing import Any

import pytest

from tests.api.conftest import Client

PATH = "/v1/tocsin/variables"


@pytest.mark.parametrize(
    ("given", "text", "value"),
    [("Acme", "Acme", "Acme"), ("007", "007", "007"), ("12", "12", 12), (12, "12", 12), ([1], "[1]", [1])],
)
async def test_a_variable_is_kept_as_text_and_means_json(
    manager: Client, given: Any, text: str, value: Any
) -> None:
    shown = (await manager.put(f"{PATH}/plan", json={"value": given})).json()
    assert (shown["key"], shown["text"], shown["value"], shown["type"]) == ("plan", text, value, "public")
    assert await manager.found(f"{PATH}/plan") == shown
    assert (await manager.found(PATH))["entries"] == [shown]


async def test_a_variable_is_replaced(manager: Client) -> None:
    for value in ("a", "b"):
        await manager.put(f"{PATH}/plan", json={"value": value})
    assert (await manager.found(f"{PATH}/plan"))["text"] == "b"


@pytest.mark.parametrize("key", ["branding", "1st", "a-b", "a%20b"])
async def test_a_key_that_templates_could_not_use_is_refused(manager: Client, key: str) -> None:
    told = await manager.refused("PUT", f"{PATH}/{key}", json={"value": "x"})
    assert (told["status"], told["errors"][0]["field"]) == (422, "key")


async def test_a_variable_that_is_not_here_is_missing(manager: Client) -> None:
    assert (await manager.refused("GET", f"{PATH}/plan"))["code"] == "resource_missing"
