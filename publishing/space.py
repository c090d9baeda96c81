"""Where content lives: an environment, or a branch of development."""

from dataclasses import dataclass
from uuid import UUID

from models.values.development import ENVIRONMENT as DEVELOPMENT


@dataclass(frozen=True)
class Space:
    """`id` is whose content is meant, `environment_id` whose channels and people; they differ on a branch."""

    id: UUID
    environment_id: UUID
    slug: str
    branch: str | None = None

    @property
    def is_development(self) -> bool:
        """Where content is written, and where unknown channels are bound to sinks."""
        return self.slug == DEVELOPMENT

    def __str__(self) -> str:
        return f'the branch "{self.branch}"' if self.branch else self.slug


@dataclass(frozen=True)
class Author:
    """Who commits."""

    email: str
    name: str | None = None
