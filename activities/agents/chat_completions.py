"""Chat completions as OpenAI's API has them, which most vendors and model servers speak too."""

import json
from typing import Any

from activities.agents.protocol import Completion, Endpoint, NoCompletion, Question
from outbound.exchange import Exchange, Request

AGAIN = (408, 409, 425, 429)
"""Below 500, what passes by itself: timeouts, conflicts and rate limits."""
_DETAIL_CHARACTERS = 500


class ChatCompletions:
    """`POST {base_url}/chat/completions` with one message of a user."""

    def request(self, endpoint: Endpoint, question: Question) -> Request:
        """The request that asks the question."""
        body: dict[str, Any] = {
            "model": question.model,
            "messages": [{"role": "user", "content": question.prompt}],
        }
        if question.schema is not None:
            schema = {"name": "answer", "schema": question.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if question.searches_web:
            body["web_search_options"] = {}
        headers = {"content-type": "application/json", "accept": "application/json"}
        if endpoint.api_key:
            headers["authorization"] = f"Bearer {endpoint.api_key}"
        url = f"{endpoint.base_url.rstrip('/')}/chat/completions"
        return Request("POST", url, headers, body=json.dumps(body, ensure_ascii=False).encode())

    def completion(self, answer: Exchange) -> Completion | NoCompletion:
        """The first choice's text; a refusal is final, an answer of no such shape is not."""
        if answer.status != 200:
            is_passing = answer.status >= 500 or answer.status in AGAIN
            detail = answer.body.decode(errors="replace")[:_DETAIL_CHARACTERS]
            return NoCompletion(f"the model's server answered {answer.status}", detail, is_passing)
        try:
            parsed = json.loads(answer.body)
            choice = parsed["choices"][0]
            message = choice["message"]
            text, refusal = message.get("content"), message.get("refusal")
        except (ValueError, LookupError, TypeError, AttributeError):
            return NoCompletion("the model's server answered something else than a completion")
        if refusal or choice.get("finish_reason") == "content_filter":
            return NoCompletion("the model declined", str(refusal or "content_filter"), is_retryable=False)
        if not isinstance(text, str):
            return NoCompletion("the model's server answered something else than a completion")
        usage = parsed.get("usage")
        return Completion(text, usage if isinstance(usage, dict) else None)
