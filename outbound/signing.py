"""Signatures that tell a receiver who sent a request, and when."""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Final

SIGNATURE_HEADER: Final = "x-knock-signature"


def signature(signing_key: str, body: bytes, at: datetime) -> str:
    """`t=<milliseconds>,s=<base64 HMAC-SHA256 over "<milliseconds>.<body>">` (E-FETCH-11)."""
    milliseconds = int(at.timestamp() * 1000)
    signed = f"{milliseconds}.".encode() + body
    digest = hmac.digest(signing_key.encode(), signed, hashlib.sha256)
    return f"t={milliseconds},s={base64.b64encode(digest).decode()}"
