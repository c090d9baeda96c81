import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from outbound.signing import signature


@pytest.mark.rule("E-FETCH-11", "E-LIMITS-23")
@pytest.mark.parametrize("body", [b'{"a": 1}', b""])
def test_a_receiver_with_the_key_makes_the_same_signature(body: bytes) -> None:
    sent = signature("key", body, datetime(2026, 11, 22, 12, 0, 0, 5000, tzinfo=UTC))

    stamp, _, signed = sent.partition(",")
    assert stamp == "t=1795348800005"
    expected = hmac.new(b"key", b"1795348800005." + body, hashlib.sha256).digest()
    assert base64.b64decode(signed.removeprefix("s=")) == expected
