"""The state of one rendering: its clock, its deadline and the room it has left."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import reduce
from io import StringIO
from operator import mul
from typing import Any, Final, Protocol, TextIO, cast

from liquid import BoundTemplate, RenderContext, Token
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.echo_tag import EchoNode, EchoTag
from liquid.builtin.tags.for_tag import ForLoop
from liquid.builtin.tags.tablerow_tag import TableRow
from liquid.exceptions import (
    ContextDepthError,
    LocalNamespaceLimitError,
    ResourceLimitError,
    UndefinedError,
)
from liquid.output import LimitedStringIO
from liquid.undefined import UNDEFINED, Undefined

from rendering.content import NO_CONTENT, Content, Form
from rendering.limits import OUTPUT_BYTES, RENDER_SECONDS, VALUE_WEIGHT, weigh
from rendering.printing import to_text

PARTIALS_DEEP: Final = 5
"""How many partials may stand in one another (E-TEMPLATE-13)."""


class Reader(Protocol):
    """The environment, as something that reads templates found while rendering."""

    def read(self, source: str) -> BoundTemplate:
        """The parsed template; raises `LiquidError`."""


class TimedContext(RenderContext):
    """A render context that stops at its deadline, wherever the template then is.

    Everything that a template can repeat passes here: variables, loops, output and (by `rendering.filters`)
    filters. A partial shares the deadline of the template that renders it.
    """

    __slots__ = ("_weights", "content", "deadline", "form", "is_strict", "now", "partials_deep", "styles")

    def __init__(self, template: BoundTemplate, **options: Any) -> None:
        super().__init__(template, **options)
        parent = self.parent_context
        if isinstance(parent, TimedContext):
            self.share_clock(parent.deadline, parent.now)
            self.share_content(parent.content, parent.form, parent.styles)
        else:
            self.share_clock(time.monotonic() + RENDER_SECONDS, datetime.now(UTC))
            self.share_content(NO_CONTENT, Form.TEXT, None)
        self.partials_deep: int = getattr(parent, "partials_deep", 0)
        self.is_strict: bool = getattr(parent, "is_strict", False)
        self._weights: dict[str, int] = {}

    def share_clock(self, deadline: float, now: datetime) -> None:
        """Stop at `deadline` (of the monotonic clock), and take `now` for the time that templates read."""
        self.deadline = deadline
        self.now = now

    def share_content(self, content: Content, form: Form, styles: dict[str, None] | None) -> None:
        """Use this content. Style blocks of HTML partials are put into `styles`, or left where they are."""
        self.content = content
        self.form = form
        self.styles = styles

    @property
    def reader(self) -> Reader:
        return cast("Reader", self.env)

    def isolated(self, template: BoundTemplate, scope: Mapping[str, object]) -> "TimedContext":
        """A context that sees `scope` and the clock alone, and shares what is left of time and room."""
        limit = self.env.context_depth_limit
        if self._copy_depth > limit:
            raise ContextDepthError("templates are nested too deeply", token=None)
        clock = {"now": self.now.isoformat(), "today": self.now.date().isoformat()}
        return TimedContext(
            template,
            globals={**clock, **scope},
            parent_context=self,
            copy_depth=self._copy_depth + 1,
            loop_iteration_carry=reduce(mul, (loop.length for loop in self.loops), self.loop_iteration_carry),
            local_namespace_size_carry=self.get_size_of_locals(),
        )

    def check_defined(self, value: object) -> None:
        """Raise `UndefinedError` for what the scope lacks, where the template is strict about it."""
        if self.is_strict and isinstance(value, Undefined):
            raise UndefinedError(value.hint or f"{value.name} is undefined", token=value.token)

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
        return buffer.write(_printed(self.expression.evaluate(context), context))


class PrintedEcho(EchoNode):
    """`{% echo … %}`, printed as output is."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return buffer.write(_printed(self.expression.evaluate(context), context))


def _printed(value: object, context: RenderContext) -> str:
    if isinstance(context, TimedContext):
        context.check_defined(value)
    return to_text(value)


class PrintedOutputTag(Output):
    node_class = PrintedOutput


class PrintedEchoTag(EchoTag):
    node_class = PrintedEcho
