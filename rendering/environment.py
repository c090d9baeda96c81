"""Templates: Liquid source in, text out, within bounds that no template can break."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError, TemplateNotFoundError, UnknownFilterError
from liquid.static_analysis import TemplateAnalysis
from liquid.token import TOKEN_WORD, Token

from rendering.content import NO_CONTENT, Content, Form
from rendering.context import PrintedEchoTag, PrintedOutputTag, TimedBuffer, TimedContext
from rendering.errors import TemplateError
from rendering.filters import FILTERS, UNSUPPORTED
from rendering.filters.bounded import bounded
from rendering.limits import LOOP_ITERATIONS, OUTPUT_BYTES, RENDER_SECONDS, VALUE_WEIGHT, check_source
from rendering.reserved_words import quote_reserved_words
from rendering.tags import RenderPartialTag, TranslatedTag

__all__ = ["Page", "Template", "TemplateError", "parse", "render"]

_TEMPLATES_KEPT: Final = 1_000

# What a filter can raise over the values it is given; anything else is a fault of ours.
_VALUE_ERRORS: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class Page:
    """HTML as it was rendered, and the style blocks that its partials bring along, each once."""

    text: str
    styles: tuple[str, ...]


@dataclass(frozen=True)
class Template:
    """A parsed template. It holds no state, so that threads may share it."""

    source: str
    bound: BoundTemplate = field(repr=False, compare=False)

    def render(
        self,
        scope: Mapping[str, object],
        *,
        now: datetime | None = None,
        seconds: float = RENDER_SECONDS,
        content: Content = NO_CONTENT,
        form: Form = Form.TEXT,
        is_strict: bool = False,
    ) -> str:
        """The template's text for `scope`, a mapping of JSON-like values.

        `now` is what `"now"` means in it (by default the clock's). A name that the scope lacks prints
        nothing (E-TEMPLATE-6), unless the template is strict: then it may be tested and given to `default`,
        and nothing else (E-UPDATE-14). Raises `TemplateError`, also after `seconds` of wall time, which the
        partials of `content` share.
        """
        context = _context(self.bound, scope, now or datetime.now(UTC), seconds)
        context.share_content(content, form, None)
        context.is_strict = is_strict
        return _render(self.bound, context)

    def render_page(
        self,
        scope: Mapping[str, object],
        *,
        now: datetime | None = None,
        seconds: float = RENDER_SECONDS,
        content: Content = NO_CONTENT,
    ) -> Page:
        """The template as HTML, with the style blocks of its partials beside it (E-TEMPLATE-15)."""
        context = _context(self.bound, scope, now or datetime.now(UTC), seconds)
        styles: dict[str, None] = {}
        context.share_content(content, Form.HTML, styles)
        return Page(_render(self.bound, context), tuple(styles))


def render(
    source: str,
    scope: Mapping[str, object],
    *,
    now: datetime | None = None,
    content: Content = NO_CONTENT,
    form: Form = Form.TEXT,
    is_strict: bool = False,
) -> str:
    """Parse `source` (or take it from the cache) and render it: see `parse` and `Template.render`."""
    return parse(source).render(scope, now=now, content=content, form=form, is_strict=is_strict)


@lru_cache(maxsize=_TEMPLATES_KEPT)
def parse(source: str) -> Template:
    """Parse `source`.

    Raises `TemplateError` for wrong syntax and for a filter that is unknown or not supported yet.
    """
    try:
        return Template(source, _read(source))
    except LiquidError as err:
        raise _template_error(err) from err
    except RecursionError as err:
        raise TemplateError("the template is nested too deeply") from err


@lru_cache(maxsize=_TEMPLATES_KEPT)
def _read(source: str) -> BoundTemplate:
    check_source(source)
    read = quote_reserved_words(source)
    bound = _ENVIRONMENT.from_string(read)
    _check_filters(bound.analyze(include_partials=False), read)
    return bound


class _Environment(Environment):
    loop_iteration_limit = LOOP_ITERATIONS
    output_stream_limit = OUTPUT_BYTES
    local_namespace_limit = VALUE_WEIGHT
    context_depth_limit = 20

    def read(self, source: str) -> BoundTemplate:
        """A template met while rendering or parsing another one; raises `LiquidError`."""
        return _read(source)


def _build() -> Environment:
    environment = _Environment(strict_filters=True)
    for tag in (PrintedOutputTag, PrintedEchoTag, RenderPartialTag, TranslatedTag):
        environment.add_tag(tag)
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


def _render(bound: BoundTemplate, context: TimedContext) -> str:
    output = TimedBuffer(context, OUTPUT_BYTES)
    try:
        bound.render_with_context(context, output)
    except LiquidError as err:
        raise _template_error(err) from err
    except _VALUE_ERRORS as err:
        raise TemplateError(f"{type(err).__name__}: {err}") from err
    return output.getvalue()


def _check_filters(analysis: TemplateAnalysis, source: str) -> None:
    for name, spans in analysis.filters.items():
        token = Token(TOKEN_WORD, name, spans[0].index, source)
        if name in UNSUPPORTED:
            raise UnknownFilterError(f"the filter '{name}' is not supported yet", token=token)
        if name not in _ENVIRONMENT.filters:
            raise UnknownFilterError(f"unknown filter '{name}'", token=token)


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
