"""New ids: sortable by time, unique across processes (D16)."""

from uuid import UUID

import uuid_utils.compat
from ksuid import Ksuid


def new_uuid() -> UUID:
    """A UUID v7: for runs and everything without a better id."""
    return uuid_utils.compat.uuid7()


def new_ksuid() -> str:
    """27 characters: for messages, activities and events; draw it once and keep it (D24)."""
    return str(Ksuid())
