import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dispatch.tracing.exporter import BoundedExporter, without_recipient

RUN = "1ad469d4-10d6-5050-a483-784eb4c8ff59"


@pytest.mark.parametrize(
    ("workflow_id", "told"),
    [
        (f"development/welcome/ada/{RUN}", f"development/welcome/*/{RUN}"),
        (f"development/welcome/ada/{RUN}/2", f"development/welcome/*/{RUN}/2"),
        (f"development/welcome/projects/a/b/{RUN}", f"development/welcome/*/{RUN}"),
        (f"development/welcome/{RUN}/{RUN[::-1]}", "development/welcome/*"),
        (f"development/welcome/{RUN}", f"development/welcome/{RUN}"),
        (f"delivery/welcome/ada/{RUN}", f"delivery/welcome/*/{RUN}"),
        ("development/welcome/ada~5f70bf18a0860070", "development/welcome/*"),
        ("development/welcome/ada\n/b", "*"),
        ("development/welcome/cancel-12", "development/welcome/cancel-12"),
        ("delivery/3MSj2elRgJl8jiFcfdP6wGxkr3K", "delivery/3MSj2elRgJl8jiFcfdP6wGxkr3K"),
        ("delivery/3MSj2elRgJl8jiFcfdP6wGxkr3K/1", "delivery/3MSj2elRgJl8jiFcfdP6wGxkr3K/1"),
        (f"schedule/{RUN}", f"schedule/{RUN}"),
        ("tocsin-maintenance", "tocsin-maintenance"),
    ],
)
def test_the_id_of_a_workflow_is_told_without_the_recipient_in_it(workflow_id: str, told: str) -> None:
    assert without_recipient(workflow_id) == told


def test_an_error_leaves_with_its_type_and_without_its_words() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(BoundedExporter(kept)))

    with (
        pytest.raises(ValueError, match="ada"),
        provider.get_tracer("x").start_as_current_span("a", attributes={"url.path": "/ada", "tocsin.a": "b"}),
    ):
        raise ValueError("ada@example.com is taken")

    (span,) = kept.get_finished_spans()
    (event,) = span.events
    assert dict(span.attributes or {}) == {"tocsin.a": "b"}
    assert dict(event.attributes or {}) == {"exception.type": "ValueError"}
    assert (span.status.is_ok, span.status.description) == (False, None)
