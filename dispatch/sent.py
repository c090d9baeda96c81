"""What Temporal remembers of the messages that a run sent."""

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.converter import DataConverter

from dispatch.looking import Condition, condition_of, ending_of
from dispatch.temporal import PATIENCE, Temporal
from workflows_engine import names
from workflows_engine.effects.delivery import DeliverAnswer, DeliverAsk, Delivered, deliver_message


async def sent_by(temporal: Temporal, workflow_id: str) -> list[str]:
    """The messages that this workflow, or the deliveries it handed over to, gave to a provider."""
    sent: list[str] = []
    for message_id, answer in (await _attempts(temporal, workflow_id)).items():
        if answer is Delivered.SENT or (answer in _GOES_ON and await was_delivered(temporal, message_id)):
            sent.append(message_id)
    return sent


async def was_delivered(temporal: Temporal, message_id: str, retries: int = 0) -> bool:
    """Whether the message's own workflow ended by sending it."""
    workflow_id = names.delivery_workflow(message_id, retries)
    if await condition_of(temporal, workflow_id) is not Condition.CLOSED:
        return False
    return await ending_of(temporal, workflow_id) == Delivered.SENT


_GOES_ON = (Delivered.RETRY_AFTER, Delivered.NOT_YET)


async def _attempts(temporal: Temporal, workflow_id: str) -> dict[str, Delivered]:
    """Each message that the workflow tried to deliver, and what came of it."""
    asked: dict[int, str] = {}
    answers: dict[str, Delivered] = {}
    converter = temporal.client.data_converter
    handle = temporal.client.get_workflow_handle(workflow_id)
    async for event in handle.fetch_history_events(rpc_timeout=PATIENCE):
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            ask = await _asked(converter, event)
            if ask is not None:
                asked[event.event_id] = ask.message_id
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            done = event.activity_task_completed_event_attributes
            if done.scheduled_event_id in asked:
                (answer,) = await converter.decode(done.result.payloads, [DeliverAnswer])
                answers[asked[done.scheduled_event_id]] = answer.outcome
    return answers


async def _asked(converter: DataConverter, event: HistoryEvent) -> DeliverAsk | None:
    scheduled = event.activity_task_scheduled_event_attributes
    if scheduled.activity_type.name != deliver_message.name:
        return None
    (ask,) = await converter.decode(scheduled.input.payloads, [DeliverAsk])
    return DeliverAsk.model_validate(ask)
