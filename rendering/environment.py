"""Templates: Liquid source in, text out, within bounds that no template can break."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError, TemplateNotFoundError
from liquid.static_analysis import TemplateAnalysis

from rendering.context import PrintedEchoTag, PrintedOutputTag, TimedBuffer, TimedContext
from rendering.errors import TemplateError
from rendering.filters import FILTERS, UNSUPPORTED
from rendering.filters.bounded import bounded
from rendering.limits import LOOP_ITERATIONS, OUTPUT_BYTES, RENDER_SECONDS, VALUE_WEIGHT, check_source
from rendering.reserved_words import quote_reserved_words

__all__ = ["Template", "TemplateError", "parse", "render"]

# What a filter can raise over the values it is given; anything else is a fault of ours.
_VALUE_ERRORS: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class Template:
    """A parsed template. It holds no state, so that threads may share it."""

    source: str
    _bound: BoundTemplate = field(repr=False, compare=False)

    def render(
        self,
        scope: Mapping[str, object],
        *,
        now: datetime | None = None,
        seconds: float = RENDER_SECONDS,
    ) -> str:
        """The template's text for `scope`, a mapping of JSON-like values.

        `now` is what `"now"` means in it (by default the clock's). A name that the scope lacks prints
        nothing (E-TEMPLATE-6). Raises `TemplateError`, also after `seconds` of wall time.
        """
        context = _context(self._bound, scope, now or datetime.now(UTC), seconds)
        output = TimedBuffer(context, OUTPUT_BYTES)
        try:
            self._bound.render_with_context(context, output)
        except LiquidError as err:
            raise _template_error(err) from err
        except _VALUE_ERRORS as err:
            raise TemplateError(f"{type(err).__name__}: {err}") from err
        return output.getvalue()


def render(source: str, scope: Mapping[str, object], *, now: datetime | None = None) -> str:
    """Parse `source` (or take it from the cache) and render it: see `parse` and `Template.render`."""
    return parse(source).render(scope, now=now)


@lru_cache(maxsize=512)
def parse(source: str) -> Template:
    """Parse `source`.

    Raises `TemplateError` for wrong syntax and for a filter that is unknown or not supported yet.
    """
    try:
        check_source(source)
        read = quote_reserved_words(source)
        bound = _ENVIRONMENT.from_string(read)
        _check_filters(bound.analyze(include_partials=False), read)
    except LiquidError as err:
        raise _template_error(err) from err
    except RecursionError as err:
        raise TemplateError("the template is nested too deeply") from err
    return Template(source, bound)


class _Environment(Environment):
    loop_iteration_limit = LOOP_ITERATIONS
    output_stream_limit = OUTPUT_BYTES
    local_namespace_limit = VALUE_WEIGHT
    context_depth_limit = 20


def _build() -> Environment:
    environment = _Environment(strict_filters=True)
    environment.add_tag(PrintedOutputTag)
    environment.add_tag(PrintedEchoTag)
    # Knock's templates have `render` only; `include` would leak names between partials (E-TEMPLATE-11).
    del environment.tags["include"]
    filters = {**environment.filters, **FILTERS}
    environment.filters = {name: bounded(name, apply) for name, apply in filters.items()}
    return environment


_ENVIRONMENT: Final = _build()


def _context(
    bound: BoundTemplate, scope: Mapping[str, object], now: datetime, seconds: float
) -> TimedContext:
    clock = {"now": now.isoformat(), "today": now.date().isoformat()}
    context = TimedContext(bound, globals=bound.make_globals({**clock, **scope}))
    context.share_clock(time.monotonic() + seconds, now)
    return context


def _check_filters(analysis: TemplateAnalysis, source: str) -> None:
    for name, spans in analysis.filters.items():
        line = _line(source, spans[0].index)
        if name in UNSUPPORTED:
            raise TemplateError(f"the filter '{name}' is not supported yet", line)
        if name not in _ENVIRONMENT.filters:
            raise TemplateError(f"unknown filter '{name}'", line)


def _template_error(err: LiquidError) -> TemplateError:
    token = err.token
    message = _message(err)
    if token is None or token.start_index < 0:
        return TemplateError(message)
    return TemplateError(message, _line(token.source, token.start_index))


def _message(err: LiquidError) -> str:
    if isinstance(err, TemplateNotFoundError):
        return f"there is no partial '{err.message}'"
    if isinstance(err.__cause__, RecursionError):
        return "the template is nested too deeply"
    return str(err.message or type(err).__name__)


def _line(source: str, index: int) -> int:
    return source.count("\n", 0, index) + 1
