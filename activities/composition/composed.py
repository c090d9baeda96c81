"""What composing a message yields, whatever its channel."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from activities.destinations import HOME, Destination
from activities.scopes import content_of
from activities.standing import Standing
from rendering.content import Content, Form
from rendering.environment import render


@dataclass(frozen=True)
class Occasion:
    """What a composer works with: the run, its channel's row, and the scope its templates see."""

    standing: Standing
    channel: DictRow
    scope: dict[str, Any]
    now: datetime
    destination: Destination = HOME
    """Where the message goes; a push device's locale goes before its owner's (E-TEMPLATE-31)."""

    @property
    def content(self) -> Content:
        """The published partials and translations that templates here can use."""
        return content_of(self.standing, self.destination.locale)

    def render(self, source: str, form: Form = Form.TEXT) -> str:
        """A template's text in this scope, at the run's own time (D17); raises TemplateError."""
        return render(source, self.scope, now=self.now, content=self.content, form=form)


@dataclass(frozen=True)
class Composed:
    """`content` in the contract's shape, and for a provider what it needs besides (`sending`)."""

    content: dict[str, Any]
    snapshot: dict[str, Any] = field(default_factory=dict)
    sending: dict[str, Any] | None = None


def name_of(occasion: Occasion) -> str | None:
    """The recipient's name, where it has one that is a text."""
    name = occasion.scope["recipient"].get("name")
    return name if isinstance(name, str) else None
