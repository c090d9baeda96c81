"""What content is held against: everything in an environment that it may name."""

from dataclasses import dataclass, field
from typing import Any

from models.values.content import Name
from models.values.development import ENVIRONMENT as DEVELOPMENT


@dataclass(frozen=True)
class ChannelFacts:
    """A channel of the account as one environment has it."""

    key: str
    type: str
    provider: str
    is_sandbox: bool
    is_configured: bool
    """Whether this environment can send with it."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What may name variables: channel settings, conditions, provider settings with their secrets hidden."""


@dataclass(frozen=True)
class Ground:
    """One environment. `is_last`: nothing follows it, so what it sends reaches people."""

    slug: str
    is_last: bool
    names: frozenset[Name]
    archived: frozenset[Name]
    channels: dict[str, ChannelFacts]
    groups: dict[str, str]
    variables: frozenset[str]
    """Those with a value here."""
    valueless: frozenset[str] = field(default_factory=frozenset)
    """Those that have one elsewhere only."""
    secrets: frozenset[str] = field(default_factory=frozenset)
    """Those of both that are secret."""
    locale: str = "en"

    @property
    def is_development(self) -> bool:
        return self.slug == DEVELOPMENT


@dataclass(frozen=True)
class Held:
    """One piece of content: published, or saved only."""

    name: Name
    content: dict[str, Any]
    is_active: bool = True
    is_published: bool = True
