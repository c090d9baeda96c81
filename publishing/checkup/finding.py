"""What is misconfigured, and the way out: one line of `tocsin doctor`."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: an error loses or refuses messages, a warning is worth knowing."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing found. `about` names it (`workflow "welcome"`), `path` is where in it, `fix` what to do."""

    level: Level
    check: str
    """Which check found it, e.g. `missing_variable`."""
    environment: str | None
    about: str
    message: str
    fix: str
    path: str = ""
    keys: tuple[str, str] | None = None
    """Type and key of the content it is in, if it is in content."""
