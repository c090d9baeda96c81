"""Batches, in virtual time."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import batch_step, in_app_step, workflow
from tests.committing import rewrite
from tests.environments import TestEnvironment
from tests.rules.reading import body_of
from tests.runs import rows
from tests.virtual_time import VirtualTime

WINDOW = timedelta(minutes=10)
BODY = "{{ total_activities }}: {% for a in activities %}{{ a.n }}{% endfor %}"


def gathering(*steps: Any, body: str = BODY, **settings: Any) -> dict[str, Any]:
    """A batch of ten minutes, whatever follows it, and a message."""
    return workflow(batch_step(seconds=600, **settings), *steps, in_app_step(body=body))


async def bodies(virtual: VirtualTime, environment: TestEnvironment) -> list[str]:
    """What the windows that are open now come to."""
    await virtual.pass_time(environment, WINDOW)
    return sorted(body_of(message) for message in await virtual.messages(environment))


@pytest.mark.rule("E-BATCH-7", "E-BATCH-16")
async def test_a_fixed_window_closes_when_it_said_whoever_comes_later(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering())
    opened = await virtual.now()
    await virtual.trigger(environment, "batched", data={"n": "a"})
    await virtual.pass_time(environment, timedelta(minutes=9))
    await virtual.trigger(environment, "batched", data={"n": "b"})

    await virtual.pass_time(environment, timedelta(minutes=2))

    (message,) = await virtual.messages(environment)
    assert WINDOW <= message["inserted_at"] - opened < WINDOW + timedelta(seconds=5)
    assert body_of(message) == "2: ab"
    assert [(run["status"], run["outcome"]) for run in await virtual.runs(environment)] == [
        ("completed", "finished"),
        ("completed", "absorbed"),
    ]


@pytest.mark.rule("E-BATCH-7")
async def test_what_comes_after_the_close_opens_another_window(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering())
    await virtual.trigger(environment, "batched", data={"n": "a"})
    await virtual.pass_time(environment, WINDOW)
    await virtual.trigger(environment, "batched", data={"n": "b"})

    assert await bodies(virtual, environment) == ["1: a", "1: b"]


@pytest.mark.rule("E-BATCH-5")
@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("page", ["1: b", "2: ac"]),
        ("data.page", ["1: b", "2: ac"]),
        ("{{ data.page }}-{{ actor.id }}", ["1: a", "1: b", "1: c"]),
        ("actor.id", ["1: a", "2: bc"]),
        ("recipient.id", ["3: abc"]),
    ],
)
async def test_a_key_is_a_property_or_a_path_or_a_template(
    virtual: VirtualTime, environment: TestEnvironment, key: str | None, expected: list[str]
) -> None:
    await virtual.publish(environment, "batched", gathering(key=key))
    for n, page, actor in (("a", "p", "bob"), ("b", "q", "eve"), ("c", "p", "eve")):
        await virtual.accept(environment, "batched", actor={"id": actor}, data={"n": n, "page": page})

    assert await bodies(virtual, environment) == expected


@pytest.mark.rule("E-LIMITS-39")
async def test_a_message_names_the_last_ten_of_its_actors_and_counts_them_all(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    body = "{{ total_actors }} of {{ actors | size }}"
    await virtual.publish(environment, "batched", gathering(body=body, batch_items_render_limit=20))
    for n in range(12):
        await virtual.accept(environment, "batched", actor={"id": f"a{n}"}, data={})

    assert await bodies(virtual, environment) == ["12 of 12"]
    (message,) = await virtual.messages(environment)
    assert message["actors"] == [f"a{n}" for n in range(2, 12)]


@pytest.mark.rule("E-BATCH-34")
async def test_six_triggers_of_two_pages_are_two_times_three(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering(key="page_id"))
    for n in range(6):
        await virtual.accept(environment, "batched", data={"n": n, "page_id": n % 2})

    assert await bodies(virtual, environment) == ["3: 024", "3: 135"]


@pytest.mark.rule("E-BATCH-6")
async def test_what_has_no_key_is_gathered_under_the_empty_one(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering(key="page"))
    for data in ({"n": "a"}, {"n": "b", "page": None}, {"n": "c", "page": ""}, {"n": "d", "page": "p"}):
        await virtual.accept(environment, "batched", data=data)

    assert await bodies(virtual, environment) == ["1: d", "3: abc"]


@pytest.mark.rule("E-BATCH-22", "E-BATCH-1", "E-BATCH-17", "E-LIMITS-15")
@pytest.mark.parametrize(
    ("triggers", "settings", "expected"),
    [
        (11, {}, "0123456789"),
        (4, {"batch_items_render_limit": 2}, "01"),
        (4, {"batch_items_render_limit": 2, "batch_order": "desc"}, "23"),
    ],
)
async def test_the_rendered_ones_are_the_first_or_the_last_and_always_oldest_first(
    virtual: VirtualTime,
    environment: TestEnvironment,
    triggers: int,
    settings: dict[str, Any],
    expected: str,
) -> None:
    await virtual.publish(environment, "batched", gathering(**settings))
    for n in range(triggers):
        await virtual.accept(environment, "batched", data={"n": n})

    assert await bodies(virtual, environment) == [f"{triggers}: {expected}"]


@pytest.mark.rule("E-BATCH-28", "E-BATCH-29", "E-BATCH-34", "E-LIMITS-16")
async def test_merged_data_is_flat_and_short_and_the_later_wins(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering(body="{{ activities[0].deep.er }}"))
    first = {
        "page": "A",
        "deep": {"er": 1},
        "many": [1],
        "long": "x" * 300,
        "n": 1.5,
        "yes": True,
        "no": None,
    }
    await virtual.trigger(environment, "batched", data=first)
    await virtual.trigger(environment, "batched", data={"page": "B", "deep": "flat"})

    # The activities themselves keep everything.
    assert await bodies(virtual, environment) == ["1"]
    (message,) = await virtual.messages(environment)
    merged = {"page": "B", "long": "x" * 256, "n": 1.5, "yes": True, "no": None, "deep": "flat"}
    assert message["data"] == merged
    (item,) = await rows(virtual.database, "SELECT data FROM feed_items WHERE message_id = %s", message["id"])
    assert item["data"]["page"] == "B"


@pytest.mark.rule("E-BATCH-28")
async def test_a_batch_of_one_is_flattened_as_well(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering(body="{{ data.deep.er }}{{ page }}"))
    await virtual.trigger(environment, "batched", data={"page": "A", "deep": {"er": 1}})

    assert await bodies(virtual, environment) == ["A"]


@pytest.mark.rule("E-BATCH-30")
async def test_only_rendered_activities_are_merged(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(
        environment, "batched", gathering(body="{{ data.page }}", batch_items_render_limit=1)
    )
    await virtual.trigger(environment, "batched", data={"page": "A"})
    await virtual.trigger(environment, "batched", data={"page": "B"})

    assert await bodies(virtual, environment) == ["A"]


@pytest.mark.rule("E-BATCH-22", "E-BATCH-33")
@pytest.mark.parametrize(("order", "speaker"), [("asc", "eve"), ("desc", "bob")])
async def test_actors_are_counted_once_and_the_last_rendered_one_speaks(
    virtual: VirtualTime, environment: TestEnvironment, order: str, speaker: str
) -> None:
    settings = {"batch_order": order, "batch_items_render_limit": 2}
    body = "{{ total_actors }} {{ actor.id }} {% for a in actors %}{{ a.id }}.{% endfor %}"
    await virtual.publish(environment, "batched", gathering(body=body, **settings))
    for actor in ("bob", "eve", "eve", "bob"):
        await virtual.accept(environment, "batched", actor={"id": actor}, data={})

    first, last = ("bob", "eve") if order == "asc" else ("eve", "bob")
    assert await bodies(virtual, environment) == [f"2 {speaker} {first}.{last}."]


@pytest.mark.rule("E-BATCH-3", "E-BATCH-24")
async def test_publishing_meanwhile_leaves_the_open_window_to_itself(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering(body=f"old {BODY}"))
    for n in "ab":
        await virtual.accept(environment, "batched", data={"n": n})
    await virtual.publish(environment, "batched", gathering(body=f"new {BODY}"))
    for n in "cd":
        await virtual.accept(environment, "batched", data={"n": n})

    assert await bodies(virtual, environment) == ["new 2: cd", "old 2: ab"]


@pytest.mark.rule("E-BATCH-3")
async def test_two_pinned_batch_steps_of_a_version_share_a_window(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    def only(kind: str) -> dict[str, Any]:
        return {"all": [{"variable": "data.n", "operator": "equal_to", "argument": kind}]}

    first = batch_step("first", 600) | {"conditions": only("a")}
    second = batch_step("second", 600) | {"conditions": only("b")}
    await virtual.publish(environment, "batched", workflow(first, second, in_app_step(body=BODY)))
    await virtual.trigger(environment, "batched", data={"n": "b"})
    await virtual.trigger(environment, "batched", data={"n": "a"})

    assert await bodies(virtual, environment) == ["2: ba"]


@pytest.mark.rule("E-BATCH-3")
async def test_two_recipients_never_share_a_window(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering(key="page"))
    await virtual.trigger(environment, "batched", {"id": "ada"}, {"id": "bob"}, data={"n": "a", "page": "p"})

    assert await bodies(virtual, environment) == ["1: a", "1: a"]
    assert {message["recipient_id"] for message in await virtual.messages(environment)} == {"ada", "bob"}


@pytest.mark.rule("E-RUN-17", "E-COND-5")
@pytest.mark.parametrize(("triggers", "sent"), [(1, []), (2, ["alone no more"])])
async def test_conditions_after_a_batch_see_how_many_were_gathered(
    virtual: VirtualTime, environment: TestEnvironment, triggers: int, sent: list[str]
) -> None:
    many = {"any": [{"variable": "run.total_activities", "operator": "not_equal_to", "argument": "1"}]}
    step = in_app_step(body="alone no more", conditions=many)
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), step))
    for _ in range(triggers):
        await virtual.accept(environment, "batched", data={})

    assert await bodies(virtual, environment) == sent


@pytest.mark.rule("E-BATCH-15", "E-BATCH-10")
async def test_a_window_longer_than_a_year_gathers_nothing(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", workflow(batch_step(), in_app_step(body=BODY)))
    path = "{steps,0,settings,batch_window,value}"
    await rewrite(virtual.database, environment, path, 366 * 24 * 3600)

    await virtual.trigger(environment, "batched", data={"n": "a"})

    assert [body_of(message) for message in await virtual.messages(environment)] == ["1: a"]


@pytest.mark.rule("E-BATCH-25")
async def test_a_window_that_closes_while_its_workflow_is_off_sends_nothing(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering())
    await virtual.trigger(environment, "batched", data={"n": "a"})
    async with virtual.database.transaction() as connection:
        await connection.execute(
            "UPDATE resources SET active = false WHERE environment_id = %s", (environment.id,)
        )

    assert await bodies(virtual, environment) == []
    assert [(run["status"], run["outcome"]) for run in await virtual.runs(environment)] == [
        ("cancelled", "workflow_inactive")
    ]
