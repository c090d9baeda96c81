import json
from typing import Any

import pytest

from activities.agents.chat_completions import ChatCompletions
from activities.agents.protocol import Completion, Endpoint, NoCompletion, Question
from outbound.exchange import Exchange

PROTOCOL = ChatCompletions()


def answer(body: Any, status: int = 200) -> Exchange:
    return Exchange("https://a.test", status, {}, json.dumps(body).encode(), 1.0)


def choice(**message: Any) -> dict[str, Any]:
    return {"choices": [{"message": message}], "usage": {"total_tokens": 9}}


@pytest.mark.rule("E-AIAGENT-1", "E-AIAGENT-4")
def test_a_question_is_asked_with_its_key_its_schema_and_the_web() -> None:
    schema = {"type": "object"}
    question = Question("m-1", "Why?", schema, searches_web=True)

    request = PROTOCOL.request(Endpoint("https://a.test/v1/", "sk-1"), question)

    assert (request.method, request.url) == ("POST", "https://a.test/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer sk-1"
    assert json.loads(request.body or b"") == {
        "model": "m-1",
        "messages": [{"role": "user", "content": "Why?"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
        "web_search_options": {},
    }


def test_a_question_without_key_and_schema_has_neither() -> None:
    request = PROTOCOL.request(Endpoint("http://127.0.0.1:1"), Question("m", "Why?"))

    assert "authorization" not in request.headers
    assert set(json.loads(request.body or b"")) == {"model", "messages"}


def test_the_first_choice_is_the_answer() -> None:
    assert PROTOCOL.completion(answer(choice(content="Yes."))) == Completion("Yes.", {"total_tokens": 9})


@pytest.mark.rule("E-AIAGENT-3")
@pytest.mark.parametrize(
    ("told", "is_retryable"),
    [
        (answer({"error": "busy"}, 500), True),
        (answer({}, 529), True),
        (answer({}, 429), True),
        (answer({}, 408), True),
        (answer({"error": "no such model"}, 404), False),
        (answer({}, 400), False),
        (answer({}, 401), False),
        (answer({}, 302), False),
        (answer(choice(content=None, refusal="I will not")), False),
        (answer({"choices": [{"finish_reason": "content_filter", "message": {"content": ""}}]}), False),
        (answer({"choices": []}), True),
        (answer([1]), True),
        (answer({"choices": [{"message": {"content": None}}]}), True),
        (answer({"choices": [{"message": "text"}]}), True),
        (Exchange("https://a.test", 200, {}, b"<html>", 1.0), True),
    ],
)
def test_faults_pass_and_errors_and_refusals_of_the_model_do_not(told: Exchange, is_retryable: bool) -> None:
    found = PROTOCOL.completion(told)

    assert isinstance(found, NoCompletion)
    assert found.is_retryable is is_retryable
