"""What asking a language model needs of a provider's protocol: a translator without I/O (E-AIAGENT-1)."""

from dataclasses import dataclass
from typing import Any, Protocol

from outbound.exchange import Exchange, Request


@dataclass(frozen=True)
class Question:
    """What a step asks. With a `schema` the answer is to be JSON that follows it."""

    model: str
    prompt: str
    schema: dict[str, Any] | None = None
    searches_web: bool = False


@dataclass(frozen=True)
class Endpoint:
    """Where a provider's models are asked, by the environment's variables."""

    base_url: str
    api_key: str | None = None


@dataclass(frozen=True)
class Completion:
    """What the model said, and what it counted."""

    text: str
    usage: dict[str, Any] | None = None


@dataclass(frozen=True)
class NoCompletion:
    """Why there is none. A model that errs or declines is not asked again (E-AIAGENT-3)."""

    reason: str
    detail: str | None = None
    is_retryable: bool = True


class AgentProtocol(Protocol):
    """One file a protocol; `activities/steps/ai_agent.py` sends."""

    def request(self, endpoint: Endpoint, question: Question) -> Request:
        """The request that asks the question."""

    def completion(self, answer: Exchange) -> Completion | NoCompletion:
        """What an answer of the provider means, whatever its status."""
