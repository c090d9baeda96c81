"""Batches that slide, end when data says, flush their first item, fill up, or follow the latest version."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from tests.builders import batch_step, in_app_step, workflow
from tests.committing import rewrite
from tests.environments import TestEnvironment
from tests.rules.reading import body_of
from tests.virtual_time import VirtualTime
from workflows_engine.definition import WorkflowDefinition

BODY = "{{ total_activities }}: {% for a in activities %}{{ a.n }}{% endfor %}"
HOUR = 3600


def gathering(seconds: int = 600, *, body: str = BODY, **settings: Any) -> dict[str, Any]:
    return workflow(batch_step(seconds=seconds, **settings), in_app_step(body=body))


def until(path: str, *, body: str = BODY, **settings: Any) -> dict[str, Any]:
    """A batch that ends when the data says."""
    step = {"type": "batch", "ref": "batch_1", "settings": {"batch_until_field_path": path, **settings}}
    return workflow(step, in_app_step(body=body))


def lasting(value: int, unit: str = "seconds") -> dict[str, Any]:
    return {"unit": unit, "value": value}


async def bodies(virtual: VirtualTime, environment: TestEnvironment) -> list[str]:
    return [body_of(message) for message in await virtual.messages(environment)]


@pytest.mark.rule("E-BATCH-11", "E-BATCH-12", "E-BATCH-34")
@pytest.mark.parametrize(
    ("window", "limit", "arrivals", "closes"),
    [
        pytest.param(60, HOUR, [30], 90, id="half a minute later it slides by as much"),
        pytest.param(12 * HOUR, 24 * HOUR, [6 * HOUR], 18 * HOUR, id="below the limit"),
        pytest.param(12 * HOUR, 24 * HOUR, [6 * HOUR, 13 * HOUR], 24 * HOUR, id="up to the limit"),
        pytest.param(12 * HOUR, 24 * HOUR, [6 * HOUR, 13 * HOUR, 16 * HOUR], 24 * HOUR, id="never beyond"),
        pytest.param(24 * HOUR, 12 * HOUR, [HOUR], 12 * HOUR, id="a smaller limit shortens"),
        pytest.param(24 * HOUR, 12 * HOUR, [23 * HOUR], 23 * HOUR, id="a limit that is past closes at once"),
        pytest.param(24 * HOUR, 1, [], 24 * HOUR, id="one item alone has the whole window"),
    ],
)
async def test_a_sliding_window_closes_after_the_last_arrival_but_within_its_limit(
    virtual: VirtualTime,
    environment: TestEnvironment,
    window: int,
    limit: int,
    arrivals: list[int],
    closes: int,
) -> None:
    sliding: dict[str, Any] = {"batch_window_type": "sliding", "batch_window_extension_limit": lasting(limit)}
    await virtual.publish(environment, "batched", gathering(window, **sliding))
    opened = await virtual.now()
    await virtual.trigger(environment, "batched", data={"n": 0})
    passed = 0
    for n, at in enumerate(arrivals, start=1):
        await virtual.pass_time(environment, timedelta(seconds=at - passed))
        passed = at
        await virtual.trigger(environment, "batched", data={"n": n})
    await virtual.pass_time(environment, timedelta(seconds=closes - passed + 5))

    (message,) = await virtual.messages(environment)
    late = message["inserted_at"] - opened - timedelta(seconds=closes)
    assert timedelta(seconds=-1) <= late < timedelta(seconds=10)
    assert body_of(message).startswith(f"{len(arrivals) + 1}: ")


@pytest.mark.rule("E-BATCH-14")
async def test_a_window_closes_as_soon_as_it_is_full_and_the_next_item_opens_another(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering(batch_items_max_limit=3))
    for n in range(7):
        await virtual.trigger(environment, "batched", data={"n": n})
    await virtual.idle(environment)
    assert await bodies(virtual, environment) == ["3: 012", "3: 345"]

    await virtual.pass_time(environment, timedelta(minutes=11))
    assert await bodies(virtual, environment) == ["3: 012", "3: 345", "1: 6"]
    closed = await virtual.log(environment, "batch_closed")
    assert [line["data"]["reason"] for line in closed] == ["max items", "max items", "window elapsed"]


@pytest.mark.rule("E-BATCH-14")
async def test_a_cancelled_item_does_not_fill_a_window(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering(batch_items_max_limit=3))
    for n in range(2):
        await virtual.trigger(environment, "batched", data={"n": n}, cancellation_key=f"c{n}")
    await virtual.cancel(environment, "batched", "c1")
    await virtual.trigger(environment, "batched", data={"n": 2})
    assert await bodies(virtual, environment) == []

    await virtual.trigger(environment, "batched", data={"n": 3})
    assert await bodies(virtual, environment) == ["3: 023"]


@pytest.mark.rule("E-BATCH-20", "E-BATCH-21")
async def test_a_flushed_leader_goes_on_at_once_and_the_others_are_gathered(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering(batch_execution_mode="flush_leading"))
    for n in range(3):
        await virtual.trigger(environment, "batched", data={"n": n})
    assert await bodies(virtual, environment) == ["1: 0"]

    await virtual.pass_time(environment, timedelta(minutes=11))
    assert await bodies(virtual, environment) == ["1: 0", "2: 12"]
    assert [run["outcome"] for run in await virtual.runs(environment)] == ["finished", "finished", "absorbed"]
    (flushed,) = await virtual.log(environment, "batch_leader_flushed")
    assert flushed["step_ref"] == "batch_1"


@pytest.mark.rule("E-BATCH-20")
async def test_a_leader_that_nobody_follows_leaves_nothing_behind(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering(batch_execution_mode="flush_leading"))
    await virtual.trigger(environment, "batched", data={"n": 0})
    await virtual.pass_time(environment, timedelta(minutes=11))
    await virtual.trigger(environment, "batched", data={"n": 1})

    assert await bodies(virtual, environment) == ["1: 0", "1: 1"]


@pytest.mark.rule("E-BATCH-14", "E-BATCH-20")
async def test_the_flushed_leader_does_not_count_towards_the_limit(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    settings: dict[str, Any] = {"batch_execution_mode": "flush_leading", "batch_items_max_limit": 2}
    await virtual.publish(environment, "batched", gathering(**settings))
    for n in range(3):
        await virtual.trigger(environment, "batched", data={"n": n})

    assert await bodies(virtual, environment) == ["1: 0", "2: 12"]


@pytest.mark.rule("E-CANCEL-9")
async def test_the_second_items_key_cancels_what_goes_on_behind_a_flushed_leader(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering(batch_execution_mode="flush_leading"))
    for n in range(2):
        await virtual.trigger(environment, "batched", data={"n": n}, cancellation_key=f"c{n}")
    await virtual.cancel(environment, "batched", "c0")
    await virtual.cancel(environment, "batched", "c1")
    await virtual.pass_time(environment, timedelta(minutes=11))

    assert await bodies(virtual, environment) == ["1: 0"]


@pytest.mark.rule("E-BATCH-8")
async def test_a_window_ends_when_its_openers_data_says_and_later_values_change_nothing(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", until("data.ends"))
    opened = await virtual.now()
    ends = (opened + timedelta(hours=2)).isoformat()
    await virtual.trigger(environment, "batched", data={"n": 0, "ends": ends})
    for n, other in enumerate([(opened + timedelta(hours=9)).isoformat(), "nonsense", None], start=1):
        await virtual.trigger(environment, "batched", data={"n": n, "ends": other})
    await virtual.pass_time(environment, timedelta(hours=2, seconds=5))

    assert await bodies(virtual, environment) == ["4: 0123"]


@pytest.mark.rule("E-BATCH-8", "E-DELAY-13")
@pytest.mark.parametrize(
    ("value", "hours"),
    [({"unit": "hours", "value": 3}, 3), ('{"unit": "hours", "value": 3}', 3)],
    ids=["duration", "duration as JSON text"],
)
async def test_a_window_may_be_a_duration_in_the_recipients_properties(
    virtual: VirtualTime, environment: TestEnvironment, value: Any, hours: int
) -> None:
    await virtual.publish(environment, "batched", until("recipient.window"))
    await virtual.trigger(environment, "batched", {"id": "ada", "window": value}, data={"n": 0})
    await virtual.pass_time(environment, timedelta(hours=hours, seconds=-30))
    assert await bodies(virtual, environment) == []
    await virtual.pass_time(environment, timedelta(seconds=40))
    assert await bodies(virtual, environment) == ["1: 0"]


@pytest.mark.rule("E-BATCH-9")
@pytest.mark.parametrize("offset", [-1, 1])
async def test_a_relative_window_ends_before_or_after_the_time_in_the_data(
    virtual: VirtualTime, environment: TestEnvironment, offset: int
) -> None:
    await virtual.publish(environment, "batched", until("data.ends", batch_window=lasting(offset, "hours")))
    ends = (await virtual.now() + timedelta(hours=5)).isoformat()
    await virtual.trigger(environment, "batched", data={"n": 0, "ends": ends})
    await virtual.pass_time(environment, timedelta(hours=5 + offset, seconds=-30))
    assert await bodies(virtual, environment) == []
    await virtual.pass_time(environment, timedelta(seconds=40))
    assert await bodies(virtual, environment) == ["1: 0"]


@pytest.mark.rule("E-BATCH-10")
@pytest.mark.parametrize(
    "ends", [None, "", "soon", 5, "2020-01-01T00:00:00Z", {"unit": "fortnights", "value": 1}, "2090-01-01"]
)
async def test_a_window_that_cannot_be_told_lets_the_run_go_on_alone_and_says_so(
    virtual: VirtualTime, environment: TestEnvironment, ends: Any
) -> None:
    await virtual.publish(environment, "batched", until("data.ends"))
    await virtual.trigger(environment, "batched", data={"n": 0, "ends": ends})

    assert await bodies(virtual, environment) == ["1: 0"]
    (line,) = await virtual.log(environment, "step_skipped")
    assert line["status"] == "error"
    assert "data.ends" in line["data"]["reason"]


@pytest.mark.rule("E-BATCH-13")
async def test_a_sliding_window_takes_each_arrivals_own_value_and_ignores_a_broken_one(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    sliding: dict[str, Any] = {
        "batch_window_type": "sliding",
        "batch_window_extension_limit": lasting(24, "hours"),
    }
    await virtual.publish(environment, "batched", until("data.w", **sliding))
    await virtual.trigger(environment, "batched", data={"n": 0, "w": lasting(1, "hours")})
    await virtual.trigger(environment, "batched", data={"n": 1, "w": lasting(3, "hours")})
    await virtual.trigger(environment, "batched", data={"n": 2, "w": "broken"})
    await virtual.pass_time(environment, timedelta(hours=2, minutes=59))
    assert await bodies(virtual, environment) == []
    await virtual.pass_time(environment, timedelta(minutes=2))
    assert await bodies(virtual, environment) == ["3: 012"]


@pytest.mark.rule("E-BATCH-4")
async def test_triggers_under_two_tenants_share_a_window_unless_the_key_names_the_tenant(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "shared", gathering())
    await virtual.publish(environment, "apart", gathering(key="{{ tenant.id }}"))
    for key in ("shared", "apart"):
        for n, tenant in enumerate(("acme", "umbrella")):
            await virtual.trigger(environment, key, tenant=tenant, data={"n": n})
    await virtual.pass_time(environment, timedelta(minutes=11))

    found = [(m["workflow_key"], m["tenant_id"], body_of(m)) for m in await virtual.messages(environment)]
    assert sorted(found) == [
        ("apart", "acme", "1: 0"),
        ("apart", "umbrella", "1: 1"),
        ("shared", "acme", "2: 01"),
    ]


@pytest.mark.rule("E-BATCH-15")
async def test_no_window_is_longer_than_a_year(virtual: VirtualTime, environment: TestEnvironment) -> None:
    await virtual.publish(environment, "batched", gathering(HOUR))
    path = "{steps,0,settings,batch_window,value}"
    await rewrite(virtual.database, environment, path, 366 * 24 * HOUR)
    await virtual.trigger(environment, "batched", data={"n": 0})

    assert await bodies(virtual, environment) == ["1: 0"]


async def test_an_arrival_at_the_due_time_opens_the_next_window(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", until("data.ends"))
    ends = datetime.now(UTC) + timedelta(days=30)
    await virtual.trigger(environment, "batched", data={"n": 0, "ends": ends.isoformat()})
    await virtual.pass_time(environment, ends - await virtual.now() + timedelta(seconds=1))
    await virtual.trigger(
        environment, "batched", data={"n": 1, "ends": (ends + timedelta(days=1)).isoformat()}
    )
    await virtual.pass_time(environment, timedelta(days=2))

    assert await bodies(virtual, environment) == ["1: 0", "1: 1"]


@pytest.mark.rule("E-BATCH-19")
async def test_of_two_batches_in_a_row_the_second_sees_one_activity_a_window(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    latest: dict[str, Any] = {"workflow_version_mode": "latest"}
    twice = [batch_step("one", seconds=60, **latest), batch_step("two", seconds=60, **latest)]
    await virtual.publish(
        environment, "batched", workflow(*twice, in_app_step(body="{{ total_activities }}"))
    )
    for n in range(3):
        await virtual.trigger(environment, "batched", data={"n": n})
    await virtual.pass_time(environment, timedelta(minutes=3))

    assert await bodies(virtual, environment) == ["1"]


@pytest.mark.rule("E-BATCH-18", "E-LIMITS-17")
async def test_activities_stand_in_the_order_in_which_their_triggers_were_accepted(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering(body=BODY, batch_items_render_limit=20))
    for n in range(20):
        # Not waiting: the runs reach the step in any order.
        await virtual.accept(environment, "batched", data={"n": chr(97 + n)})
    await virtual.pass_time(environment, timedelta(minutes=11))

    assert await bodies(virtual, environment) == ["20: abcdefghijklmnopqrst"]


@pytest.mark.rule("E-BATCH-27", "E-RUN-2")
async def test_a_run_that_gathers_is_paused_and_an_absorbed_one_names_it(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", gathering())
    for n in range(2):
        await virtual.trigger(environment, "batched", data={"n": n})

    owner, absorbed = await virtual.runs(environment)
    assert (owner["status"], absorbed["outcome"]) == ("paused", "absorbed")
    (joined,) = await virtual.log(environment, "batch_joined")
    assert joined["recipient_run_id"] == absorbed["id"]
    assert joined["data"]["owner_run_id"] == str(owner["id"])
    (opened,) = await virtual.log(environment, "batch_opened")
    assert opened["data"]["window_type"] == "fixed"


@pytest.mark.rule("E-BATCH-2", "E-LIMITS-14", "E-LIMITS-15", "E-BATCH-11", "E-BATCH-14")
@pytest.mark.parametrize(
    ("settings", "is_valid"),
    [
        ({"batch_items_render_limit": 1}, True),
        ({"batch_items_render_limit": 100}, True),
        ({"batch_items_render_limit": 0}, False),
        ({"batch_items_render_limit": 101}, False),
        ({"batch_items_max_limit": 2}, True),
        ({"batch_items_max_limit": 1000}, True),
        ({"batch_items_max_limit": 1}, False),
        ({"batch_items_max_limit": 1001}, False),
        ({"batch_window_type": "sliding"}, False),
    ],
)
def test_limits_outside_their_range_are_refused(settings: dict[str, Any], is_valid: bool) -> None:
    content = gathering(**settings)
    if is_valid:
        WorkflowDefinition.model_validate(content)
    else:
        with pytest.raises(ValidationError):
            WorkflowDefinition.model_validate(content)
