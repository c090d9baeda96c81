"""Hands messages to their providers: the only file that sends (D11)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from opentelemetry.trace import SpanKind
from psycopg.rows import DictRow
from pydantic import ValidationError

from activities.attempts import CONFIRMED_CONTENT, Tried, conclude, told
from activities.beating import beating
from activities.channels import filling
from activities.channels.email import PROVIDERS as EMAIL_PROVIDERS
from activities.channels.provider import EmailMessage, Provider, Receipt
from activities.channels.sink import PROVIDERS as SINKS
from activities.messages import IN_APP_CONTENT, feed_item_of, is_feed_item
from activities.patience import patiently
from activities.performs import performs
from activities.variables import secret_values, variable_values
from dispatch.starting import start_delivery
from dispatch.temporal import Temporal
from dispatch.tracing.spans import note, spanning
from dispatch.waking import wake_for_messages
from models.database import Connection, Database
from models.sealing import SealBroken, Sealer
from models.tables.channels import find_provider, seal_purpose
from models.tables.feeds import place_item
from models.tables.messages import (
    NewEvent,
    find_message,
    find_receipt,
    first_attempt_at,
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
            early = _too_late_or_early(message, ask.now)
            if early is not None:
                return early
            known = await find_receipt(connection, ask.message_id, ask.attempt)
            channel = await find_provider(connection, ask.environment_id, message["channel_id"])
        if known is not None:
            return DeliverAnswer.model_validate(known["answer"])
        if message["content"]["__typename"] in IN_APP_CONTENT:
            return await self._show(ask, message)
        async with beating():
            receipt = await self._send(message, channel)
            # What was sent must not be sent again because our own database is away for a while.
            async for attempt in patiently():
                with attempt:
                    answer = await self._write(ask, message, receipt)
        return answer

    @performs(effects.hand_over_delivery)
    async def hand_over_delivery(self, ask: HandOverAsk) -> Done:
        """Start the message's own workflow; it is started once."""
        await start_delivery(self._temporal, ask.environment_id, ask.message_id, ask.attempt, ask.due)
        return Done()

    async def _show(self, ask: DeliverAsk, message: DictRow) -> DeliverAnswer:
        """An in-app message whose window has opened: it becomes readable, and with that delivered."""
        answer, is_awaited = DeliverAnswer(outcome=Delivered.SENT), False
        kept = {"receipt": {"outcome": "sent"}, "answer": answer.model_dump(mode="json")}
        async with self._database.transaction() as connection:
            if await insert_attempt(connection, ask.message_id, ask.attempt, kept, ask.now):
                target = (ask.environment_id, ask.message_id)
                if is_feed_item(message["content"]):
                    await place_item(connection, feed_item_of(message, ask.now))
                is_awaited = await settle_attempt(
                    connection, target, MessageStatus.DELIVERED, None, final=True, now=ask.now
                )
                await insert_events(connection, *target, [NewEvent("message.delivered")], ask.now)
        await self._tell(ask, is_awaited=is_awaited)
        return answer

    async def _tell(self, ask: DeliverAsk, *, is_awaited: bool) -> None:
        """Runs that wait for what became of the message look for it now that it is committed."""
        if is_awaited:
            await wake_for_messages(self._database, self._temporal, ask.environment_id, [ask.message_id])

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
        if isinstance(provider, Receipt):
            return provider
        about = {"channel_type": channel["type"], "provider": channel["provider"]}
        with spanning("send", SpanKind.CLIENT, message_id=message["id"], **about):
            receipt = await provider.deliver(_email(message))
            note(outcome=receipt.outcome)
        return receipt

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

    async def _write(self, ask: DeliverAsk, message: DictRow, receipt: Receipt) -> DeliverAnswer:
        async with self._database.transaction() as connection:
            tried = await self._tried(connection, ask, message)
            answer = conclude(tried, receipt)
            kept = {
                "receipt": receipt.model_dump(mode="json", exclude={"logs"}),
                "answer": answer.model_dump(mode="json"),
            }
            if not await insert_attempt(connection, ask.message_id, ask.attempt, kept, ask.now):
                known = await find_receipt(connection, ask.message_id, ask.attempt)
                return DeliverAnswer.model_validate((known or {})["answer"])
            is_awaited = await _write_outcome(connection, ask, tried, receipt, answer)
        await self._tell(ask, is_awaited=is_awaited)
        return answer

    async def _tried(self, connection: Connection, ask: DeliverAsk, message: DictRow) -> Tried:
        """The attempt, counted since the message was last queued by hand."""
        before = message["attempts_before"]
        first = (
            await first_attempt_at(connection, ask.message_id, before) if ask.attempt > before + 1 else None
        )
        is_confirmed = message["content"]["__typename"] in CONFIRMED_CONTENT
        return Tried(ask.attempt - before, ask.now, first or ask.now, is_confirmed)


async def _write_outcome(
    connection: Connection, ask: DeliverAsk, tried: Tried, receipt: Receipt, answer: DeliverAnswer
) -> bool:
    """Whether a run waits for what it writes."""
    status, events = told(tried, receipt, answer)
    message = (ask.environment_id, ask.message_id)
    final = answer.outcome is not Delivered.RETRY_AFTER
    reference = receipt.provider_reference
    is_awaited = await settle_attempt(connection, message, status, reference, final=final, now=ask.now)
    await insert_events(connection, *message, events, ask.now)
    for entry in receipt.logs:
        await insert_delivery_log(connection, *message, entry.model_dump(mode="json"), ask.now)
    return is_awaited


def _too_late_or_early(message: DictRow, now: datetime) -> DeliverAnswer | None:
    """What an attempt answers that need not be made, or not yet: before the send window opens."""
    if message["settled_at"] is not None:
        outcome = SETTLED.get(MessageStatus(message["status"]), Delivered.SENT)
        return DeliverAnswer(outcome=outcome, reason="settled before")
    scheduled_at = message["scheduled_at"]
    if scheduled_at is not None and scheduled_at > now:
        return DeliverAnswer(outcome=Delivered.NOT_YET, reason="its send window is closed", due=scheduled_at)
    return None


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
