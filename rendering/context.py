"""The state of one rendering: its clock, its deadline and the room it has left."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from typing import Any, TextIO

from liquid import BoundTemplate, RenderContext, Token
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.echo_tag import EchoNode, EchoTag
from liquid.builtin.tags.for_tag import ForLoop
from liquid.builtin.tags.tablerow_tag import TableRow
from liquid.exceptions import LocalNamespaceLimitError, ResourceLimitError
from liquid.output import LimitedStringIO
from liquid.undefined import UNDEFINED

from rendering.limits import OUTPUT_BYTES, RENDER_SECONDS, VALUE_WEIGHT, weigh
from rendering.printing import to_text


class TimedContext(RenderContext):
    """A render context that stops at its deadline, wherever the template then is.

    Everything that a template can repeat passes here: variables, loops, output and (by `rendering.filters`)
    filters. A partial shares the deadline of the template that renders it.
    """

    __slots__ = ("_weights", "deadline", "now")

    def __init__(self, template: BoundTemplate, **options: Any) -> None:
        super().__init__(template, **options)
        parent = self.parent_context
        if isinstance(parent, TimedContext):
            self.share_clock(parent.deadline, parent.now)
        else:
            self.share_clock(time.monotonic() + RENDER_SECONDS, datetime.now(UTC))
        self._weights: dict[str, int] = {}

    def share_clock(self, deadline: float, now: datetime) -> None:
        """Stop at `deadline` (of the monotonic clock), and take `now` for the time that templates read."""
        self.deadline = deadline
        self.now = now

    def check_time(self) -> None:
        """Raise `ResourceLimitError` once the deadline is past."""
        if time.monotonic() > self.deadline:
            raise ResourceLimitError("rendering took too long", token=None)

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        self.check_time()
        return super().get(path, token=token, default=default)

    def assign(self, key: str, val: Any) -> None:
        self._weights[key] = weigh(val)
        if sum(self._weights.values()) + self.local_namespace_size_carry > VALUE_WEIGHT:
            raise LocalNamespaceLimitError("the template's variables are too large", token=None)
        super().assign(key, val)

    def get_size_of_locals(self) -> int:
        return sum(self._weights.values()) + self.local_namespace_size_carry

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        written = buf.size if isinstance(buf, LimitedStringIO) else 0
        return TimedBuffer(self, OUTPUT_BYTES - written)

    @contextmanager
    def loop(self, namespace: Mapping[str, object], forloop: ForLoop | TableRow) -> Iterator[RenderContext]:
        forloop.it = self._timed(forloop.it)
        with super().loop(namespace, forloop) as context:
            yield context

    def _timed(self, items: Iterator[object]) -> Iterator[object]:
        for item in items:
            self.check_time()
            yield item


class TimedBuffer(LimitedStringIO):
    """Output that is bounded in bytes and in time."""

    def __init__(self, context: TimedContext, limit: int) -> None:
        super().__init__(limit)
        self._context = context

    def write(self, text: str, /) -> int:
        self._context.check_time()
        return super().write(text)


class PrintedOutput(OutputNode):
    """`{{ … }}`, printed by our rules instead of Python's `str`."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return buffer.write(to_text(self.expression.evaluate(context)))


class PrintedEcho(EchoNode):
    """`{% echo … %}`, printed as output is."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return buffer.write(to_text(self.expression.evaluate(context)))


class PrintedOutputTag(Output):
    node_class = PrintedOutput


class PrintedEchoTag(EchoTag):
    node_class = PrintedEcho
