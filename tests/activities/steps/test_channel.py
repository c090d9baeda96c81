"""Channel steps: which channels, which destinations, which checks, in which order."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from activities.group_rules import is_in_cohort
from models.values.refs import TENANTS, RecipientRef
from tests.activities.steps.sending import Channel, Desk, office_hours, step
from tests.runs import NOON

ACME = RecipientRef(collection=TENANTS, id="acme")
NEVER = {"all": [{"variable": "recipient.id", "operator": "equal_to", "argument": "nobody"}]}
IS_ADA = ("recipient.id", "equal_to", "ada")
IS_BOB = ("recipient.id", "equal_to", "bob")
TOKEN = {"tokens": ["t1"]}


def tokens(messages: list[dict[str, Any]]) -> set[str]:
    return {message["content"]["token"] for message in messages}


# --- one message for each destination ---------------------------------------------------------------------


@pytest.mark.rule("E-CHANNEL-5", "E-CHANNEL-8")
async def test_each_token_and_each_device_gets_its_own_push(desk: Desk) -> None:
    push = await desk.channel("push")
    data = {"tokens": ["t1", "t2", "t3"], "devices": [{"token": "t3", "locale": "de"}, {"token": "t4"}]}
    await desk.address(push, data)
    run = await desk.run(step("push", push))
    answer = await desk.perform(run)
    messages = await desk.messages(run)
    assert tokens(messages) == {"t1", "t2", "t3", "t4"}
    assert set(answer.message_ids) == set(answer.to_deliver) == {message["id"] for message in messages}
    assert {line["message_id"] for line in await desk.log("message_enqueued")} == set(answer.message_ids)


@pytest.mark.rule("E-CHANNEL-5", "E-CHANNEL-8")
@pytest.mark.parametrize(
    "data",
    [
        {"target_arns": ["t1", "t2"]},
        {"devices": [{"target_arn": "t1"}, {"target_arn": "t2"}]},
        {"player_ids": ["t1", "t2"]},
    ],
)
async def test_other_vendors_names_for_devices_are_known(desk: Desk, data: dict[str, Any]) -> None:
    push = await desk.channel("push")
    await desk.address(push, data)
    assert tokens(await desk.send(step("push", push))) == {"t1", "t2"}


@pytest.mark.rule("E-CHANNEL-5", "E-CHANNEL-8")
async def test_each_chat_connection_gets_its_own_message(desk: Desk) -> None:
    chat = await desk.channel("chat")
    connections = [
        {"channel_id": "C1", "access_token": "xoxb"},
        {"user_id": "U1", "access_token": "xoxb"},
        {"incoming_webhook": {"url": "https://hooks.example.com/secret"}},
    ]
    await desk.address(chat, {"connections": connections})
    messages = await desk.send(step("chat", chat))
    assert len(messages) == 3
    snapshots = {"channel_id": {"channel_id": "C1"}, "user_id": {"user_id": "U1"}}
    for message in messages:
        connection = message["sending"]["connection"]
        assert connection in connections
        shown = {"name": "Ada", "email": None, "channel_id": None, "user_id": None}
        told = snapshots.get(next(iter(connection)), {"via_incoming_webhook": True})
        assert message["recipient_snapshot"] == shown | {"via_incoming_webhook": False} | told
    assert "xoxb" not in str([message["content"] for message in messages])
    assert "secret" not in str([message["content"] for message in messages])


@pytest.mark.rule("E-CHANNEL-16")
@pytest.mark.parametrize(
    ("own", "tenants", "token"),
    [
        ({"connections": [{"channel_id": "C"}], "token": {"access_token": "own"}}, {}, "own"),
        (
            {"connections": [{"channel_id": "C"}], "token": {"access_token": "own"}},
            {"token": {"access_token": "tenant"}},
            "tenant",
        ),
        (
            {"connections": [{"channel_id": "C", "access_token": "connection"}]},
            {"token": {"access_token": "tenant"}},
            "tenant",
        ),
        (
            {
                "connections": [{"channel_id": "C", "access_token": "connection"}],
                "token": {"access_token": "own"},
            },
            {},
            "connection",
        ),
    ],
)
async def test_the_tenant_says_with_which_token_and_the_recipient_says_where(
    desk: Desk, own: dict[str, Any], tenants: dict[str, Any], token: str
) -> None:
    chat = await desk.channel("chat")
    await desk.address(chat, own)
    if tenants:
        await desk.address(chat, tenants, ACME)
    (message,) = await desk.send(step("chat", chat), tenant_id="acme")
    assert message["sending"]["connection"] == {"channel_id": "C", "access_token": token}


@pytest.mark.rule("E-CHANNEL-16")
async def test_the_tenants_teams_tenant_is_used(desk: Desk) -> None:
    chat = await desk.channel("chat")
    await desk.address(chat, {"connections": [{"ms_teams_user_id": "U"}]})
    await desk.address(chat, {"ms_teams_tenant_id": "T"}, ACME)
    (message,) = await desk.send(step("chat", chat), tenant_id="acme")
    assert message["sending"]["connection"] == {"ms_teams_user_id": "U", "ms_teams_tenant_id": "T"}
    assert message["recipient_snapshot"]["user_id"] == "U"


@pytest.mark.rule("E-CHANNEL-3")
async def test_the_steps_addresses_win_over_the_channels_and_are_liquid(desk: Desk) -> None:
    names = ("from_address", "to_address", "cc_address", "bcc_address", "reply_to_address")
    addresses: dict[str, Any] = {name: f"channel-{name}@example.com" for name in names}
    mail = await desk.channel("email", **addresses)
    (plain,) = await desk.send(step("email", mail))
    assert plain["content"]["cc"] == "channel-cc_address@example.com"
    own = {name: f"{{{{ recipient.id }}}}-{name}@example.com" for name in names}
    (message,) = await desk.send(step("email", mail, channel_overrides=own))
    keys = {"from_address": "from", "to_address": "to", "cc_address": "cc", "bcc_address": "bcc"}
    for name in names:
        written = message["content"][keys.get(name, "reply_to")]
        assert written == f"ada-{name}@example.com"


# --- groups -----------------------------------------------------------------------------------------------


async def two_pushes(desk: Desk) -> tuple[Channel, Channel]:
    first, second = await desk.channel("push"), await desk.channel("push")
    await desk.address(first, {"tokens": ["t1"]})
    await desk.address(second, {"tokens": ["t2"]})
    return first, second


@pytest.mark.rule("E-CHANNEL-1", "E-CHANNEL-9")
@pytest.mark.parametrize(
    ("operator", "rules", "reached"),
    [
        ("any", [("always", None), ("always", None)], {"t1", "t2"}),
        ("any", [("if", IS_ADA), ("if", IS_BOB)], {"t1"}),
        ("any", [("unless", IS_ADA), ("unless", IS_BOB)], {"t2"}),
        ("any", [("if", IS_BOB), ("always", None)], {"t2"}),
        ("all", [("if", IS_ADA), ("always", None)], {"t1", "t2"}),
        ("all", [("if", IS_ADA), ("if", IS_BOB)], set()),
        ("any", [("if", IS_BOB), ("unless", IS_ADA)], set()),
    ],
)
async def test_a_group_sends_where_its_rules_say(
    desk: Desk, operator: str, rules: list[tuple[str, Any]], reached: set[str]
) -> None:
    channels = await two_pushes(desk)
    given = [(channel, *rule) for channel, rule in zip(channels, rules, strict=True)]
    key = await desk.group("push", *given, operator=operator)
    assert tokens(await desk.send(step("push", channel_group_key=key))) == reached
    if not reached:
        assert await desk.why() == "channel group no match"


@pytest.mark.rule("E-CHANNEL-9")
async def test_a_channel_of_two_rules_is_used_once(desk: Desk) -> None:
    first, _ = await two_pushes(desk)
    key = await desk.group("push", (first, "always", None), (first, "if", IS_ADA), operator="any")
    assert len(await desk.send(step("push", channel_group_key=key))) == 1


@pytest.mark.rule("E-CHANNEL-9")
async def test_a_group_without_rules_matches_nothing(desk: Desk) -> None:
    key = await desk.group("push", operator="all")
    assert await desk.send(step("push", channel_group_key=key)) == []
    assert await desk.why() == "channel group no match"


@pytest.mark.rule("E-CHANNEL-9")
async def test_a_cohort_takes_its_share_and_the_rest_goes_the_other_way(desk: Desk) -> None:
    first, second = await two_pushes(desk)
    cohort = ("recipient.id", "is_in_random_cohort", "50")
    key = await desk.group("push", (first, "if", cohort), (second, "unless", cohort), operator="any")
    expected = "t1" if is_in_cohort(key, "ada", Decimal(50)) else "t2"
    assert tokens(await desk.send(step("push", channel_group_key=key))) == {expected}


@pytest.mark.rule("E-CHANNEL-9")
def test_cohorts_are_as_large_as_they_say_and_grow_without_moving_anybody() -> None:
    people = [str(number) for number in range(4_000)]
    tenth = {one for one in people if is_in_cohort("g", one, Decimal("10"))}
    half = {one for one in people if is_in_cohort("g", one, Decimal("50"))}
    assert 330 < len(tenth) < 470
    assert 1_850 < len(half) < 2_150
    assert tenth < half
    assert not any(is_in_cohort("g", one, Decimal(0)) for one in people)
    assert all(is_in_cohort("g", one, Decimal(100)) for one in people)


@pytest.mark.rule("E-CHANNEL-10")
async def test_each_channel_of_a_group_is_checked_for_itself(desk: Desk) -> None:
    reached, homeless = await two_pushes(desk)
    await desk.address(homeless, {"tokens": []})
    unset, shut = (
        await desk.channel("push", is_configured=False),
        await desk.channel("push", conditions=NEVER),
    )
    unwanted = await desk.channel("push")
    for channel in (unset, shut, unwanted):
        await desk.address(channel, TOKEN)
    await desk.prefer({"channels": {str(unwanted.id): False}})
    rules = [(channel, "always", None) for channel in (unset, shut, homeless, unwanted, reached)]
    key = await desk.group("push", *rules, operator="any")
    (message,) = await desk.send(step("push", channel_group_key=key))
    assert message["channel_id"] == reached.id
    skipped = {line["channel"]: line["reason"] for line in await desk.log("channel_skipped")}
    assert skipped[unset.key].startswith("channel not configured")
    assert skipped[shut.key] == "conditions"
    assert skipped[homeless.key].startswith("missing recipient data")
    assert skipped[unwanted.key] == "preferences"


@pytest.mark.rule("E-CHANNEL-7", "E-CHANNEL-10")
async def test_a_group_whose_channels_all_send_nothing_skips_the_step(desk: Desk) -> None:
    first, second = await desk.channel("push"), await desk.channel("push", conditions=NEVER)
    key = await desk.group("push", (first, "always", None), (second, "always", None), operator="any")
    assert await desk.send(step("push", channel_group_key=key)) == []
    (line,) = await desk.log("step_skipped")
    assert [one["channel"] for one in line["channels"]] == [first.key, second.key]
    assert line["reason"].startswith("missing recipient data")


# --- the order of checks ----------------------------------------------------------------------------------


@pytest.mark.rule("E-CHANNEL-2", "E-CHANNEL-4", "E-CHANNEL-7", "E-COND-28")
async def test_the_first_check_that_fails_is_the_reason(desk: Desk) -> None:
    shut, nowhere = await desk.channel("push", conditions=NEVER), await desk.channel("push")
    unset = await desk.channel("push", is_configured=False)
    await desk.prefer({"channel_types": {"push": False}})
    closed = office_hours("13:00", "14:00")
    doubly_shut = step("push", unset, conditions=NEVER, send_windows=closed)
    assert await desk.skipped(doubly_shut) == "channel not configured"
    assert await desk.skipped(step("push", shut, send_windows=closed)) == "conditions"
    assert await desk.skipped(step("push", nowhere, conditions=NEVER)) == "conditions"
    assert await desk.skipped(step("push", nowhere, send_windows=closed)) == "missing recipient data"
    await desk.address(nowhere, TOKEN)
    assert await desk.skipped(step("push", nowhere, send_windows=closed)) == "preferences"
    await desk.prefer({})
    (message,) = await desk.send(step("push", nowhere, send_windows=closed))
    assert message["scheduled_at"] == NOON + timedelta(hours=1)


@pytest.mark.rule("E-COND-28", "E-COND-30")
async def test_what_step_and_channel_ask_is_told_together_with_the_verdict(desk: Desk) -> None:
    push = await desk.channel("push", conditions=NEVER)
    always = {"all": [{"variable": "recipient.id", "operator": "exists", "argument": None}]}
    assert await desk.send(step("push", push, conditions=always)) == []
    (line,) = await desk.log("step_skipped")
    told = line["conditions"]
    assert told["result"] is False
    assert [one["result"] for one in told["step"]] == [True]
    assert [one["result"] for one in told["channel"]] == [False]


@pytest.mark.rule("E-COND-30", "E-DEBUG-3")
async def test_preferences_are_told_beside_the_conditions(desk: Desk) -> None:
    push = await desk.channel("push")
    await desk.address(push, TOKEN)
    await desk.prefer({"channel_types": {"push": False}})
    assert await desk.send(step("push", push)) == []
    (line,) = await desk.log("step_skipped")
    assert line["reason"] == "preferences"
    assert line["preferences"]
    assert "conditions" not in line


@pytest.mark.rule("E-COND-22")
async def test_conditions_of_a_channel_do_not_know_how_messages_stand(desk: Desk) -> None:
    sent = {"variable": "refs.a.delivery_status", "operator": "not_equal_to", "argument": ""}
    push = await desk.channel("push", conditions={"all": [sent]})
    await desk.address(push, TOKEN)
    assert await desk.send(step("push", push)) == []
    assert await desk.why() == "conditions"


# --- sandboxes --------------------------------------------------------------------------------------------


@pytest.mark.rule("E-CHANNEL-11", "E-MSG-2", "E-TRIGGER-9")
@pytest.mark.parametrize("by_channel", [True, False])
async def test_a_sandbox_keeps_a_message_and_asks_no_channel_condition(desk: Desk, by_channel: bool) -> None:
    push = await desk.channel("push", conditions=NEVER, is_sandbox=by_channel)
    await desk.address(push, TOKEN)
    run = await desk.run(step("push", push), settings={"sandbox_mode": not by_channel})
    answer = await desk.perform(run)
    (message,) = await desk.messages(run)
    assert (message["status"], answer.to_deliver) == ("not_sent", [])
    assert message["content"]["title"] == "Hi"


@pytest.mark.rule("E-CHANNEL-11")
async def test_conditions_data_and_preferences_hold_in_a_sandbox_too(desk: Desk) -> None:
    push = await desk.channel("push", is_sandbox=True)
    assert await desk.skipped(step("push", push)) == "missing recipient data"
    await desk.address(push, TOKEN)
    assert await desk.skipped(step("push", push, conditions=NEVER)) == "conditions"
    await desk.prefer({"channel_types": {"push": False}})
    assert await desk.skipped(step("push", push)) == "preferences"


@pytest.mark.rule("E-CHANNEL-11")
async def test_a_sandboxed_message_waits_for_no_window(desk: Desk) -> None:
    push = await desk.channel("push", is_sandbox=True)
    await desk.address(push, TOKEN)
    (message,) = await desk.send(step("push", push, send_windows=office_hours("13:00")))
    assert (message["status"], message["scheduled_at"]) == ("not_sent", None)


@pytest.mark.rule("E-CHANNEL-11", "E-MSG-4")
async def test_in_app_messages_know_no_sandbox(desk: Desk) -> None:
    feed = await desk.channel("in_app_feed", is_sandbox=True)
    (message,) = await desk.send(step("in_app_feed", feed), settings={"sandbox_mode": True})
    assert message["status"] == "delivered"
