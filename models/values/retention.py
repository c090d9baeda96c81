"""How long what happened stays readable (E-MSG-15, E-DEBUG-5)."""

from datetime import timedelta
from typing import Final

RETENTION: Final = timedelta(days=30)
"""Messages and logs older than this are not shown and not judged; feed items outlive it."""
