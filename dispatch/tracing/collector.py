"""Sends the process' spans to a collector, as the OTEL_… variables say."""

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from dispatch.tracing.exporter import BoundedExporter


def collect(service: str) -> None:
    """From now on, and once for each process; what is left is sent as it ends."""
    named = Resource.create().merge(Resource({"service.name": service}))
    provider = TracerProvider(resource=named.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(BatchSpanProcessor(BoundedExporter(OTLPSpanExporter())))
    trace.set_tracer_provider(provider)
    # Callers' baggage would be kept in Temporal's histories: only the trace itself travels.
    propagate.set_global_textmap(TraceContextTextMapPropagator())
