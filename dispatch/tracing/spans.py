"""What a span of ours says. Free of the SDK: without a collector nothing here does anything."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind

OURS = "tocsin."
"""What attributes of ours begin with: ids, keys and outcomes, never what people wrote."""

_TRACER = trace.get_tracer("tocsin")


@contextmanager
def spanning(name: str, kind: SpanKind = SpanKind.INTERNAL, **attributes: str | int) -> Iterator[Span]:
    """A span around the block. What it raises is counted as no error here: refusals are answers."""
    given = {f"{OURS}{key}": value for key, value in attributes.items()}
    with _TRACER.start_as_current_span(
        name, kind=kind, attributes=given, record_exception=False, set_status_on_exception=False
    ) as span:
        yield span


def note(**attributes: object) -> None:
    """Say this of the current span; what is None is left out."""
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attributes(
            {f"{OURS}{key}": str(value) for key, value in attributes.items() if value is not None}
        )


def trace_ids() -> dict[str, str]:
    """The current trace and span, for lines of the log; empty where there is none."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {
        "trace_id": trace.format_trace_id(context.trace_id),
        "span_id": trace.format_span_id(context.span_id),
    }
