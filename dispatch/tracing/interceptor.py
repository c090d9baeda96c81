"""Carries a trace through Temporal: from the call that starts a workflow to every effect it asks for."""

from typing import Any

from opentelemetry import trace
from pydantic import BaseModel
from temporalio.client import OutboundInterceptor, SignalWorkflowInput, StartWorkflowInput, WorkflowHandle
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.worker import ActivityInboundInterceptor, ActivityOutboundInterceptor, ExecuteActivityInput

from dispatch.tracing.effects import note_answer, note_ask

APART = ("Maintenance", "Schedule")
"""Workflows that live for months: each round or occurrence would grow the trace of whoever began them."""


class Tracing(TracingInterceptor):
    """Temporal's own, for what a trace leads to: it begins none.

    Spans within workflow code are made once, on the first execution, and last no time at all; they hang on
    the headers that the workflow was started with, so that it may sleep for days on any worker.
    """

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _Calls(next, super().intercept_client(next))

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Effects(next, super().intercept_activity(_Named(next)), self.header_key)


class _Calls(OutboundInterceptor):
    def __init__(self, plain: OutboundInterceptor, traced: OutboundInterceptor) -> None:
        super().__init__(plain)
        self._traced = traced

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        if _is_traced() and input.workflow not in APART:
            return await self._traced.start_workflow(input)
        return await super().start_workflow(input)

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:
        if _is_traced():
            await self._traced.signal_workflow(input)
        else:
            await super().signal_workflow(input)


class _Effects(ActivityInboundInterceptor):
    def __init__(
        self, plain: ActivityInboundInterceptor, traced: ActivityInboundInterceptor, header: str
    ) -> None:
        super().__init__(plain)
        self._traced = traced
        self._header = header

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self._traced.init(outbound)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if self._header in input.headers:
            return await self._traced.execute_activity(input)
        return await super().execute_activity(input)


class _Named(ActivityInboundInterceptor):
    """Says on the effect's span what it is about and what came of it."""

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        ask = input.args[0] if input.args else None
        if isinstance(ask, BaseModel):
            note_ask(ask)
        answer = await super().execute_activity(input)
        if isinstance(answer, BaseModel):
            note_answer(answer)
        return answer


def _is_traced() -> bool:
    return trace.get_current_span().get_span_context().is_valid
