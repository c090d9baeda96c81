"""Hands messages to their providers: the only file that sends (D11)."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import ValidationError

from activities.beating import beating
from activities.channels import filling
from activities.channels.email import PROVIDERS as EMAIL_PROVIDERS
from activities.channels.provider import EmailMessage, Provider, Receipt
from activities.channels.sink import PROVIDERS as SINKS
from activities.patience import patiently
from activities.performs import performs
from activities.variables import secret_values, variable_values
from dispatch.starting import start_delivery
from dispatch.temporal import Temporal
from models.database import Connection, Database
from models.sealing import SealBroken, Sealer
from models.tables.channels import find_provider, seal_purpose
from models.tables.messages import (
    NewEvent,
    find_message,
    find_receipt,
    insert_attempt,
    insert_delivery_log,
    insert_events,
    settle_attempt,
)
from models.tables.variables import find_values
from models.values.kinds import MessageStatus
from rendering.errors import TemplateError
from workflows_engine import effects
from workflows_engine.effects.delivery import DeliverAnswer, DeliverAsk, Delivered, Done, HandOverAsk

MAX_ATTEMPTS = 8
"""In all, within 30 minutes (E-MSG-6)."""
FIRST_PAUSE = timedelta(seconds=10)
JITTER = 0.2
LONGEST_PAUSE = timedelta(minutes=11)

SETTLED = {
    MessageStatus.UNDELIVERED: Delivered.DEAD,
    MessageStatus.BOUNCED: Delivered.DEAD,
}
"""What a message that needs no attempt any more answers; every other settled status was a success."""


class Deliveries:
    """Performs `deliver_message` and `hand_over_delivery`."""

    def __init__(self, database: Database, temporal: Temporal, sealer: Sealer, *, sends: bool = True) -> None:
        self._database = database
        self._temporal = temporal
        self._sealer = sealer
        self._sends = sends

    @performs(effects.deliver_message)
    async def deliver_message(self, ask: DeliverAsk) -> DeliverAnswer:
        """One attempt, one receipt; the attempt's second execution hears the first's receipt.

        A worker lost between the provider's yes and our commit sends again: the mail carries the same
        Message-ID, so that its reader's program can tell.
        """
        async with self._database.connection() as connection:
            message = await find_message(connection, ask.environment_id, ask.message_id)
            if message is None:
                return DeliverAnswer(outcome=Delivered.DEAD, reason="the message has no row")
            if message["settled_at"] is not None:
                outcome = SETTLED.get(MessageStatus(message["status"]), Delivered.SENT)
                return DeliverAnswer(outcome=outcome, reason="settled before")
            known = await find_receipt(connection, ask.message_id, ask.attempt)
            channel = await find_provider(connection, ask.environment_id, message["channel_id"])
        if known is not None:
            return DeliverAnswer.model_validate(known["answer"])
        async with beating():
            receipt = await self._send(message, channel)
            # What was sent must not be sent again because our own database is away for a while.
            async for attempt in patiently():
                with attempt:
                    answer = await self._write(ask, receipt)
        return answer

    @performs(effects.hand_over_delivery)
    async def hand_over_delivery(self, ask: HandOverAsk) -> Done:
        """Start the message's own workflow; it is started once."""
        await start_delivery(self._temporal, ask.environment_id, ask.message_id, ask.attempt, ask.due)
        return Done()

    async def _send(self, message: DictRow, channel: DictRow | None) -> Receipt:
        if channel is None:
            return Receipt(
                outcome="dead", detail="the channel is not configured in this environment any more"
            )
        if not self._sends:
            return Receipt(outcome="sent", detail="recorded by a simulation; nothing was sent")
        sink = SINKS.get(channel["provider"])
        if sink is not None:
            return await sink().deliver(message["id"])
        provider = await self._provider(message["environment_id"], channel)
        return provider if isinstance(provider, Receipt) else await provider.deliver(_email(message))

    async def _provider(self, environment_id: UUID, channel: DictRow) -> Provider[EmailMessage] | Receipt:
        """The configured provider, or a dead receipt that says what to configure."""
        built = EMAIL_PROVIDERS.get(channel["provider"])
        if built is None:
            reason = f"no provider {channel['provider']} is built in this release; its channel sends nothing"
            return Receipt(outcome="dead", detail=reason)
        try:
            return built.model_validate(await self._settings(environment_id, channel))
        except ValidationError as error:
            reason = filling.told(error)
        except (SealBroken, TemplateError) as error:
            reason = str(error)
        return Receipt(
            outcome="dead", detail=f"the settings of channel {channel['key']} cannot be used: {reason}"
        )

    async def _settings(self, environment_id: UUID, channel: DictRow) -> Mapping[str, Any]:
        """Opened, and filled in with the environment's variables."""
        sealed, purpose = channel["provider_settings"], seal_purpose(channel["id"], environment_id)
        settings: Mapping[str, Any] = self._sealer.open(sealed, purpose) if sealed else {}
        if not filling.needs_filling(settings):
            return settings
        async with self._database.connection() as connection:
            row = await find_values(connection, environment_id)
        return filling.filled(settings, variable_values(row["variables"]) | secret_values(row, self._sealer))

    async def _write(self, ask: DeliverAsk, receipt: Receipt) -> DeliverAnswer:
        answer = conclude(ask, receipt)
        async with self._database.transaction() as connection:
            kept = {
                "receipt": receipt.model_dump(mode="json", exclude={"logs"}),
                "answer": answer.model_dump(mode="json"),
            }
            if not await insert_attempt(connection, ask.message_id, ask.attempt, kept, ask.now):
                known = await find_receipt(connection, ask.message_id, ask.attempt)
                return DeliverAnswer.model_validate((known or {})["answer"])
            await self._write_outcome(connection, ask, receipt, answer)
        return answer

    async def _write_outcome(
        self, connection: Connection, ask: DeliverAsk, receipt: Receipt, answer: DeliverAnswer
    ) -> None:
        status, events = told(ask, receipt, answer)
        message = (ask.environment_id, ask.message_id)
        final = answer.outcome is not Delivered.RETRY_AFTER
        await settle_attempt(
            connection, message, status, receipt.provider_reference, final=final, now=ask.now
        )
        await insert_events(connection, *message, events, ask.now)
        for entry in receipt.logs:
            await insert_delivery_log(connection, *message, entry.model_dump(mode="json"), ask.now)


def conclude(ask: DeliverAsk, receipt: Receipt) -> DeliverAnswer:
    """Whether, and when, to try again (E-MSG-6). The vendor's own words stay in our database (D23)."""
    if receipt.outcome == "sent":
        return DeliverAnswer(outcome=Delivered.SENT)
    if receipt.outcome == "dead":
        reason = (
            "the provider refused the recipient" if receipt.bounced else "the provider refused it for good"
        )
        return DeliverAnswer(outcome=Delivered.DEAD, reason=reason)
    if ask.attempt >= MAX_ATTEMPTS:
        return DeliverAnswer(outcome=Delivered.DEAD, reason=f"given up after {MAX_ATTEMPTS} attempts")
    due = next_attempt(ask.attempt, ask.now, receipt.retry_after_seconds)
    return DeliverAnswer(
        outcome=Delivered.RETRY_AFTER, reason="the provider did not take it for now", due=due
    )


def next_attempt(attempt: int, now: datetime, wish_seconds: float | None) -> datetime:
    """10 s doubled with every attempt, give or take a fifth; longer where the provider asks for it."""
    pause: timedelta = FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(1 - JITTER, 1 + JITTER)
    wished = timedelta(seconds=wish_seconds or 0)
    return now + min(max(pause, wished), LONGEST_PAUSE)


def told(ask: DeliverAsk, receipt: Receipt, answer: DeliverAnswer) -> tuple[MessageStatus, list[NewEvent]]:
    """The status an attempt leaves a message in, and the events that tell of it (E-MSG-2, E-MSG-5)."""
    if answer.outcome is Delivered.SENT:
        return MessageStatus.SENT, [NewEvent("message.sent")]
    retryable = answer.outcome is Delivered.RETRY_AFTER
    attempted = NewEvent(
        "message.delivery_attempted",
        {
            "attempt": ask.attempt,
            "max_attempts": MAX_ATTEMPTS,
            "retryable": retryable,
            "failure_details": receipt.detail,
        },
    )
    if retryable:
        return MessageStatus.DELIVERY_ATTEMPTED, [attempted]
    used_up = receipt.outcome == "retry_after"
    data = {
        "failure_reason": "retries_exhausted" if used_up else "fatal_error",
        "failure_details": receipt.detail,
    }
    status = MessageStatus.BOUNCED if receipt.bounced else MessageStatus.UNDELIVERED
    return status, [attempted, NewEvent(f"message.{status}", data)]


def _email(message: DictRow) -> EmailMessage:
    content, sending = message["content"], message["sending"] or {}
    return EmailMessage(
        message_id=message["id"],
        from_address=content["from"],
        from_name=sending.get("from_name"),
        to=content["to"],
        cc=content["cc"],
        bcc=content["bcc"],
        reply_to=content["reply_to"],
        subject=content["subject_line"],
        html_body=content["html_body"],
        text_body=content["text_body"],
        workflow_key=message["workflow_key"],
        recipient_id=message["recipient_id"],
    )
