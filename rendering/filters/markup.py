"""Filters over marked-up text: from_markdown."""

from rendering.markdown import to_html
from rendering.printing import to_text


def from_markdown(value: object) -> str:
    """Markdown as safe HTML."""
    return to_html(to_text(value))
