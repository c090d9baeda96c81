"""Filters that answer digests: md5, sha256, hmac_sha256, in lower-case hexadecimal."""

import hashlib
import hmac

from rendering.printing import to_text


def md5(value: object) -> str:
    """The MD5 of the text, for the many services that address pictures by it; no protection of anything."""
    return hashlib.md5(to_text(value).encode(), usedforsecurity=False).hexdigest()


def sha256(value: object) -> str:
    """The SHA-256 of the text."""
    return hashlib.sha256(to_text(value).encode()).hexdigest()


def hmac_sha256(value: object, key: object) -> str:
    """The HMAC-SHA-256 of the text under `key`."""
    return hmac.new(to_text(key).encode(), to_text(value).encode(), hashlib.sha256).hexdigest()
