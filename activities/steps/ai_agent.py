"""Performs AI agent steps: one attempt at asking a model, and what it answers as data (E-AIAGENT)."""

from dataclasses import replace
from typing import Any

from activities.agents.chat_completions import ChatCompletions
from activities.agents.protocol import AgentProtocol, Completion, Endpoint, Question
from activities.beating import beating
from activities.conclusions import (
    Conclusion,
    Mishap,
    as_answer,
    failed,
    key_of,
    left_out,
    redaction_of,
    write_down,
)
from activities.ledger import look
from activities.objects import rendering
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load
from activities.versions import Versions
from models.database import Connection, Database
from models.tables.recipient_runs import count_error
from models.tables.run_events import LogLine
from models.values.plain_json import read_json
from outbound.client import HttpClient
from outbound.exchange import Exchange, Failure, perform
from rendering.environment import TemplateError
from workflows_engine import effects
from workflows_engine.effects.functions import AgentAnswer
from workflows_engine.effects.steps import StepAnswer, StepAsk, Verdict
from workflows_engine.json_schemas import checker
from workflows_engine.scope import RunScope
from workflows_engine.steps.ai_agent import PAUSES, AiAgentSettings

DEADLINE_SECONDS = 60
"""For the complete answer of a model."""
ATTEMPTS = 1 + len(PAUSES)
RETRYABLE = ("timeout", "connect")
UNLIKE_ITS_SCHEMA = "the model's answer does not follow its schema"


class AgentSteps:
    """Performs `ask_agent`."""

    def __init__(
        self,
        database: Database,
        versions: Versions,
        http: HttpClient,
        protocol: AgentProtocol | None = None,
    ) -> None:
        self._database = database
        self._versions = versions
        self._http = http
        self._protocol = protocol or ChatCompletions()

    @performs(effects.ask_agent)
    async def ask_agent(self, ask: StepAsk) -> AgentAnswer:
        """One attempt. Whoever lost the answer of one that was written down hears it, and asks no model."""
        async with self._database.connection() as connection:
            known = await look(connection, key_of(ask, "ai_agent"))
            if known is not None:
                return AgentAnswer.model_validate(known)
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
        conclusion = left_out(ask, standing, scope) or await self._attempt(ask, standing, scope)
        settings = _settings(ask, standing)
        goes_on = conclusion.answer.verdict is Verdict.FAIL and not settings.halts
        if goes_on:
            conclusion = replace(conclusion, carry_out=_counting(ask, conclusion.line))
        concluded = as_answer(AgentAnswer, conclusion, goes_on=goes_on)
        return await write_down(self._database, ask, standing, "ai_agent", concluded)

    async def _attempt(self, ask: StepAsk, standing: Standing, scope: RunScope) -> Conclusion[StepAnswer]:
        settings, redaction = _settings(ask, standing), redaction_of(standing)
        endpoint = endpoint_of(settings.provider, scope)
        if endpoint is None:
            reason = f"the variable {_variable(settings.provider, 'base_url')} is not set"
            return _failed(ask, Mishap(reason, is_retryable=False))
        try:
            prompt = rendering(standing, scope, ask.now)(settings.request_prompt)
        except TemplateError as error:
            return _failed(ask, Mishap("template error", redaction.text(error.message)))
        question = Question(
            settings.model_name, prompt, settings.schema_object, bool(settings.web_search_enabled)
        )
        async with beating():
            result = await perform(
                self._http, self._protocol.request(endpoint, question), deadline_seconds=DEADLINE_SECONDS
            )
        told = {"model": settings.model, "prompt": redaction.text(prompt), "duration_ms": result.duration_ms}
        if isinstance(result, Failure):
            detail, again = redaction.text(result.detail), result.kind in RETRYABLE
            return _failed(ask, Mishap(f"no answer of the model: {result.kind}", detail, again), told)
        return self._conclude(ask, standing, result, told)

    def _conclude(
        self, ask: StepAsk, standing: Standing, result: Exchange, told: dict[str, Any]
    ) -> Conclusion[StepAnswer]:
        redaction = redaction_of(standing)
        told |= {"status": result.status}
        completion = self._protocol.completion(result)
        if not isinstance(completion, Completion):
            detail = None if completion.detail is None else redaction.text(completion.detail)
            return _failed(ask, Mishap(completion.reason, detail, completion.is_retryable), told)
        told |= {"response": redaction.body(completion.text), "usage": completion.usage}
        output = output_of(_settings(ask, standing), completion)
        if isinstance(output, Mishap):
            return _failed(ask, replace(output, detail=redaction.text(output.detail or "")), told)
        line = LogLine(event="agent_answered", attempt=ask.attempt, data=told)
        answer = StepAnswer(reason=f"answered in {result.duration_ms:.0f} ms")
        return Conclusion(answer, line, {**standing.data, ask.step_ref: output})


def endpoint_of(provider: str, scope: RunScope) -> Endpoint | None:
    """Where the environment's variables say that this provider's models are asked; None if they do not."""
    variables = {**scope.variables, **scope.secrets}
    base_url = variables.get(_variable(provider, "base_url"))
    api_key = variables.get(_variable(provider, "api_key"))
    if not isinstance(base_url, str) or not base_url:
        return None
    return Endpoint(base_url, None if api_key is None else str(api_key))


def _variable(provider: str, what: str) -> str:
    return f"{provider.replace('-', '_')}_{what}"


def output_of(settings: AiAgentSettings, completion: Completion) -> dict[str, Any] | Mishap:
    """What stands at `data.<ref>` (E-AIAGENT-2), or what is wrong with the model's answer.

    Where no answer can follow the schema, none is asked for again: each costs.
    """
    if settings.schema_object is None:
        return {"text": completion.text}
    try:
        value = read_json(_unfenced(completion.text))
    except ValueError as error:
        return Mishap(UNLIKE_ITS_SCHEMA, f"it is no JSON: {error}")
    if not isinstance(value, dict):
        return Mishap(UNLIKE_ITS_SCHEMA, "it is no JSON object")
    violations = checker(settings.schema_object)(value)
    if not violations:
        return value
    first = violations[0]
    return Mishap(UNLIKE_ITS_SCHEMA, f"{first.path}: {first.message}", is_retryable=not first.is_final)


def _unfenced(text: str) -> str:
    """Models that were not held to a schema like to put their JSON into a block of code."""
    stripped = text.strip()
    if not (stripped.startswith("```") and stripped.endswith("```")):
        return stripped
    return stripped.removesuffix("```").partition("\n")[2]


def _failed(ask: StepAsk, mishap: Mishap, told: dict[str, Any] | None = None) -> Conclusion[StepAnswer]:
    return failed(ask, mishap, told, attempts=ATTEMPTS)


def _counting(ask: StepAsk, line: LogLine | None) -> Any:
    """A failure that does not halt its run counts all the same (`has_errors`)."""

    async def count(connection: Connection) -> LogLine | None:
        await count_error(connection, ask.environment_id, ask.recipient_run_id, ask.now)
        return line

    return count


def _settings(ask: StepAsk, standing: Standing) -> AiAgentSettings:
    settings: AiAgentSettings = standing.version.definition.step(ask.step_ref).settings
    return settings
