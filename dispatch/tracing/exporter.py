"""What of a span leaves the process: a list of what may, whatever libraries put in."""

import re
from collections.abc import Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Status
from opentelemetry.util.types import Attributes, AttributeValue

from dispatch.tracing.spans import OURS

TOLD = {
    "error.type",
    "exception.type",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "temporalRunID",
}
"""Attributes of libraries that name nobody. Paths, queries, hosts and sentences of errors may."""
WORKFLOW_ID = "temporalWorkflowID"
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OF_NOBODY = re.compile(rf"[^/]+|(?:delivery|schedule)/[^/]+(?:/\d+)?|[^/]+/[^/]+/(?:{_UUID}|cancel-\d+)")
_OF_A_RUN = re.compile(rf"([^/]+/[^/]+)/.*?({_UUID}(?:/\d+)?)?")


class BoundedExporter(SpanExporter):
    """Hands spans on to another exporter without what may be personal or secret."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([bounded(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def bounded(span: ReadableSpan) -> ReadableSpan:
    """The span with what may leave; an error keeps its type and loses its words."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_told(span.attributes),
        events=[Event(event.name, _told(event.attributes), event.timestamp) for event in span.events],
        links=[Link(link.context, _told(link.attributes)) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _told(attributes: Attributes) -> dict[str, AttributeValue]:
    told = {key: value for key, value in (attributes or {}).items() if key in TOLD or key.startswith(OURS)}
    workflow_id = (attributes or {}).get(WORKFLOW_ID)
    if isinstance(workflow_id, str):
        told[WORKFLOW_ID] = without_recipient(workflow_id)
    return told


def without_recipient(workflow_id: str) -> str:
    """`development/welcome/ada/0190…` as `development/welcome/*/0190…`."""
    if _OF_NOBODY.fullmatch(workflow_id):
        return workflow_id
    parts = _OF_A_RUN.fullmatch(workflow_id)
    return "*" if parts is None else "/".join(part for part in (parts[1], "*", parts[2]) if part)
