"""What a template names: the partials it renders, the variables it reads."""

from collections.abc import Iterator, Sequence

from liquid import Node, RenderContext

from rendering.environment import parse


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
