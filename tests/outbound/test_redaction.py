"""What a log may say."""

import base64
import json
from urllib.parse import quote

import pytest

from outbound.redaction import Redaction


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "Set-Cookie",
        "x-api-key",
        "X-Auth-Token",
        "Api-Key",
        "client-secret",
    ],
)
def test_headers_that_carry_credentials_lose_their_value(name: str) -> None:
    assert Redaction().headers({name: "hunter2", "Accept": "text/html"}) == {
        name: "[REDACTED]",
        "Accept": "text/html",
    }


@pytest.mark.parametrize(
    "text",
    ["k=hunter2/ä&x", "/?k=hunter2%2F%C3%A4", 'x "hunter2/\\u00e4"', "aHVudGVyMi/DpA=="],
    ids=["plain", "url", "json", "base64"],
)
def test_a_secret_is_removed_however_it_is_written(text: str) -> None:
    assert "[REDACTED]" in Redaction(["hunter2/ä"]).text(text)
    assert "hunter2" not in Redaction(["hunter2/ä"]).text(text)


@pytest.mark.parametrize(
    "text",
    [
        "HUNTER2.example.com",
        "hunter2%2fa%20%C3%a4",
        "hunter2/a%20%C3%A4",
        "?k=hunter2/a+ä",
        r"hunter2\/a \u00e4",
    ],
)
def test_a_secret_is_found_in_any_case_and_any_mixture_of_encodings(text: str) -> None:
    assert "unter2" not in Redaction(["hunter2/a ä", "hunter2.example"]).text(text).lower()


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "Basic ", "/v1/"])
@pytest.mark.parametrize("user", ["", "u:", "us:", "user:"])
def test_a_secret_is_found_within_base64(before: str, user: str) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        written = encode(f"{user}hünter>?>2".encode()).decode()
        for text in (written, quote(written, safe="")):
            assert text not in Redaction(["hünter>?>2"]).text(before + text + "&x=1")
            assert "[REDACTED]" in Redaction(["hünter>?>2"]).text(before + text + "&x=1")


def test_base64_that_was_cut_tells_nothing_of_a_secret() -> None:
    token = base64.b64encode(b"user:hunter2").decode()
    text = "x " * ((16 * 1024 - 10) // 2) + token
    assert token[:6] not in Redaction(["hunter2"]).text(text)


def test_the_leaves_of_a_json_secret_are_secrets() -> None:
    redaction = Redaction([{"id": "hunter2", "list": [{"pin": 271828}, "ab", 12], "on": True}])
    assert redaction.text("hunter2 271828 ab 12 True") == "[REDACTED] [REDACTED] ab 12 True"


@pytest.mark.parametrize("secret", [271828, "271828"])
def test_a_numeric_secret_that_comes_back_as_a_number_is_removed(secret: str | int) -> None:
    body = Redaction([secret]).body('{"a": 271828, "b": [271828.0, 7, true, null]}')
    assert body == {"a": "[REDACTED]", "b": ["[REDACTED]", 7, True, None]}


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://me:pass@a.example/x@y", "https://[REDACTED]@a.example/x@y"),
        ("https://a.example/?q=b@c", "https://a.example/?q=b@c"),
        ("https://hunter2.example", "https://[REDACTED].example"),
    ],
)
def test_a_url_is_told_without_credentials(url: str, kept: str) -> None:
    assert Redaction(["hunter2"]).url(url) == kept


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert Redaction(["abc", "abcdef"]).text("abcdef abc") == "[REDACTED] [REDACTED]"


def test_an_empty_secret_removes_nothing() -> None:
    assert Redaction([""]).text("abc") == "abc"


def test_secrets_are_removed_from_the_values_and_keys_of_a_body() -> None:
    body = json.dumps({"a": ["x hunter2"], "hunter2": {"b": "hunter2", "n": 5, "z": None}})
    assert Redaction(["hunter2"]).body(body) == {
        "a": ["x [REDACTED]"],
        "[REDACTED]": {"b": "[REDACTED]", "n": 5, "z": None},
    }


@pytest.mark.parametrize(("length", "kept"), [(1024, "a" * 1024), (1025, "a" * 1024 + "[TRUNCATED]")])
def test_a_string_is_cut_at_1024_bytes(length: int, kept: str) -> None:
    assert Redaction().text("a" * length) == kept
    assert Redaction().body(json.dumps({"k": "a" * length})) == {"k": kept}
    assert Redaction().headers({"k": "a" * length}) == {"k": kept}


def test_a_letter_of_several_bytes_is_not_cut_in_two() -> None:
    assert Redaction().text("é" * 600) == "é" * 512 + "[TRUNCATED]"
    assert Redaction().text("é" + "aé" * 512) == "é" + "aé" * 340 + "a[TRUNCATED]"


def test_a_secret_is_not_cut_in_two() -> None:
    assert "hunt" not in Redaction(["hunter2"]).text("a" * 1020 + "hunter2")


@pytest.mark.parametrize("shift", range(0, 20, 3))
def test_of_a_long_text_the_beginning_is_looked_at_and_no_secret_is_cut_in_two(shift: int) -> None:
    # Where it is full of secrets, what is left of all that was looked at is short enough to be kept.
    redaction = Redaction(["hunter2" * 1_000])
    text = "x" * shift + "hunter2" * 1_000 * 1_000
    clean = redaction.text(text)
    assert clean.endswith("[TRUNCATED]")
    assert "hunter2" not in clean
    assert "hunter" not in Redaction(["hunter2"]).text("x" * shift + "hunter2" * 1_000_000)


def test_an_object_with_many_keys_says_that_some_are_missing() -> None:
    body = Redaction().body(json.dumps({str(n): n for n in range(150)}))
    assert isinstance(body, dict)
    assert len(body) == 101
    assert body["__knock_truncated__"] is True


def test_a_long_list_and_a_deep_object_are_cut() -> None:
    assert Redaction().body(json.dumps({"l": list(range(101))})) == {"l": [*range(100), "[TRUNCATED]"]}
    assert "[TRUNCATED]" in json.dumps(Redaction().body('{"a":' * 50 + "1" + "}" * 50))


@pytest.mark.parametrize("body", ["plain", "[1, 2]", "5", "", "{", "[" * 100_000])
def test_a_body_that_is_no_object_is_text(body: str) -> None:
    assert Redaction().body(body) == Redaction().text(body)


def test_a_body_of_bytes_that_are_no_text_is_readable_all_the_same() -> None:
    assert Redaction().body(b"\xff\xfea") == "\ufffd\ufffda"
