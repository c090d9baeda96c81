"""Checking Liquid sources: their syntax, and which partials they render."""

from collections.abc import Mapping

from publishing.kinds.kind import Reference
from publishing.mistakes import Mistake
from rendering.environment import TemplateError, parse
from rendering.references import partials_of


def check_templates(sources: Mapping[str, str]) -> tuple[list[Mistake], list[Reference]]:
    """By JSON path: what is wrong with each source, and the partials that it renders."""
    mistakes: list[Mistake] = []
    references: list[Reference] = []
    for path, source in sources.items():
        try:
            parse(source)
            references += [Reference("partial", key, path) for key in partials_of(source)]
        except TemplateError as error:
            where = f" in line {error.line}" if error.line else ""
            mistakes.append(Mistake(path, f"Liquid error{where}: {error.message}"))
    return mistakes, references
