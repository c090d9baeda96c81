"""Sends the process' spans to a collector, as the OTEL_… variables say."""

import atexit
from threading import Event, Thread

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from dispatch.tracing.exporter import BoundedExporter

LAST_SECONDS = 3
"""How long a process that ends waits for a collector to take what is left: by itself the SDK waits for 30."""


def collect(service: str) -> None:
    """From now on, and once for each process; what is left is sent as it ends."""
    named = Resource.create().merge(Resource({"service.name": service}))
    resource = named.merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(BoundedExporter(OTLPSpanExporter())))
    trace.set_tracer_provider(provider)
    # Callers' baggage would be kept in Temporal's histories: only the trace itself travels.
    propagate.set_global_textmap(TraceContextTextMapPropagator())
    _send_the_rest_at_the_end(provider)


def _send_the_rest_at_the_end(provider: TracerProvider) -> None:
    is_ending = Event()

    def last() -> None:
        is_ending.wait()
        provider.shutdown()

    # Begun now: a process that ends begins no threads.
    thread = Thread(target=last, name="last-spans", daemon=True)
    thread.start()

    def end() -> None:
        is_ending.set()
        thread.join(LAST_SECONDS)

    atexit.register(end)
