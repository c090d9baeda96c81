import json
from collections.abc import AsyncIterator

import pytest

from api.middleware.guard import DEEPEST_BODY, LARGEST_BODY
from tests.api.conftest import Client

PATH = "/v1/users/ada"
JSON = {"content-type": "application/json"}


async def test_a_body_over_twelve_megabytes_is_refused_by_its_length_alone(client: Client) -> None:
    headers = {**JSON, "content-length": str(LARGEST_BODY + 1)}
    told = await client.refused("PUT", PATH, content=b"{}", headers=headers)
    assert (told["status"], told["code"]) == (413, "body_too_large")
    assert "12 MB" in told["message"]


async def test_a_body_without_a_length_is_refused_as_it_grows(client: Client) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1_000_000
            yield b"x" * 1_000_000

    told = await client.refused("PUT", PATH, content=chunks(), headers=JSON)
    assert told["status"] == 413
    assert sent <= LARGEST_BODY + 2_000_000


async def test_a_body_in_chunks_arrives_whole(client: Client) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for part in (b'{"na', b'me": "A', b'da"}'):
            yield part

    answer = await client.put(PATH, content=chunks(), headers=JSON)
    assert answer.json()["name"] == "Ada"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"name": "a\\u0000b"}', "name"),
        ('{"deep": [{"x": "\\u0000"}]}', "deep[0].x"),
        ('{"a\\u0000": 1}', ""),
        ('{"name": "\\ud800"}', "name"),
        ('{"deep": {"n": 1e999}}', "deep.n"),
        ('{"n": -1E+400}', "n"),
        ('{"name": "\\udc00 before \\ud83d"}', "name"),
    ],
)
async def test_what_postgres_cannot_hold_is_refused_by_its_path(
    client: Client, body: str, field: str
) -> None:
    told = await client.refused("PUT", PATH, content=body, headers=JSON)
    assert (told["status"], told["code"], told["errors"][0]["field"]) == (422, "invalid_params", field)
    assert (await client.get(PATH)).status_code == 404


@pytest.mark.parametrize("name", ["\\u0000 written out", "NaN and Infinity", "💡 ä", "a\\ud800"])
async def test_text_that_only_looks_suspicious_is_kept(client: Client, name: str) -> None:
    answer = await client.put(PATH, content=json.dumps({"name": name}), headers=JSON)
    assert answer.json()["name"] == name


@pytest.mark.parametrize("body", ['{"a": NaN}', '{"a": [-Infinity]}'])
async def test_numbers_that_json_does_not_have_are_refused(client: Client, body: str) -> None:
    told = await client.refused("PUT", PATH, content=body, headers=JSON)
    assert (told["status"], told["code"]) == (400, "invalid_params")


@pytest.mark.parametrize(
    "body",
    [b'{"name": "\xed\xa0\x80"}', b'{"name": "\xff"}', *('{"a": 1}'.encode(f"utf-{n}") for n in (16, 32))],
)
async def test_a_body_in_another_encoding_is_refused(client: Client, body: bytes) -> None:
    told = await client.refused("PUT", PATH, content=body, headers=JSON)
    assert (told["status"], told["code"]) == (400, "invalid_params")
    assert "UTF-8" in told["message"]


@pytest.mark.parametrize("path", ["/v1/users/a%00b", "/v1/messages?source=a%00b"])
async def test_a_nul_in_the_address_is_refused(client: Client, path: str) -> None:
    assert (await client.refused("GET", path))["status"] == 422


def nested(depth: int) -> bytes:
    return b'{"x": ' + b"[" * (depth - 1) + b'"\\u0000"' + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize("depth", [DEEPEST_BODY + 1, 300, 900, 100_000])
async def test_a_body_nested_beyond_reason_is_refused(client: Client, depth: int) -> None:
    told = await client.refused("PUT", PATH, content=nested(depth), headers=JSON)
    assert (told["status"], told["code"]) == (422, "invalid_params")
    assert "nested" in told["message"]


async def test_the_deepest_body_that_is_allowed_is_kept(client: Client) -> None:
    body = nested(DEEPEST_BODY).replace(b"\\u0000", b"x")
    answer = await client.put(PATH, content=body, headers=JSON)
    assert answer.json()["x"] == json.loads(body)["x"]


async def test_brackets_in_texts_and_beside_each_other_are_no_nesting(client: Client) -> None:
    given = {"text": '[{"\\' * 200, "list": [{"a": [1]}] * 200, 'key"[': "\\"}
    answer = await client.put(PATH, content=json.dumps(given), headers=JSON)
    assert answer.json().items() >= given.items()
