"""How API and worker write their logs: JSON lines, or for people on a terminal."""

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, TextIO

import structlog
from pydantic import BaseModel
from structlog.typing import Processor
from temporalio import activity

from dispatch.tracing.spans import trace_ids

LogFormat = Literal["auto", "json", "text"]
"""`auto` is text on a terminal and JSON anywhere else."""

NAMED = (
    "environment_id",
    "workflow_run_id",
    "recipient_run_id",
    "message_id",
    "schedule_id",
    "step_ref",
)
"""What lines are found by, where it is known: ids only, never what anything holds."""

# One dictionary and one reference: binding each id by itself costs more than many an effect.
_request: ContextVar[dict[str, str] | None] = ContextVar("request", default=None)
_ask: ContextVar[BaseModel | None] = ContextVar("ask", default=None)

# Postgres quotes the row that it refuses, with whatever people wrote into it.
_QUOTED_ROW = re.compile(r"\n(?:DETAIL|CONTEXT):[^\n]*")


def configure(log_format: LogFormat, stream: TextIO = sys.stderr) -> None:
    """Write every log of the process to `stream`, a line each; ours, the libraries' and the server's."""
    structlog.configure(
        processors=[*_PREPARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    root = logging.getLogger()
    root.handlers = [written_to(stream, log_format)]
    root.setLevel(logging.INFO)
    # It would add workflow ids to the sentence, and they hold recipients' ids; `_name_activity` adds ours.
    activity.logger.activity_info_on_message = False


def written_to(stream: TextIO, log_format: LogFormat) -> logging.Handler:
    """What writes a logger's lines to the stream."""
    wants_text = log_format == "text" or (log_format == "auto" and stream.isatty())
    as_text: Processor = structlog.dev.ConsoleRenderer(colors=stream.isatty())
    as_json: Processor = structlog.processors.JSONRenderer(default=str)
    written = logging.StreamHandler(stream)
    written.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_PREPARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                as_text if wants_text else as_json,
            ],
        )
    )
    return written


@contextmanager
def answering(request_id: str) -> Iterator[None]:
    """Lines written inside are about this request, and about what is told of it."""
    before = _request.set({"request_id": request_id})
    try:
        yield
    finally:
        _request.reset(before)


def tell(**ids: str) -> None:
    """Name these ids in further lines about the request that is being answered, if one is."""
    if (known := _request.get()) is not None:
        known.update(ids)


@contextmanager
def performing(ask: BaseModel) -> Iterator[None]:
    """Lines written inside name the ids that an effect is asked about."""
    before = _ask.set(ask)
    try:
        yield
    finally:
        _ask.reset(before)


def ids_of(ask: BaseModel) -> dict[str, str]:
    """The ids that an effect's ask names, for the lines written while it is performed."""
    found = ((name, getattr(ask, name, None)) for name in NAMED)
    return {name: str(value) for name, value in found if value is not None}


def _name_ids(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (ask := _ask.get()) is not None:
        line.update(ids_of(ask))
    line.update(_request.get() or {})
    return line


def _name_activity(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if activity.in_activity():
        info = activity.info()
        line.update(effect=info.activity_type, attempt=info.attempt, task_queue=info.task_queue)
    return line


def _name_trace(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    line.update(trace_ids())
    return line


def _leave_rows_out(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in ("event", "exception", "reason"):
        if isinstance(line.get(name), str):
            line[name] = _QUOTED_ROW.sub("", line[name])
    return line


_PREPARED: list[Processor] = [
    _name_ids,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    _name_activity,
    _name_trace,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    # Plain: other renderings print local variables, with keys and data of callers among them.
    structlog.processors.format_exc_info,
    _leave_rows_out,
]
