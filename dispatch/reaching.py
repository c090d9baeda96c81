"""Telling callers that Temporal is away, however its client says so."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.service import RPCError

from dispatch.errors import Unavailable

NEVER_CONNECTED = "Failed client connect"
"""How the RuntimeError of a lazy client begins that could not connect at its first call."""


@contextmanager
def reaching_temporal() -> Iterator[None]:
    """Raises Unavailable when a call in the block does not reach Temporal."""
    try:
        yield
    except RPCError as error:
        raise Unavailable(f"Temporal does not answer ({error.status.name}); try again") from error
    except RuntimeError as error:
        if not str(error).startswith(NEVER_CONNECTED):
            raise
        raise Unavailable("Temporal does not answer (no connection); try again") from error
