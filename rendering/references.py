"""What a template names: the partials it renders, the variables it reads, the texts it marks."""

from collections.abc import Iterator, Sequence

from liquid import Node, RenderContext

from rendering.environment import parse
from rendering.tags import TranslatedNode


def partials_of(source: str) -> list[str]:
    """Keys of the partials in its `{% render %}` tags, each once, in order. Raises `TemplateError`."""
    bound = parse(source).bound
    return list(dict.fromkeys(_partials(bound.nodes, RenderContext(bound))))


def variables_of(source: str) -> list[tuple[str, ...]]:
    """The paths that it reads from its scope, e.g. `("vars", "app_url")`, sorted. Raises `TemplateError`.

    A path ends where a segment is no plain name.
    """
    found = parse(source).bound.analyze(include_partials=False).globals
    return sorted({_plain(one.segments) for uses in found.values() for one in uses})


def _plain(segments: Sequence[object]) -> tuple[str, ...]:
    names: list[str] = []
    for segment in segments:
        if not isinstance(segment, str):
            break
        names.append(segment)
    return tuple(names)


def _partials(nodes: Sequence[Node], context: RenderContext) -> Iterator[str]:
    for node in nodes:
        scope = node.partial_scope()
        if scope is not None:
            yield scope.name if isinstance(scope.name, str) else str(scope.name.evaluate(context))
        yield from _partials(list(node.children(context, include_partials=False)), context)


def marked_texts(source: str) -> list[str]:
    """What stands between `{% t %}` and `{% endt %}`, each once, in order (E-TEMPLATE-30).

    Raises `TemplateError`.
    """
    bound = parse(source).bound
    return list(dict.fromkeys(_marked(bound.nodes, RenderContext(bound))))


def _marked(nodes: Sequence[Node], context: RenderContext) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, TranslatedNode):
            yield node.text
        yield from _marked(list(node.children(context, include_partials=False)), context)
