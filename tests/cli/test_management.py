"""The one client of the management API, against a server that answers whatever is wanted."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from cli.embedded.ports import free_port
from cli.errors import CommandError
from cli.management import Fault, Management, Refused, manage

TOKEN = "knock_st_x"


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


def get(url: str, token: str = TOKEN) -> dict[str, Any]:
    return manage(url, token, lambda api: api.get("/v1/x"))


def test_a_call_carries_the_token_the_query_and_json(server: HTTPServer) -> None:
    server.expect_request(
        "/v1/x",
        method="PUT",
        headers={"authorization": f"Bearer {TOKEN}"},
        query_string="a=1&include%5B%5D=b&include%5B%5D=c",
        json={"name": "Ada"},
    ).respond_with_json({"ok": True})
    query = {"a": "1", "include[]": ["b", "c"], "absent": None}
    answer = manage(server.url_for(""), TOKEN, lambda api: api.put("/v1/x", {"name": "Ada"}, query))
    assert answer == {"ok": True}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_call_without_a_body_sends_an_empty_object(server: HTTPServer, method: str) -> None:
    server.expect_request("/v1/x", method=method, json={}).respond_with_json({"ok": True})

    async def job(api: Management) -> dict[str, Any]:
        return await (api.post("/v1/x") if method == "POST" else api.put("/v1/x"))

    assert manage(server.url_for(""), TOKEN, job) == {"ok": True}


def test_no_content_is_an_empty_answer(server: HTTPServer) -> None:
    server.expect_request("/v1/x", method="DELETE").respond_with_data(b"", status=204)
    assert manage(server.url_for(""), TOKEN, lambda api: api.delete("/v1/x")) == {}


def test_every_page_of_a_listing_is_read(server: HTTPServer) -> None:
    for after, following, entries in (("", "c2", [1, 2]), ("c2", None, [3])):
        query = {"limit": "100"} | ({"after": after} if after else {})
        page = {"entries": [{"id": one} for one in entries], "page_info": {"after": following}}
        server.expect_request("/v1/x", query_string=query).respond_with_json(page)

    async def job(api: Management) -> list[int]:
        return [entry["id"] async for entry in api.entries("/v1/x")]

    assert manage(server.url_for(""), TOKEN, job) == [1, 2, 3]


def test_a_refusal_lists_each_mistake(server: HTTPServer) -> None:
    errors = [{"field": "name", "message": "is missing"}, {"field": "", "message": "is odd"}]
    body = {"message": "No.", "errors": errors}
    server.expect_request("/v1/x").respond_with_json(body, status=422)
    with pytest.raises(Refused) as refused:
        get(server.url_for(""))
    assert refused.value.faults == [Fault("name", "is missing"), Fault("", "is odd")]
    assert refused.value.status == 422
    assert str(refused.value) == "refused (422):\n  name: is missing\n  is odd"


def test_a_refusal_without_mistakes_says_its_message(server: HTTPServer) -> None:
    server.expect_request("/v1/x").respond_with_json({"message": "There is no x."}, status=404)
    with pytest.raises(Refused) as refused:
        get(server.url_for(""))
    assert str(refused.value) == "There is no x. (404)"
    assert refused.value.faults == [Fault("", "There is no x.")]


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_says_what_to_set(server: HTTPServer, status: int) -> None:
    server.expect_request("/v1/x").respond_with_json({"message": "no"}, status=status)
    with pytest.raises(CommandError, match="KNOCK_SERVICE_TOKEN"):
        get(server.url_for(""))


@pytest.mark.parametrize("body", ["<html>", "[]", "\ufffd"])
def test_a_server_that_is_no_tocsin_is_told_apart(server: HTTPServer, body: str) -> None:
    server.expect_request("/v1/x").respond_with_data(body, status=200)
    with pytest.raises(CommandError, match="is no Tocsin"):
        get(server.url_for(""))


def test_a_silent_address_and_an_empty_token_say_what_to_set() -> None:
    for url, token, said in (
        (f"http://127.0.0.1:{free_port()}", TOKEN, "TOCSIN_URL"),
        ("127.0.0.1", TOKEN, "TOCSIN_URL"),
        ("http://127.0.0.1:1", " ", "KNOCK_SERVICE_TOKEN"),
    ):
        with pytest.raises(CommandError, match=said):
            get(url, token)
