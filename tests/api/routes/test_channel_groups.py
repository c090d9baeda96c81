from typing import Any
from uuid import uuid4

import pytest

from tests.api.conftest import Client

PUSH = {"name": "P", "type": "push", "provider": "push_expo"}


@pytest.fixture
async def keys(manager: Client) -> list[str]:
    """Two push channels."""
    made = [f"push-{uuid4().hex[:8]}" for _ in range(2)]
    for key in made:
        assert (await manager.put(f"/v1/tocsin/channels/{key}", json=PUSH)).status_code == 200
    return made


@pytest.fixture
def path() -> str:
    return f"/v1/channel_groups/group-{uuid4().hex[:8]}"


def group(*rules: dict[str, Any], **change: Any) -> dict[str, Any]:
    whole = {"name": "Phones", "channel_type": "push", "channel_rules": list(rules), **change}
    return {"channel_group": {name: value for name, value in whole.items() if value is not ...}}


def always(key: str, **change: Any) -> dict[str, Any]:
    return {"channel_key": key, "rule_type": "always", **change}


def when(key: str, **change: Any) -> dict[str, Any]:
    rule = {"rule_type": "if", "variable": "recipient.plan", "operator": "equal_to", "argument": "pro"}
    return {"channel_key": key, **rule, **change}


async def test_a_group_is_shown_as_it_was_made(manager: Client, path: str, keys: list[str]) -> None:
    answer = await manager.put(path, json=group(when(keys[0]), always(keys[1])))
    shown = answer.json()["channel_group"]
    assert answer.status_code == 200
    assert shown == await manager.found(path)
    assert (shown["operator"], shown["source"], shown["archived_at"]) == ("any", "user", None)
    assert shown["visible_in"] == ["workflow", "broadcast"]
    first, second = shown["channel_rules"]
    assert (first["index"], first["rule_type"], first["argument"]) == (0, "if", "pro")
    assert (second["index"], second["rule_type"], second["variable"]) == (1, "always", None)
    settled = await manager.found(f"/v1/channels/{keys[0]}")
    assert first["channel"] == settled | {"environment_settings": None}


async def test_rules_stand_in_the_order_of_their_indexes(manager: Client, path: str, keys: list[str]) -> None:
    rules = [always(keys[0], index=7), always(keys[1], index=3)]
    shown = (await manager.put(path, json=group(*rules))).json()["channel_group"]
    assert [(rule["index"], rule["channel"]["key"]) for rule in shown["channel_rules"]] == [
        (3, keys[1]),
        (7, keys[0]),
    ]


async def test_rules_that_are_given_replace_the_old_ones_and_others_stay(
    manager: Client, path: str, keys: list[str]
) -> None:
    whole = group(always(keys[0]), when(keys[1]), visible_in=["workflow"])
    before = (await manager.put(path, json=whole)).json()["channel_group"]
    kept = (await manager.put(path, json=group(channel_rules=..., operator="all"))).json()["channel_group"]
    assert kept["channel_rules"] == before["channel_rules"]
    assert (kept["operator"], kept["visible_in"]) == ("all", ["workflow"])
    changed = (await manager.put(path, json=group(when(keys[0])))).json()["channel_group"]
    assert [rule["rule_type"] for rule in changed["channel_rules"]] == ["if"]
    assert changed["channel_rules"][0]["created_at"] == before["channel_rules"][0]["created_at"]


async def test_a_group_may_begin_empty(manager: Client, path: str) -> None:
    shown = (await manager.put(path, json=group(channel_rules=...))).json()["channel_group"]
    assert shown["channel_rules"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel_key": "nowhere"}, "channel_key"),
        ({"channel_key": "in-app"}, "channel_key"),
        ({"rule_type": "sometimes"}, "rule_type"),
        ({"rule_type": "always"}, "variable"),
        ({"variable": None}, "variable"),
        ({"operator": None}, "operator"),
        ({"operator": "is_round"}, "operator"),
        ({"argument": None}, "argument"),
        ({"argument": 5}, "argument"),
        ({"operator": "exists"}, "argument"),
        ({"operator": "is_in_random_cohort", "argument": "10"}, "variable"),
        ({"variable": "recipient.id", "operator": "is_in_random_cohort", "argument": "101"}, "argument"),
        ({"index": -1}, "index"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_mistake_in_a_rule_is_told_at_its_place(
    manager: Client, path: str, keys: list[str], change: dict[str, Any], field: str
) -> None:
    told = await manager.refused("PUT", path, json=group(always(keys[0]), when(keys[1]) | change))
    expected = f"channel_group.channel_rules[1].{field}"
    assert (told["status"], told["errors"][0]["field"]) == (422, expected)
    assert (await manager.get(path)).status_code == 404


async def test_two_rules_cannot_have_one_index(manager: Client, path: str, keys: list[str]) -> None:
    told = await manager.refused("PUT", path, json=group(always(keys[0]), always(keys[1], index=0)))
    assert told["errors"][0]["field"] == "channel_group.channel_rules[1].index"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ...}, "name"),
        ({"channel_type": "pigeon"}, "channel_type"),
        ({"operator": "most"}, "operator"),
        ({"visible_in": ["kitchen"]}, "visible_in[0]"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_mistake_in_a_group_is_told(
    manager: Client, path: str, change: dict[str, Any], field: str
) -> None:
    told = await manager.refused("PUT", path, json=group(**change))
    assert told["errors"][0]["field"] == f"channel_group.{field}"


async def test_a_group_keeps_its_channel_type(manager: Client, path: str) -> None:
    await manager.put(path, json=group())
    told = await manager.refused("PUT", path, json=group(channel_type="sms"))
    assert told["errors"][0]["field"] == "channel_group.channel_type"


async def test_a_key_is_written_in_lower_case(manager: Client) -> None:
    told = await manager.refused("PUT", "/v1/channel_groups/My%20Group", json=group())
    assert told["errors"][0]["field"] == "key"


async def test_a_deleted_group_is_gone_and_its_key_is_free(
    manager: Client, path: str, keys: list[str]
) -> None:
    await manager.put(path, json=group(always(keys[0])))
    answer = await manager.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await manager.refused("GET", path))["status"] == 404
    assert (await manager.refused("DELETE", path))["status"] == 404
    assert (await manager.put(path, json=group(channel_type="sms", channel_rules=...))).status_code == 200


async def test_an_archived_channel_is_shown_as_such_and_cannot_be_chosen_again(
    manager: Client, path: str, keys: list[str]
) -> None:
    await manager.put(path, json=group(always(keys[0])))
    await manager.delete(f"/v1/tocsin/channels/{keys[0]}")
    shown = await manager.found(path)
    assert shown["channel_rules"][0]["channel"]["archived_at"] is not None
    told = await manager.refused("PUT", path, json=group(always(keys[0])))
    assert told["errors"][0]["field"] == "channel_group.channel_rules[0].channel_key"


async def test_groups_are_listed_page_by_page(manager: Client, path: str, keys: list[str]) -> None:
    for number in range(3):
        await manager.put(f"{path}-{number}", json=group(always(keys[0])))
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = await manager.found("/v1/channel_groups", limit=2, **({"after": after} if after else {}))
        found += page["entries"]
        after = page["page_info"]["after"]
        if after is None:
            break
    assert [one["key"] for one in found] == sorted({one["key"] for one in found})
    ours = [one for one in found if one["key"].startswith(path.rsplit("/", 1)[1])]
    assert [len(one["channel_rules"]) for one in ours] == [1, 1, 1]


async def test_only_service_tokens_change_groups(client: Client, path: str) -> None:
    assert (await client.refused("PUT", path, json=group()))["status"] == 403
    assert (await client.refused("GET", "/v1/channel_groups"))["status"] == 403
