import json
import logging
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from uuid import UUID

from opentelemetry.trace import NonRecordingSpan, SpanContext, use_span

from dispatch.log_lines import LogFormat, answering, performing, tell, written_to
from workflows_engine.effects.delivery import DeliverAsk

QUOTED = "duplicate key\nDETAIL:  Key (email)=(ada@example.com) already exists.\nCONTEXT:  COPY users"


class Terminal(StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def written(stream: StringIO, log_format: LogFormat, message: str, *arguments: Any, **more: Any) -> str:
    logger = logging.Logger("tocsin.test")
    logger.addHandler(written_to(stream, log_format))
    logger.warning(message, *arguments, **more)
    return stream.getvalue()


def test_a_line_is_json_with_what_is_known_about_where_it_comes_from() -> None:
    with answering("r1"):
        tell(environment="development")
        line = json.loads(written(StringIO(), "auto", "%s failed", "begin_run"))

    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "begin_run failed",
        "level": "warning",
        "logger": "tocsin.test",
        "request_id": "r1",
        "environment": "development",
    }


def test_a_terminal_is_written_to_for_people_unless_json_is_asked_for() -> None:
    told = written(Terminal(), "auto", "stopping")
    assert "stopping" in told
    assert not told.startswith("{")
    assert not written(StringIO(), "text", "stopping").startswith("{")
    assert json.loads(written(Terminal(), "json", "stopping"))["event"] == "stopping"


def test_the_row_that_postgres_quotes_is_left_out_of_sentence_and_trace() -> None:
    try:
        raise ValueError(QUOTED)
    except ValueError as error:
        told = written(StringIO(), "json", "a write failed: %s", error, exc_info=True)

    line = json.loads(told)
    assert line["event"] == "a write failed: duplicate key"
    assert "ValueError: duplicate key" in line["exception"]
    assert "ada@example.com" not in told


def test_local_variables_are_not_in_a_trace() -> None:
    secret = "sk_test_" + "x" * 8
    try:
        raise ValueError("no")
    except ValueError:
        told = written(StringIO(), "text", "failed", exc_info=True)

    assert "ValueError: no" in told
    assert secret not in told


def test_lines_of_an_effect_name_the_ids_it_asks_about() -> None:
    ask = DeliverAsk(environment_id=UUID(int=7), message_id="m1", attempt=2, now=datetime.now(UTC))

    with performing(ask):
        inside = json.loads(written(StringIO(), "json", "failed"))
    tell(environment="nobody's")
    outside = json.loads(written(StringIO(), "json", "failed"))

    known = {"environment_id": str(UUID(int=7)), "message_id": "m1"}
    assert inside.items() - outside.items() >= known.items()
    assert outside.keys() == {"event", "level", "logger", "timestamp"}


def test_lines_of_a_traced_request_or_effect_name_its_trace() -> None:
    context = SpanContext(trace_id=0xAB, span_id=0xC, is_remote=False)

    with use_span(NonRecordingSpan(context)):
        line = json.loads(written(StringIO(), "json", "failed"))
    outside = json.loads(written(StringIO(), "json", "failed"))

    assert (line["trace_id"], line["span_id"]) == ("ab".zfill(32), "c".zfill(16))
    assert "trace_id" not in outside
