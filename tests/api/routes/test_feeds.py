import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from knockapi import AsyncKnock

from tests.api.conftest import Client, client_of
from tests.api.rows import BLOCKS, Rows
from tests.environments import TestEnvironment

Feed = Callable[..., Any]


@pytest.fixture
def feed(client: Client, environment: TestEnvironment) -> Feed:
    async def read(user_id: str = "ada", **params: Any) -> Any:
        return await client.found(f"/v1/users/{user_id}/feeds/{environment.feed_channel_id}", **params)

    return read


def ids(feed: Any) -> list[str]:
    return [item["id"] for item in feed["entries"]]


def counts(feed: Any) -> tuple[int, int, int]:
    meta = feed["meta"]
    return meta["total_count"], meta["unread_count"], meta["unseen_count"]


async def test_the_sdk_reads_a_rich_feed(sdk: AsyncKnock, rows: Rows, environment: TestEnvironment) -> None:
    await rows.user("ada", name="Ada")
    await rows.user("bob", name="Bob")
    run = await rows.run("ada", actor="bob", data={"page": 1, "attachments": [{"name": "a.pdf"}]})
    message_id = await rows.item(
        "ada", run=run, actors=["bob", "carol"], data={"page": 1, "deep": {"a": 1}, "attachments": []}
    )
    page = await sdk.users.feeds.list_items("ada", str(environment.feed_channel_id))
    (item,) = page.entries
    assert (item.id, item.total_actors, item.total_activities) == (message_id, 2, 1)
    assert [actor.to_dict()["name"] for actor in item.actors] == ["Bob", None]
    assert [block.to_dict() for block in item.blocks] == BLOCKS
    assert item.data == {"page": 1, "deep": {"a": 1}}
    (activity,) = item.activities
    assert (activity.id, activity.data) == (run.activity_id, {"page": 1})
    assert activity.actor is not None
    assert activity.recipient is not None
    assert (activity.actor.to_dict()["name"], activity.recipient.to_dict()["name"]) == ("Bob", "Ada")
    meta: Any = page.meta  # type: ignore[attr-defined]  # the SDK keeps it without declaring it
    assert meta == {"__typename": "FeedMetadata", "total_count": 1, "unread_count": 1, "unseen_count": 1}


async def test_the_sdk_reads_a_compact_feed(
    sdk: AsyncKnock, rows: Rows, environment: TestEnvironment
) -> None:
    await rows.item("ada", actors=["bob", "carol"], data={"page": 1, "deep": {"a": 1}, "list": [1]})
    page = await sdk.users.feeds.list_items("ada", str(environment.feed_channel_id), mode="compact")
    (item,) = page.entries
    assert (len(item.actors), item.total_actors, item.data) == (1, 2, {"page": 1})
    assert (item.activities, item.total_activities) == ([], 1)


async def test_a_browser_gets_a_compact_feed_without_activities(
    app: FastAPI, rows: Rows, environment: TestEnvironment
) -> None:
    await rows.item()
    async with client_of(app, environment.public_key) as browser:
        browser.headers["x-knock-client"] = "Knock/ClientJS 0.22.2"
        path = f"/v1/users/ada/feeds/{environment.feed_channel_id}?archived=exclude&mode=compact&status=all"
        (item,) = (await browser.found(path))["entries"]
    assert not {"activities", "total_activities"} & item.keys()
    assert item["__cursor"]


async def test_an_unknown_user_has_an_empty_feed(feed: Feed) -> None:
    found = await feed("nobody")
    assert (found["entries"], counts(found)) == ([], (0, 0, 0))
    assert found["page_info"] == {"__typename": "PageInfo", "after": None, "before": None, "page_size": 50}


async def test_a_feed_is_read_page_by_page_in_the_order_items_became_readable(feed: Feed, rows: Rows) -> None:
    written = [await rows.item() for _ in range(5)]
    # A row that was stamped earlier but became readable later is later in the feed.
    await rows.change("feed_items", written[4], inserted_at=rows.now.replace(year=2020))
    read: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await feed(page_size=2, after=after)
        read += ids(page)
        after = page["page_info"]["after"]
    assert read == written[::-1]


async def test_a_bell_asks_for_what_came_since(feed: Feed, rows: Rows) -> None:
    await rows.item()
    cursor = (await feed())["entries"][0]["__cursor"]
    assert ids(await feed(before=cursor)) == []
    newer = [await rows.item() for _ in range(2)]
    found = await feed(before=cursor)
    assert ids(found) == newer[::-1]
    assert counts(found) == (3, 3, 3)


async def test_a_page_may_hold_two_hundred_items(feed: Feed) -> None:
    assert (await feed(page_size=200))["page_info"]["page_size"] == 200
    assert (await feed(page_size=500))["page_info"]["page_size"] == 200


async def test_badges_do_not_follow_the_status_filter_but_the_total_does(
    feed: Feed, client: Client, rows: Rows
) -> None:
    first, second, third = [await rows.item() for _ in range(3)]
    await client.put(f"/v1/messages/{first}/read")
    await client.put(f"/v1/messages/{second}/seen")
    for status, expected in {
        "unread": [third, second],
        "read": [first],
        "unseen": [third, first],
        "seen": [second],
        "all": [third, second, first],
        "nonsense": [third, second, first],
    }.items():
        found = await feed(status=status)
        assert (ids(found), counts(found)) == (expected, (len(expected), 2, 2))


async def test_archived_items_are_left_out_unless_asked_for(feed: Feed, client: Client, rows: Rows) -> None:
    kept, archived = await rows.item(), await rows.item()
    await client.put(f"/v1/messages/{archived}/archived")
    assert (ids(await feed()), counts(await feed())) == ([kept], (1, 1, 1))
    assert ids(await feed(archived="include")) == [archived, kept]
    assert (ids(await feed(archived="only")), counts(await feed(archived="only"))) == ([archived], (1, 1, 1))


@pytest.mark.rule("E-TENANT-4")
async def test_a_feed_is_scoped_by_tenant(feed: Feed, rows: Rows) -> None:
    acme, _, without = [await rows.item(tenant_id=tenant) for tenant in ("acme", "globex", None)]
    assert ids(await feed(tenant="acme")) == [without, acme]
    assert ids(await feed(tenant="acme", has_tenant="true")) == [acme]
    assert ids(await feed(has_tenant="false")) == [without]
    assert counts(await feed(has_tenant="true")) == (2, 2, 2)


async def test_a_feed_is_filtered_by_workflow_and_data(feed: Feed, rows: Rows) -> None:
    news = await rows.item(workflow_key="news", workflow_categories=["a"], data={"page": "x"})
    await rows.item(data={"page": "y"})
    assert ids(await feed(source="news")) == [news]
    assert ids(await feed(**{"workflow_categories[]": ["a", "b"]})) == [news]
    assert ids(await feed(trigger_data=json.dumps({"page": "x"}))) == [news]
    assert counts(await feed(source="news")) == (1, 1, 1)


async def test_a_feed_is_filtered_by_time(feed: Feed, rows: Rows) -> None:
    first, second = await rows.item(), await rows.item()
    time = (await feed())["entries"][0]["inserted_at"]
    assert ids(await feed(**{"inserted_at.gte": time})) == [second]
    assert ids(await feed(**{"inserted_at[lt]": time})) == [first]


async def test_a_batched_item_shows_its_first_ten_activities(feed: Feed, rows: Rows) -> None:
    runs = [await rows.run("ada", actor="bob") for _ in range(12)]
    window_id = await rows.window(runs, left=(runs[1],))
    await rows.item("ada", run=runs[0], window_id=window_id, total_activities=11)
    (item,) = (await feed())["entries"]
    expected = [run.activity_id for run in (runs[0], *runs[2:11])]
    assert [activity["id"] for activity in item["activities"]] == expected
    assert item["total_activities"] == 11


async def test_public_variables_come_along_as_what_they_mean(feed: Feed, rows: Rows) -> None:
    for key, text in {"n": "12.5", "on": "true", "zip": "007", "name": "Acme", "list": "[1]"}.items():
        await rows.variable(key, text)
    told = (await feed())["vars"]
    # Other tests of this database set variables of the whole account.
    meant = {"n": 12.5, "on": True, "zip": "007", "name": "Acme", "list": [1]}
    assert {key: told[key] for key in meant} == meant


@pytest.mark.rule("E-LIMITS-43")
async def test_excluded_paths_are_left_out(feed: Feed, rows: Rows) -> None:
    await rows.item(data={"a": {"b": 1}, "c": 2}, actors=["bob"])
    paths = [
        "vars",
        " entries.archived_at",
        "entries.data.a",
        "entries.actors.name",
        "x.y",
        "entries.data.a.b",
    ]
    found = await feed(exclude=",".join(paths))
    (item,) = found["entries"]
    assert "vars" not in found
    assert "archived_at" not in item
    assert item["data"] == {"c": 2}
    assert "name" not in item["actors"][0]
    assert "seen_at" in item


@pytest.mark.parametrize("feed_id", ["in-app", "00000000-0000-4000-8000-000000000000"])
async def test_a_channel_that_does_not_exist_is_invalid(client: Client, feed_id: str) -> None:
    for part in ("", "/settings"):
        told = await client.refused("GET", f"/v1/users/ada/feeds/{feed_id}{part}")
        assert (told["status"], told["code"]) == (422, "channel_invalid")


async def test_a_channel_that_is_no_feed_is_invalid(client: Client, environment: TestEnvironment) -> None:
    told = await client.refused("GET", f"/v1/users/ada/feeds/{environment.email_channel_id}")
    assert (told["status"], told["code"]) == (422, "channel_invalid")
    assert "email" in told["message"]


async def test_the_sdk_reads_settings(sdk: AsyncKnock, environment: TestEnvironment) -> None:
    settings = await sdk.users.feeds.get_settings("ada", str(environment.feed_channel_id))
    assert settings.features.branding_required is False


async def test_one_persons_items_are_not_in_anothers_feed(feed: Feed, rows: Rows) -> None:
    await rows.item("bob")
    assert ids(await feed("ada")) == []
