"""The codec server, asked as Temporal's tools ask it."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

from api.app import create_app
from api.settings import ApiSettings
from dispatch.codec import data_converter
from models.database import Database
from tests.api.conftest import Client, client_of
from tests.environments import TestEnvironment

PATH = "/v1/tocsin/codec"
KEYS = "k1:" + base64.b64encode(b"1" * 32).decode()
OTHERS = "k2:" + base64.b64encode(b"2" * 32).decode()
PLAIN = {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "ImhlbGxvIg=="}
EMPTY = {"metadata": {"encoding": "YmluYXJ5L251bGw="}}
BOTH = ("decode", "encode")


@pytest.fixture
async def reader(
    settings: ApiSettings, database: Database, environment: TestEnvironment
) -> AsyncIterator[Client]:
    """A service token at an API that has payload keys."""
    app = create_app(settings.model_copy(update={"payload_keys": KEYS}), database=database)
    async with client_of(app, environment.service_token) as client:
        yield client


async def written(value: Any, keys: str = KEYS) -> Any:
    """What a worker stores, as Temporal's tools send it."""
    payloads = Payloads(payloads=await data_converter(keys).encode([value]))
    return json_format.MessageToDict(payloads)


async def test_what_a_worker_wrote_is_read(reader: Client) -> None:
    answer = await reader.post(f"{PATH}/decode", json=await written("hello"))
    assert (answer.status_code, answer.json()) == (200, {"payloads": [PLAIN]})


async def test_what_is_encoded_here_a_worker_reads(reader: Client) -> None:
    answer = await reader.post(f"{PATH}/encode", json={"payloads": [PLAIN, EMPTY]})
    told = json_format.ParseDict(answer.json(), Payloads())
    assert [payload.metadata["encoding"] for payload in told.payloads] == [b"binary/encrypted"] * 2
    assert await data_converter(KEYS).decode(told.payloads) == ["hello", None]


async def test_payloads_keep_their_order_and_plain_ones_stay_as_they_are(reader: Client) -> None:
    sealed = (await written("hello"))["payloads"][0]
    answer = await reader.post(f"{PATH}/decode", json={"payloads": [EMPTY, sealed, PLAIN]})
    assert answer.json() == {"payloads": [EMPTY, PLAIN, PLAIN]}


@pytest.mark.parametrize("verb", BOTH)
async def test_no_payloads_are_answered_with_none(reader: Client, verb: str) -> None:
    answer = await reader.post(f"{PATH}/{verb}", json={"payloads": []})
    assert (answer.status_code, answer.json()) == (200, {"payloads": []})


async def test_the_web_ui_asks_from_its_own_origin_with_headers_and_a_parameter(reader: Client) -> None:
    origin = {"origin": "http://127.0.0.1:8233"}
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-namespace",
    }
    preflight = await reader.options(f"{PATH}/decode", headers={**origin, **asked})
    assert preflight.status_code == 200
    assert "x-namespace" in preflight.headers["access-control-allow-headers"]
    answer = await reader.post(
        f"{PATH}/decode?preserveStorageRefs=true",
        json=await written("hello"),
        headers={**origin, "x-namespace": "default"},
    )
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json() == {"payloads": [PLAIN]}


@pytest.mark.parametrize("verb", BOTH)
async def test_without_payload_keys_there_is_no_codec(manager: Client, verb: str) -> None:
    told = await manager.refused("POST", f"{PATH}/{verb}", json={"payloads": [PLAIN]})
    assert told["status"] == 404
    assert "TOCSIN_PAYLOAD_KEYS is not set" in told["message"]


@pytest.mark.parametrize("verb", BOTH)
async def test_only_a_service_token_reads(reader: Client, environment: TestEnvironment, verb: str) -> None:
    told = []
    for key in (environment.secret_key, environment.public_key, "knock_st_of_nobody"):
        headers = {"authorization": f"Bearer {key}"}
        told.append(await reader.refused("POST", f"{PATH}/{verb}", json={"payloads": []}, headers=headers))
    del reader.headers["authorization"]
    told.append(await reader.refused("POST", f"{PATH}/{verb}", json={"payloads": []}))
    assert [one["code"] for one in told] == [
        "incorrect_token_type",
        "incorrect_token_type",
        "authentication_required",
        "api_key_missing",
    ]


async def test_a_payload_of_a_lost_key_names_the_key(reader: Client) -> None:
    told = await reader.refused("POST", f"{PATH}/decode", json=await written("hello", OTHERS))
    assert (told["status"], told["errors"][0]["field"]) == (422, "payloads")
    assert "b'k2', which TOCSIN_PAYLOAD_KEYS does not hold" in told["message"]


async def test_a_payload_that_was_changed_is_refused(reader: Client) -> None:
    payloads = json_format.ParseDict(await written("hello"), Payloads()).payloads
    cut = Payload(metadata=payloads[0].metadata, data=payloads[0].data[:-1])
    body = {"payloads": [json_format.MessageToDict(cut)]}
    told = await reader.refused("POST", f"{PATH}/decode", json=body)
    assert (told["status"], "damaged" in told["message"]) == (422, True)


@pytest.mark.parametrize("verb", BOTH)
@pytest.mark.parametrize(
    "body",
    [
        {"payloads": "x"},
        {"payloads": [None]},
        {"payloads": [{"data": "a"}]},
        {"payloads": [{"metadata": {"encoding": 1}}]},
        {"payloads": [{"unheard_of": "x"}]},
        {"something": []},
        [],
    ],
)
async def test_what_is_no_payload_is_refused(reader: Client, verb: str, body: Any) -> None:
    assert (await reader.refused("POST", f"{PATH}/{verb}", json=body))["status"] == 422
