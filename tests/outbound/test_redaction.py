"""What a log may say."""

import json

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
