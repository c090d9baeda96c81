"""What Temporal keeps can be read by whoever has the key, and by nobody else."""

import base64
from uuid import UUID

import pytest
from pydantic import BaseModel
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError

from dispatch.codec import PayloadKeysError, PayloadUnreadableError, data_converter

FIRST = "k1:" + base64.b64encode(b"1" * 32).decode()
SECOND = "k2:" + base64.b64encode(b"2" * 32).decode()
IMPOSTOR = "k1:" + base64.b64encode(b"3" * 32).decode()
SHORT = base64.b64encode(b"too short").decode()


class Ask(BaseModel):
    run_id: UUID
    step: str


ASK = Ask(run_id=UUID("0198c0de-0000-7000-8000-000000000000"), step="secret step")


async def written(converter: DataConverter) -> Payload:
    (payload,) = await converter.encode([ASK])
    return payload


async def read(converter: DataConverter, payload: Payload) -> object:
    (value,) = await converter.decode([payload], [Ask])
    return value


@pytest.mark.parametrize("keys", [None, "", " ", FIRST, f"{FIRST},{SECOND}", f" {FIRST} , {SECOND} "])
async def test_what_was_written_is_read(keys: str | None) -> None:
    converter = data_converter(keys)
    assert await read(converter, await written(converter)) == ASK


@pytest.mark.parametrize("length", [16, 24, 32])
async def test_keys_of_all_three_lengths_encrypt(length: int) -> None:
    converter = data_converter("k:" + base64.b64encode(b"k" * length).decode())
    payload = await written(converter)
    assert b"secret" not in payload.SerializeToString()
    assert await read(converter, payload) == ASK


async def test_without_keys_the_payload_is_plain_json() -> None:
    payload = await written(data_converter(None))
    assert payload.metadata["encoding"] == b"json/plain"
    assert b"secret step" in payload.data


async def test_with_keys_nothing_of_the_value_is_seen_and_no_two_payloads_are_alike() -> None:
    converter = data_converter(FIRST)
    first, second = await written(converter), await written(converter)
    assert b"secret" not in first.SerializeToString()
    assert b"json/plain" not in first.SerializeToString()
    assert first.metadata["encryption-key-id"] == b"k1"
    assert first.data != second.data


async def test_after_a_rotation_the_new_key_writes_and_the_old_one_still_reads() -> None:
    old = await written(data_converter(FIRST))
    rotated = data_converter(f"{SECOND},{FIRST}")
    new = await written(rotated)
    assert new.metadata["encryption-key-id"] == b"k2"
    assert await read(rotated, old) == ASK
    assert await read(rotated, new) == ASK


async def test_what_was_written_before_there_were_keys_is_read() -> None:
    assert await read(data_converter(FIRST), await written(data_converter(None))) == ASK


async def test_a_payload_of_a_key_that_is_not_here_names_the_key() -> None:
    payload = await written(data_converter(SECOND))
    with pytest.raises(PayloadUnreadableError, match=r"b'k2', which TOCSIN_PAYLOAD_KEYS does not hold"):
        await read(data_converter(FIRST), payload)


async def test_another_key_under_the_same_id_reads_nothing() -> None:
    payload = await written(data_converter(FIRST))
    with pytest.raises(PayloadUnreadableError, match="damaged"):
        await read(data_converter(IMPOSTOR), payload)


@pytest.mark.parametrize("position", [0, 11, 12, -1])
async def test_a_changed_byte_is_noticed(position: int) -> None:
    payload = await written(data_converter(FIRST))
    data = bytearray(payload.data)
    data[position] ^= 1
    with pytest.raises(PayloadUnreadableError, match="damaged"):
        await read(data_converter(FIRST), Payload(metadata=payload.metadata, data=bytes(data)))


async def test_a_payload_that_is_cut_short_is_noticed() -> None:
    payload = await written(data_converter(FIRST))
    for length in (0, 5, 12, 20):
        with pytest.raises(PayloadUnreadableError, match="damaged"):
            await read(data_converter(FIRST), Payload(metadata=payload.metadata, data=payload.data[:length]))


async def test_the_key_id_cannot_be_exchanged() -> None:
    both = data_converter(f"k1:{FIRST[3:]},k2:{FIRST[3:]}")
    payload = await written(both)
    swapped = Payload(metadata={**payload.metadata, "encryption-key-id": b"k2"}, data=payload.data)
    with pytest.raises(PayloadUnreadableError, match="damaged"):
        await read(both, swapped)


async def test_the_words_of_a_failure_are_encrypted_too() -> None:
    converter = data_converter(FIRST)
    failure = Failure()
    try:
        raise ApplicationError("ada@example.com is unknown", "her address")
    except ApplicationError as err:
        await converter.encode_failure(err, failure)
    kept = failure.SerializeToString()
    assert b"ada@example.com" not in kept
    assert b"her address" not in kept
    assert b"test_codec" not in kept
    told = await converter.decode_failure(failure)
    assert isinstance(told, ApplicationError)
    assert told.message == "ada@example.com is unknown"


async def test_without_keys_a_failure_says_what_it_says() -> None:
    failure = Failure()
    await data_converter(None).encode_failure(ApplicationError("plain words"), failure)
    assert failure.message == "plain words"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("k1", "key number 1 must be written id:base64key"),
        (":" + FIRST[3:], "key number 1 must be written id:base64key"),
        (f"{FIRST},", "key number 2 must be written id:base64key"),
        (f"{FIRST},{FIRST}", "key number 2 has the id 'k1' of an earlier key"),
        ("k1:not base64!", "key number 1 is not base64"),
        (f"{FIRST},k2:{SHORT}", "key number 2 has 9 bytes; it must have 16, 24 or 32"),
        ("k1:", "key number 1 has 0 bytes; it must have 16, 24 or 32"),
    ],
)
def test_malformed_keys_are_refused_without_being_told(keys: str, problem: str) -> None:
    with pytest.raises(PayloadKeysError) as refused:
        data_converter(keys)
    assert str(refused.value) == f"TOCSIN_PAYLOAD_KEYS: {problem}"
