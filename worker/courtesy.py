"""Which task queues are others', and which leave them room.

What a run does within its tasks says whose it is, in a header that Temporal does not keep. Runs of a release
before say nothing, and neither are seen nor yield.
"""

from typing import Any

from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    Interceptor,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle

from dispatch.room import Room

WHOSE = "tocsin-whose"
"""The header."""


class Courtesy(Interceptor):
    """For a queue whose runs are seen, or for one whose runs yield to those."""

    def __init__(self, room: Room, *, yields: bool) -> None:
        self._room = room
        self._performs = _Yielding if yields else _Seen

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return self._performs(next, self._room)

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        return _Saying


class _Saying(WorkflowInboundInterceptor):
    """Says with all that a run does whose it is."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        self._outbound = _Outbound(outbound)
        super().init(self._outbound)

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        whose = getattr(input.args[0], "whose", None) if input.args else None
        if whose is not None:
            self._outbound.said = {WHOSE: Payload(data=whose.encode())}
        return await super().execute_workflow(input)


class _Outbound(WorkflowOutboundInterceptor):
    said: dict[str, Payload] = {}

    def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:
        if self.said:
            input.headers = {**input.headers, **self.said}
        return super().start_local_activity(input)


class _Seen(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, room: Room) -> None:
        super().__init__(next)
        self._room = room

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if WHOSE in input.headers:
            self._room.saw(input.headers[WHOSE].data.decode())
        return await self.next.execute_activity(input)


class _Yielding(ActivityInboundInterceptor):
    """What a run does within its task takes turns; a fan-out leaves room between its starts instead."""

    def __init__(self, next: ActivityInboundInterceptor, room: Room) -> None:
        super().__init__(next)
        self._room = room

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if WHOSE not in input.headers or not activity.info().is_local:
            return await self.next.execute_activity(input)
        async with self._room.turn(input.headers[WHOSE].data.decode()):
            return await self.next.execute_activity(input)
