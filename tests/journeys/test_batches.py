"""Several activities of one person become one message that tells of all of them."""

import asyncio

import pytest
from knockapi import AsyncKnock

from cli.mailbox.messages import ReceivedMessage
from tests.builders import batch_step, email_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.feeds import body_of, feed_of, feed_with
from tests.houses import House
from tests.runs import rows
from tests.waking import close_batches

LONG = 600
"""Seconds: these windows are closed by the tests themselves."""
BODY = "{{ total_activities }} by {{ total_actors }}: {% for a in activities %}{{ a.body }};{% endfor %}"


async def comment(
    knock: AsyncKnock, who: str, body: str, page: str = "p1", email: str = "ada@example.com"
) -> None:
    await knock.workflows.trigger(
        "new-comment",
        recipients=[{"id": "ada", "email": email}],
        actor={"id": who, "name": who.title()},
        data={"page_id": page, "body": body},
    )


async def test_three_comments_by_two_people_are_one_item_and_one_mail(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    address = f"ada@{environment.slug}.example.com"
    steps = [batch_step(seconds=LONG, key="page_id"), in_app_step(body=BODY), email_step()]
    await publish(house.database, environment, "new-comment", workflow(*steps))

    for who, body in (("bob", "one"), ("eve", "two"), ("bob", "three")):
        await comment(knock, who, body, email=address)
    await close_batches(house, environment, 3)
    items = await feed_with(knock, "ada", 1)
    mails = await eventually(lambda: mails_to(house, address))

    assert [body_of(item) for item in items] == ["<p>3 by 2: one;two;three;</p>\n"]
    assert (items[0].total_activities, items[0].total_actors) == (3, 2)
    assert [mail.html.strip() for mail in mails] == [
        "<html><head></head><body><p>3 for ada</p></body></html>"
    ]
    assert len(await feed_of(knock, "ada")) == 1
    activities = await knock.messages.list_activities(items[0].id)
    assert [one.data["body"] for one in activities.items if one.data] == ["one", "two", "three"]


async def test_pages_are_batched_apart(house: House, environment: TestEnvironment, knock: AsyncKnock) -> None:
    steps = [batch_step(seconds=LONG, key="data.page_id"), in_app_step(body=BODY)]
    await publish(house.database, environment, "new-comment", workflow(*steps))

    await asyncio.gather(*(comment(knock, "bob", "x", page=f"p{number % 2}") for number in range(6)))
    await close_batches(house, environment, 3, 3)
    items = await feed_with(knock, "ada", 2)

    assert [item.total_activities for item in items] == [3, 3]


async def test_a_join_is_never_lost_between_two_windows(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(
        house.database, environment, "new-comment", workflow(batch_step(seconds=1), in_app_step(body=BODY))
    )

    for number in range(40):
        await comment(knock, "bob", str(number))
    open_runs = "SELECT 1 FROM recipient_runs WHERE environment_id = %s AND finished_at IS NULL"
    await eventually(lambda: rows(house.database, open_runs, environment.id), until=lambda left: not left)

    items = await feed_of(knock, "ada")
    assert sum(item.total_activities for item in items) == 40
    gathered = sorted(int(n) for item in items for n in body_of(item).split(": ")[1][:-5].split(";") if n)
    # At most the first ten of each window are rendered (E-BATCH-1).
    assert len(gathered) == len(set(gathered))


async def mails_to(house: House, address: str) -> list[ReceivedMessage]:
    return list(house.mailbox.mails_to(address))


@pytest.mark.rule("E-BATCH-31", "E-BATCH-32", "E-BATCH-34")
async def test_a_batched_message_has_the_merged_data_and_is_found_by_it(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(
        house.database, environment, "new-comment", workflow(batch_step(seconds=LONG), in_app_step(body=BODY))
    )
    for page in ("A", "B"):
        data: dict[str, object] = {"page": page, f"only_{page}": True, "deep": {"er": 1}}
        await knock.workflows.trigger("new-comment", recipients=[{"id": "ada"}], data=data)
    await close_batches(house, environment, 2)
    await feed_with(knock, "ada", 1)

    (message,) = (await knock.messages.list()).items
    assert message.data == {"page": "B", "only_A": True, "only_B": True}
    assert len((await knock.messages.list(trigger_data='{"page": "B"}')).items) == 1
    assert (await knock.messages.list(trigger_data='{"page": "A"}')).items == []
