"""Deliveries by mail, before a real server that does as it is told, in virtual time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from activities.delivery import Deliveries
from activities.steps.channel import ChannelSteps
from activities.versions import Versions
from dispatch.resending import resend
from models.sealing import Sealer
from tests.activities.channels.email.mail_server import MailServer, a_mail_server
from tests.builders import email_step, in_app_step, workflow
from tests.environments import TestEnvironment, make_environment
from tests.houses import SEALER, SECRET
from tests.runs import NOON, rows, write_run
from tests.virtual_time import VirtualTime
from workflows_engine.effects.delivery import DeliverAsk, Delivered

BUSY = "451 4.3.0 come back later"
HALF_AN_HOUR = timedelta(minutes=30)
EVENTS = "SELECT type, data, inserted_at FROM message_events WHERE message_id = %s ORDER BY inserted_at, id"


@dataclass(frozen=True)
class Mailing:
    """An environment whose mails go to a server of its own."""

    virtual: VirtualTime
    environment: TestEnvironment
    server: MailServer

    async def send(self, *later: Any) -> None:
        """One mail to Ada; then whatever steps are given."""
        await self.virtual.publish(self.environment, "hello", workflow(email_step(), *later))
        await self.virtual.trigger(self.environment, "hello")

    async def message(self) -> dict[str, Any]:
        found = await self.virtual.messages(self.environment)
        return next(message for message in found if message["step_ref"] == "email_1")

    async def events(self) -> list[dict[str, Any]]:
        """What happened to the mail, as its log tells it."""
        message = await self.message()
        return await rows(self.virtual.database, EVENTS, message["id"])


@pytest.fixture
async def mailing(virtual: VirtualTime) -> AsyncIterator[Mailing]:
    async with a_mail_server() as server:
        environment = await make_environment(virtual.database, Sealer(SECRET), server.port)
        yield Mailing(virtual, environment, server)


@pytest.mark.rule("E-MSG-2", "E-MSG-5", "E-MSG-6", "E-LIMITS-24")
async def test_a_busy_server_is_tried_eight_times_within_half_an_hour(mailing: Mailing) -> None:
    mailing.server.answers["DATA"] = BUSY
    await mailing.send()

    await mailing.virtual.pass_time(mailing.environment, HALF_AN_HOUR)

    message, events = await mailing.message(), await mailing.events()
    assert (message["status"], message["attempts"]) == ("undelivered", 8)
    assert message["settled_at"] - message["inserted_at"] < HALF_AN_HOUR
    attempted = [event["data"] for event in events if event["type"] == "message.delivery_attempted"]
    assert [one["attempt"] for one in attempted] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [one["retryable"] for one in attempted] == [True] * 7 + [False]
    assert {one["max_attempts"] for one in attempted} == {8}
    assert events[-1]["type"] == "message.undelivered"
    assert events[-1]["data"]["failure_reason"] == "retries_exhausted"
    assert "451" in events[-1]["data"]["failure_details"]


async def test_words_of_a_server_that_cannot_be_stored_do_not_send_a_mail_again(mailing: Mailing) -> None:
    mailing.server.answers["DATA"] = "554 5.0.0 no\x00thing"
    await mailing.send()

    message = await mailing.message()
    assert (message["status"], message["attempts"]) == ("undelivered", 1)
    assert "no\ufffdthing" in str(await mailing.events())


@pytest.mark.rule("E-MSG-6")
async def test_each_pause_is_about_twice_the_one_before(mailing: Mailing) -> None:
    mailing.server.answers["DATA"] = BUSY
    await mailing.send()

    await mailing.virtual.pass_time(mailing.environment, HALF_AN_HOUR)

    tried = [e["inserted_at"] for e in await mailing.events() if e["type"] == "message.delivery_attempted"]
    pauses = [(b - a).total_seconds() for a, b in pairwise(tried)]
    expected = [10 * 2**n for n in range(7)]
    assert [
        0.8 * wanted <= pause <= 1.2 * wanted + 1 for pause, wanted in zip(pauses, expected, strict=True)
    ] == [True] * 7


@pytest.mark.rule("E-MSG-6")
async def test_a_server_that_recovers_at_the_third_attempt_gets_one_mail(mailing: Mailing) -> None:
    mailing.server.answers["DATA"] = BUSY
    await mailing.send()
    await mailing.virtual.pass_time(mailing.environment, timedelta(seconds=15))
    assert (await mailing.message())["attempts"] == 2
    del mailing.server.answers["DATA"]

    await mailing.virtual.pass_time(mailing.environment, HALF_AN_HOUR)

    message = await mailing.message()
    assert (message["status"], message["attempts"]) == ("sent", 3)
    assert mailing.server.mail()["To"] == "ada@example.com"
    assert [event["type"] for event in await mailing.events()] == [
        "message.created",
        "message.queued",
        "message.delivery_attempted",
        "message.delivery_attempted",
        "message.sent",
    ]


@pytest.mark.rule("E-MSG-2")
async def test_a_refused_recipient_bounces_at_once(mailing: Mailing) -> None:
    mailing.server.answers["RCPT ada@example.com"] = "550 5.1.1 no such user"
    await mailing.send()

    message, events = await mailing.message(), await mailing.events()
    assert (message["status"], message["attempts"]) == ("bounced", 1)
    assert events[-1]["type"] == "message.bounced"
    assert "550" in events[-1]["data"]["failure_details"]
    await mailing.virtual.pass_time(mailing.environment, HALF_AN_HOUR)
    assert await mailing.events() == events


async def test_the_vendors_words_are_told_in_the_log_and_never_to_temporal(mailing: Mailing) -> None:
    virtual, environment = mailing.virtual, mailing.environment
    refusal = "550 5.1.1 <ada@example.com>: no such user"
    mailing.server.answers["RCPT ada@example.com"] = refusal
    await virtual.publish(environment, "hello", workflow(email_step()))
    run = await write_run(virtual.database, environment, "hello")
    composed = await ChannelSteps(virtual.database, Versions(SEALER)).compose_messages(run.ask("email_1"))
    (message_id,) = composed.to_deliver
    ask = DeliverAsk(environment_id=environment.id, message_id=message_id, attempt=1, now=NOON)

    answer = await Deliveries(virtual.database, virtual.temporal, Sealer(SECRET)).deliver_message(ask)

    assert answer.outcome is Delivered.DEAD
    assert answer.reason
    for word in ("ada@example.com", "550", "no such user"):
        assert word not in answer.model_dump_json()
    (bounced,) = [one for one in await mailing.events() if one["type"] == "message.bounced"]
    assert "<ada@example.com>: no such user" in bounced["data"]["failure_details"]


@pytest.mark.rule("E-MSG-2", "E-MSG-5")
async def test_a_refused_mail_is_given_up_at_once(mailing: Mailing) -> None:
    mailing.server.answers["DATA"] = "554 5.6.0 not like this"
    await mailing.send()

    message, events = await mailing.message(), await mailing.events()
    assert (message["status"], message["attempts"]) == ("undelivered", 1)
    assert events[-1]["data"]["failure_reason"] == "fatal_error"


@pytest.mark.rule("E-RUN-5")
async def test_a_run_goes_on_and_completes_while_its_mail_is_tried_again(mailing: Mailing) -> None:
    mailing.server.answers["DATA"] = BUSY
    await mailing.send(in_app_step())

    (run,) = await mailing.virtual.runs(mailing.environment)
    assert (run["status"], run["outcome"]) == ("completed", "finished")
    statuses = {one["step_ref"]: one["status"] for one in await mailing.virtual.messages(mailing.environment)}
    assert statuses == {"email_1": "delivery_attempted", "in_app_1": "delivered"}


@pytest.mark.rule("E-CANCEL-3")
async def test_a_cancel_does_not_recall_a_mail_that_is_tried_again(mailing: Mailing) -> None:
    mailing.server.answers["DATA"] = BUSY
    await mailing.virtual.publish(mailing.environment, "hello", workflow(email_step()))
    await mailing.virtual.trigger(mailing.environment, "hello", cancellation_key="k")
    await mailing.virtual.cancel(mailing.environment, "hello", "k")
    del mailing.server.answers["DATA"]

    await mailing.virtual.pass_time(mailing.environment, HALF_AN_HOUR)

    assert (await mailing.message())["status"] == "sent"


@pytest.mark.rule("E-MSG-9")
async def test_an_undelivered_mail_is_sent_again_by_hand_with_eight_more_attempts(mailing: Mailing) -> None:
    virtual, environment = mailing.virtual, mailing.environment
    mailing.server.answers["DATA"] = "554 5.6.0 not like this"
    await mailing.send()
    given_up = await mailing.message()
    mailing.server.answers["DATA"] = BUSY

    async def again() -> bool:
        now = await virtual.now()
        return await resend(virtual.database, virtual.temporal, environment.id, given_up["id"], now)

    assert await again()
    assert not await again()
    await virtual.pass_time(environment, HALF_AN_HOUR)

    message, events = await mailing.message(), await mailing.events()
    assert (message["status"], message["attempts"]) == ("undelivered", 9)
    queued = [index for index, event in enumerate(events) if event["type"] == "message.queued"][-1]
    later = [e["data"]["attempt"] for e in events[queued:] if e["type"] == "message.delivery_attempted"]
    assert later == [1, 2, 3, 4, 5, 6, 7, 8]

    del mailing.server.answers["DATA"]
    assert await again()
    await virtual.idle(environment)
    message = await mailing.message()
    assert (message["status"], message["attempts"], message["retries"]) == ("sent", 10, 2)
    assert not await again()
