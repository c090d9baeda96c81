"""Which task queues are others', and which leave them room.

What a run does within its tasks says whose it is, in a header that Temporal does not keep. Runs of a release
before say nothing, and neither are seen nor yield.
"""

from typing import Any

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
        self._yields = yields

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Courteous(next, self._room, self._yields)

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
    def __init__(self, next: WorkflowOutboundInterceptor) -> None:
        super().__init__(next)
        self.said: dict[str, Payload] = {}

    def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:
        if self.said:
            input.headers = {**input.headers, **self.said}
        return super().start_local_activity(input)


class _Courteous(ActivityInboundInterceptor):
    """What a run does within its task takes turns; a fan-out leaves room between its starts instead."""

    def __init__(self, next: ActivityInboundInterceptor, room: Room, yields: bool) -> None:
        super().__init__(next)
        self._room = room
        self._yields = yields

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if WHOSE not in input.headers:
            return await self.next.execute_activity(input)
        whose = input.headers[WHOSE].data.decode()
        if not self._yields:
            self._room.saw(whose)
            return await self.next.execute_activity(input)
        async with self._room.turn(whose):
            return await self.next.execute_activity(input)
