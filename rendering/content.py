"""What templates can use besides their scope: the published partials and translations around them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rendering.translations.dictionaries import NO_TRANSLATIONS, Dictionary


class Form(StrEnum):
    """What the text being rendered is; a Markdown partial becomes HTML in HTML only."""

    TEXT = "text"
    HTML = "html"


@dataclass(frozen=True)
class Partial:
    """A reusable piece of a template (E-TEMPLATE-10)."""

    key: str
    type: str
    """`html`, `markdown`, `text` or `json`."""
    content: str
    fields: tuple[Mapping[str, Any], ...] = ()
    """Its `input_schema`."""


@dataclass(frozen=True)
class Content:
    """The published content of one environment, as one recipient sees it."""

    partials: Mapping[str, Partial] = field(default_factory=dict)
    dictionary: Dictionary = NO_TRANSLATIONS


NO_CONTENT = Content()
