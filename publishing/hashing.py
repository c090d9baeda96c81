"""The hash that says whether two contents are the same."""

import hashlib
import json
from typing import Any


def hash_of(content: dict[str, Any]) -> str:
    """The same for the same content, whatever the order of its keys."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
