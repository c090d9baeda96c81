"""Composed messages before they are rows: their statuses, their feed items, and how they are written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from activities.composition.composed import Composed, Occasion
from activities.flattening import flattened
from models.parts import Part
from models.tables.feeds import NewFeedItem, feed_parts
from models.tables.messages import NewMessage, events_part, message_part
from models.tables.run_events import LogLine, log_part
from models.values.kinds import ChannelType, MessageStatus
from workflows_engine.effects.steps import StepAsk
from workflows_engine.scope import RunScope

IN_APP: Final = (ChannelType.IN_APP, ChannelType.IN_APP_FEED, ChannelType.IN_APP_GUIDE)
"""Channels without a vendor: their messages are read from our own rows."""
FEED_CONTENT: Final = "MessageInAppFeedContent"
IN_APP_CONTENT: Final = (FEED_CONTENT, "MessageInAppGuideContent")

NO_SNAPSHOT: Final[dict[str, Any]] = {
    "channel_id": None,
    "email": None,
    "name": None,
    "user_id": None,
    "via_incoming_webhook": None,
}
"""The contract's `recipient_snapshot`, before a composer fills in what its channel knows."""


@dataclass(frozen=True)
class Totals:
    """How much a batch gathered, which its feed item shows."""

    actors: int
    activities: int


@dataclass(frozen=True)
class Sending:
    """How one message leaves: whether it is only kept, and the moment before which it may not go out."""

    is_sandboxed: bool = False
    scheduled_at: datetime | None = None


@dataclass(frozen=True)
class Drafted:
    """A message and the line of the run's log that tells of it."""

    message: NewMessage
    line: LogLine
    totals: Totals

    @property
    def wants_delivery(self) -> bool:
        return self.message.status == MessageStatus.QUEUED

    def parts(self, ask: StepAsk, number: int) -> list[Part]:
        """Its writes as parts of a statement; `number` keeps several messages apart."""
        message = self.message
        types = ("message.created", f"message.{message.status}")
        parts = [message_part(message), events_part(ask.environment_id, message.id, types, ask.now)]
        line = replace(self.line, step_ref=ask.step_ref, step_type="channel")
        parts.append(log_part(ask.environment_id, ask.recipient_run_id, line, ask.now))
        suffix = f"_{number}" if number else ""
        named = [replace(part, name=part.name + suffix) for part in parts] if suffix else parts
        if message.status == MessageStatus.DELIVERED and is_feed_item(message.content):
            named += feed_parts(_feed_item(message, self.totals), suffix)
        return named


def new_message(
    ask: StepAsk, occasion: Occasion, scope: RunScope, composed: Composed, sending: Sending
) -> NewMessage:
    """A message of this step; its id was drawn before rendering (E-TEMPLATE-3)."""
    standing, current = occasion.standing, scope.current_message
    assert current is not None  # the scope of an occasion always has it
    facts = standing.facts
    status = _status(occasion.channel["type"], sending)
    totals = {"total_actors": scope.total_actors, "total_activities": scope.total_activities}
    waits_for_feed = is_feed_item(composed.content) and status is MessageStatus.QUEUED
    return NewMessage(
        id=current["id"],
        environment_id=ask.environment_id,
        channel_id=occasion.channel["id"],
        recipient_collection=standing.ref.collection,
        recipient_id=standing.ref.id,
        recipient_snapshot=NO_SNAPSHOT | composed.snapshot,
        actors=[_reference(actor) for actor in scope.actors[-10:]],
        tenant_id=facts["tenant_id"],
        data=scope.data,
        source_type="workflow",
        workflow_key=standing.version.key,
        workflow_version_id=standing.version.id,
        workflow_categories=standing.version.definition.categories,
        step_ref=ask.step_ref,
        workflow_run_id=facts["workflow_run_id"],
        recipient_run_id=ask.recipient_run_id,
        window_id=facts["window_id"],
        status=status.value,
        content=composed.content,
        sending=totals if waits_for_feed else composed.sending,
        scheduled_at=sending.scheduled_at,
        settled_at=None if status is MessageStatus.QUEUED else ask.now,
        inserted_at=ask.now,
    )


def is_feed_item(content: Mapping[str, Any]) -> bool:
    """Whether this is the content of a message that stands in a feed."""
    return bool(content["__typename"] == FEED_CONTENT)


def feed_item_of(message: Mapping[str, Any], now: datetime) -> NewFeedItem:
    """The feed item of a message whose window has opened, from its row."""
    names = NewMessage.__dataclass_fields__
    row = NewMessage(**{name: message[name] for name in names})
    totals = message["sending"] or {}
    item = _feed_item(row, Totals(totals["total_actors"], totals["total_activities"]))
    return replace(item, inserted_at=now)


def _status(channel_type: str, sending: Sending) -> MessageStatus:
    """An in-app message is readable at once (E-MSG-4) and knows no sandbox (E-CHANNEL-11)."""
    if sending.is_sandboxed and channel_type not in IN_APP:
        return MessageStatus.NOT_SENT
    if sending.scheduled_at is not None or channel_type not in IN_APP:
        return MessageStatus.QUEUED
    return MessageStatus.DELIVERED


def _reference(actor: dict[str, Any]) -> Any:
    if actor["__typename"] == "User":
        return actor["id"]
    return {"id": actor["id"], "collection": actor["collection"]}


def _feed_item(message: NewMessage, totals: Totals) -> NewFeedItem:
    return NewFeedItem(
        message_id=message.id,
        environment_id=message.environment_id,
        channel_id=message.channel_id,
        user_id=message.recipient_id,
        tenant_id=message.tenant_id,
        workflow_key=message.workflow_key,
        workflow_version_id=message.workflow_version_id,
        workflow_categories=message.workflow_categories,
        recipient_run_id=message.recipient_run_id,
        window_id=message.window_id,
        actors=message.actors,
        total_actors=totals.actors,
        total_activities=totals.activities,
        data=flattened(message.data),
        blocks=message.content["blocks"],
        inserted_at=message.inserted_at,
    )
