"""The filter of translations: t."""

from typing import Any

from liquid.filter import with_context

from rendering.context import TimedContext
from rendering.printing import to_text


@with_context
def t(value: object, /, *, context: TimedContext, **named: Any) -> object:
    """The translation that `namespace:path.to.key` names, its `{{ … }}` filled from the named arguments.

    `count` chooses among plural forms. Nothing where there is no translation, so that `default` can follow
    (E-TEMPLATE-28, -29, -33).
    """
    count = named.get("count")
    found = context.content.dictionary.find(to_text(value), None if count is None else to_text(count))
    if not isinstance(found, str) or "{" not in found:
        return found
    template = context.reader.read(found)
    inner = context.isolated(template, named)
    output = inner.get_buffer()
    template.render_with_context(inner, output, partial=True, block_scope=True)
    return output.getvalue()
