"""Which task queues are others', and which leave them room."""

from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from dispatch.room import Room


class Seen(Interceptor):
    """For the queue of single runs: whatever they do is seen."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Seen(next, self._room)


class Yielding(Interceptor):
    """For the queue of crowds: whatever a run of theirs does within its task takes its turn.

    A fan-out leaves room between its starts instead.
    """

    def __init__(self, room: Room) -> None:
        self._room = room

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Yielding(next, self._room)


class _Seen(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, room: Room) -> None:
        super().__init__(next)
        self._room = room

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        self._room.saw()
        return await self.next.execute_activity(input)


class _Yielding(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, room: Room) -> None:
        super().__init__(next)
        self._room = room

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if not activity.info().is_local:
            return await self.next.execute_activity(input)
        async with self._room.turn():
            return await self.next.execute_activity(input)
