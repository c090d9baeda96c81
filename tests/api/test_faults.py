import psycopg
import pytest
from psycopg_pool import PoolTimeout
from temporalio.service import RPCError, RPCStatusCode

from api.errors import ApiError
from api.faults import as_api_error, field_of
from dispatch import errors as dispatch_errors
from models.values.given import GivenMistake
from tests.api.conftest import Client

JSON = {"content-type": "application/json"}


def told(error: Exception) -> ApiError:
    return as_api_error(error, "GET", "/v1/x")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (dispatch_errors.WorkflowMissing("w"), 404, "workflow_missing"),
        (dispatch_errors.WorkflowInactive("w"), 422, "workflow_inactive"),
        (dispatch_errors.ActorMissing("a"), 422, "actor_missing"),
        (dispatch_errors.IdempotencyMismatch(), 422, "invalid_params"),
        (dispatch_errors.Unavailable("Temporal is away"), 503, "unavailable"),
        (dispatch_errors.Backlogged(11), 503, "unavailable"),
        (GivenMistake("id", "must not be empty"), 422, "invalid_params"),
        (RPCError("gone", RPCStatusCode.UNAVAILABLE, b""), 503, "unavailable"),
        (psycopg.OperationalError("gone"), 503, "unavailable"),
        (psycopg.errors.FeatureNotSupported("cached plan must not change result type"), 503, "unavailable"),
        (psycopg.errors.LockNotAvailable("canceling statement due to lock timeout"), 503, "unavailable"),
        (psycopg.errors.TransactionTimeout("terminating connection"), 503, "unavailable"),
        (PoolTimeout("no connection"), 503, "unavailable"),
        (psycopg.errors.NumericValueOutOfRange("too large"), 422, "invalid_params"),
        (KeyError("oops"), 500, "internal_error"),
    ],
)
def test_every_exception_has_its_answer(error: Exception, status: int, code: str) -> None:
    answer = told(error)
    assert (answer.status, answer.code) == (status, code)


def test_who_is_told_to_come_back_is_told_when() -> None:
    assert told(psycopg.OperationalError("gone")).headers == {"Retry-After": "1"}
    assert told(dispatch_errors.Backlogged(24)).headers == {"Retry-After": "12"}
    assert told(dispatch_errors.Backlogged(400)).headers == {"Retry-After": "30"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (dispatch_errors.Unavailable("Temporal is away"), "temporal"),
        (dispatch_errors.Unavailable("too slow", reason="withdrawn"), "withdrawn"),
        (dispatch_errors.Backlogged(11), "backlog"),
        (RPCError("gone", RPCStatusCode.UNAVAILABLE, b""), "temporal"),
        (PoolTimeout("no connection"), "database"),
        (psycopg.errors.LockNotAvailable("canceling statement due to lock timeout"), "lock"),
        (KeyError("oops"), "internal_error"),
    ],
)
def test_what_is_counted_says_who_was_away(error: Exception, reason: str) -> None:
    assert told(error).reason == reason


def test_our_own_mistakes_are_not_shown() -> None:
    assert "oops" not in told(KeyError("oops")).message


def test_every_way_of_not_accepting_is_known() -> None:
    for kind in dispatch_errors.NotAccepted.__subclasses__():
        given = {dispatch_errors.DataMismatch: [("data.page", "is missing")], dispatch_errors.Backlogged: 11}
        error = kind(given[kind]) if kind in given else kind.__new__(kind)
        assert told(error).status < 500 or kind in (dispatch_errors.Unavailable, dispatch_errors.Backlogged)


@pytest.mark.parametrize(
    ("location", "field"),
    [
        (("body", "recipients", 0, "id"), "recipients[0].id"),
        (("body",), "body"),
        (("query", "page"), "page"),
        (("provider_settings", "host"), "provider_settings.host"),
    ],
)
def test_a_field_is_written_as_callers_write_paths(location: tuple[str | int, ...], field: str) -> None:
    assert field_of(location) == field


@pytest.mark.parametrize(
    ("body", "where"),
    [('{"a": 1,\n "b": }', "line 2, column 7"), ("{", "line 1, column 2"), ("nope", "line 1, column 1")],
)
async def test_malformed_json_is_told_where(client: Client, body: str, where: str) -> None:
    refused = await client.refused("PUT", "/v1/users/ada", content=body, headers=JSON)
    assert (refused["status"], refused["code"]) == (400, "invalid_params")
    assert where in refused["message"]


@pytest.mark.parametrize("body", [b'{"a": "\xff"}', b"[" * 50, b'{"a": ' + b"9" * 5000 + b"}"])
async def test_a_body_that_no_parser_takes_is_refused(client: Client, body: bytes) -> None:
    refused = await client.refused("PUT", "/v1/users/ada", content=body, headers=JSON)
    assert (refused["status"], refused["code"]) == (400, "invalid_params")


async def test_a_form_is_told_to_be_json(client: Client) -> None:
    refused = await client.refused("PUT", "/v1/users/ada", data={"name": "Ada"})
    assert refused["status"] == 422
    assert "application/json" in refused["message"]


async def test_json_without_a_content_type_is_read(client: Client) -> None:
    assert (await client.put("/v1/users/ada", content=b'{"name": "Ada"}')).json()["name"] == "Ada"


async def test_an_unknown_path_is_told_in_knocks_shape(client: Client) -> None:
    refused = await client.refused("GET", "/v1/nothing")
    assert (refused["status"], refused["code"], refused["type"]) == (
        404,
        "resource_missing",
        "not_found_error",
    )


async def test_an_unknown_method_is_told_which_are_known(client: Client) -> None:
    answer = await client.patch("/v1/messages")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"
