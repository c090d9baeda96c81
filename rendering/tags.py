"""Our tags: `{% render 'key', name: value %}` and `{% t %}…{% endt %}`."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, TextIO, cast

from liquid import BoundTemplate, Node, RenderContext, Tag, Token
from liquid.builtin.expressions import (
    Filter,
    FilteredExpression,
    KeywordArgument,
    StringLiteral,
    parse_primitive,
)
from liquid.builtin.tags.render_tag import BIND_TAGS, RenderNode
from liquid.exceptions import LiquidError, LiquidSyntaxError, TemplateNotFoundError
from liquid.stream import TokenStream
from liquid.token import (
    TOKEN_COLON,
    TOKEN_COMMA,
    TOKEN_EOF,
    TOKEN_EXPRESSION,
    TOKEN_PIPE,
    TOKEN_TAG,
    TOKEN_WORD,
)

from rendering.content import Form, Partial
from rendering.context import PARTIALS_DEEP, Reader, TimedContext
from rendering.errors import TemplateError
from rendering.inputs import inputs
from rendering.markdown import to_html
from rendering.styles import split_styles

_BRACES: Final = re.compile(r"\{%-?\s*\Z")


class PartialError(LiquidError):
    """A partial could not be rendered; the token is that of the tag which renders it."""


class RenderPartialNode(RenderNode):
    """A published partial in its own scope: the values given, and `vars.branding` (E-TEMPLATE-11)."""

    __slots__ = ()

    @property
    def key(self) -> str:
        return cast("StringLiteral", self.name).value

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        context = cast("TimedContext", context)
        partial = context.content.partials.get(self.key)
        if partial is None:
            raise TemplateNotFoundError(self.key, token=self.name.token)
        if context.partials_deep >= PARTIALS_DEEP:
            raise PartialError(f"partials are nested more than {PARTIALS_DEEP} deep", token=self.token)
        given = {arg.name: arg.value.evaluate(context) for arg in self.args}
        try:
            scope = {"vars": {"branding": _branding(context)}, **inputs(partial, given)}
            text = _render(partial, context, scope)
        except PartialError:
            raise
        except (LiquidError, TemplateError) as err:
            raise PartialError(f"in the partial '{self.key}': {_message(err)}", token=self.token) from err
        return buffer.write(text)


class RenderPartialTag(Tag):
    """Refuses the modifiers that Knock's `render` does not have, and keys that are not written out."""

    name = "render"
    block = False

    def parse(self, stream: TokenStream) -> Node:
        token = stream.eat(TOKEN_TAG)
        tokens = stream.into_inner(tag=token, eat=False)
        key = parse_primitive(self.env, tokens)
        if not isinstance(key, StringLiteral):
            raise LiquidSyntaxError("the key of a partial stands in quotes", token=token)
        if tokens.current.kind in BIND_TAGS:
            raise LiquidSyntaxError(f"'render' has no modifier '{tokens.current.value}'", token=token)
        args = []
        while tokens.current.kind != TOKEN_EOF:
            if tokens.current.kind == TOKEN_COMMA:
                next(tokens)
            else:
                args.append(self._argument(tokens))
        return RenderPartialNode(token, key, args=args)

    def _argument(self, tokens: TokenStream) -> KeywordArgument:
        """A name and its value, which may pass through filters, e.g. `items: data.items | json`."""
        name = tokens.eat(TOKEN_WORD)
        tokens.eat(TOKEN_COLON)
        value = parse_primitive(self.env, tokens)
        filters = Filter.parse(self.env, tokens, delim=(TOKEN_PIPE,))
        return KeywordArgument(name, name.value, FilteredExpression(value.token, value, filters))


class TranslatedNode(Node):
    """A text that is its own key; its translation is a template of the whole scope (E-TEMPLATE-30)."""

    __slots__ = ("_template", "text")

    def __init__(self, token: Token, text: str, template: BoundTemplate) -> None:
        super().__init__(token)
        self.text = text
        self._template = template
        self.blank = False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        context = cast("TimedContext", context)
        found = context.content.dictionary.find_text(self.text)
        template = self._template if found is None else context.reader.read(found)
        template.render_with_context(context, buffer, partial=True, block_scope=True)
        return True

    def children(self, static_context: RenderContext, *, include_partials: bool = True) -> Iterable[Node]:
        yield from self._template.nodes


class TranslatedTag(Tag):
    """Takes what stands between its two tags word for word."""

    block = True
    name = "t"
    end = "endt"

    def parse(self, stream: TokenStream) -> Node:
        token = stream.eat(TOKEN_TAG)
        if not _BRACES.search(token.source, max(0, token.start_index - 200), token.start_index):
            raise LiquidSyntaxError("the tag 't' stands in braces of its own", token=token)
        if stream.current.kind == TOKEN_EXPRESSION:
            raise LiquidSyntaxError("the tag 't' takes no arguments", token=stream.current)
        while not stream.current.is_tag(self.end):
            if stream.current.kind == TOKEN_EOF:
                raise LiquidSyntaxError("'t' is never closed", token=token)
            if stream.current.is_tag(self.name):
                raise LiquidSyntaxError("the tag 't' cannot stand in itself", token=token)
            next(stream)
        text = _between(token, stream.current)
        try:
            template = cast("Reader", self.env).read(text)
        except LiquidError as err:
            raise LiquidSyntaxError(_message(err), token=token) from err
        return TranslatedNode(token, text, template)


def _between(opening: Token, closing: Token) -> str:
    """The source between two tags, without the white space that `-%}` and `{%-` take away."""
    source = opening.source
    start = source.index("%}", opening.start_index)
    end = source.rindex("{%", 0, closing.start_index)
    text = source[start + 2 : end]
    if source[start - 1] == "-":
        text = text.lstrip()
    return text.rstrip() if source[end + 2] == "-" else text


def _branding(context: TimedContext) -> object:
    variables = context.globals.get("vars")
    return variables.get("branding") if isinstance(variables, Mapping) else None


def _render(partial: Partial, context: TimedContext, scope: Mapping[str, object]) -> str:
    content = partial.content
    if partial.type == "html" and context.styles is not None:
        content, styles = split_styles(content)
        for style in styles:
            context.styles.setdefault(_render_inside(style, context, scope))
    text = _render_inside(content, context, scope)
    return to_html(text) if partial.type == "markdown" and context.form is Form.HTML else text


def _render_inside(source: str, context: TimedContext, scope: Mapping[str, object]) -> str:
    template = context.reader.read(source)
    inner = context.isolated(template, scope)
    inner.partials_deep += 1
    output = inner.get_buffer()
    template.render_with_context(inner, output, partial=True, block_scope=True)
    return output.getvalue()


def _message(err: LiquidError | TemplateError) -> str:
    return str(err.message or type(err).__name__)
