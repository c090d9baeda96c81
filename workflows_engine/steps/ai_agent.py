"""The AI agent step: asks a language model (E-AIAGENT)."""

from datetime import timedelta
from typing import Literal

from models.values.plain_json import read_json
from pydantic import Field, model_validator

from workflows_engine.effects.functions import ask_agent
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Step, Written

PAUSES = (timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=60))
"""Before the three retries (E-AIAGENT-3)."""

SEARCHING = "anthropic"
"""The provider whose models search the web (E-AIAGENT-4)."""


class AiAgentSettings(Written):
    """Which model (`provider:model`), what it is asked, and whether it answers text or JSON of a schema."""

    model: str = Field(pattern=r"^[A-Za-z0-9_-]+:\S+$")
    request_prompt: str = Field(min_length=1)
    response_type: Literal["text", "json"]
    response_schema: str | None = None
    web_search_enabled: bool | None = None
    halt_on_error: bool | None = None

    @model_validator(mode="after")
    def _has_a_schema_for_json(self) -> "AiAgentSettings":
        if self.response_type == "json" and self.schema_object is None:
            raise ValueError("response_type json needs a JSON object as response_schema")
        if self.response_type == "text" and self.response_schema:
            raise ValueError("response_schema is for response_type json; remove it")
        return self

    @model_validator(mode="after")
    def _searches_where_models_can(self) -> "AiAgentSettings":
        if self.web_search_enabled and self.provider != SEARCHING:
            raise ValueError(f"web_search_enabled is for models of {SEARCHING}")
        return self

    @property
    def provider(self) -> str:
        """Whose model it is; the environment's variables say where that is asked."""
        return self.model.partition(":")[0]

    @property
    def model_name(self) -> str:
        """The model as its provider calls it."""
        return self.model.partition(":")[2]

    @property
    def halts(self) -> bool:
        """Whether a failure halts the run: so it does unless told otherwise (E-AIAGENT-3)."""
        return self.halt_on_error is not False

    @property
    def schema_object(self) -> dict[str, object] | None:
        """The JSON schema of the answer, where the text holds an object."""
        try:
            schema = read_json(self.response_schema or "null")
        except ValueError:
            return None
        return schema if isinstance(schema, dict) else None


class AiAgentPlan(PlannedStep):
    """What travels: the ref; the question is rendered when it is asked."""

    type: Literal["ai_agent"] = "ai_agent"

    async def run(self, run: Run) -> Next:
        answer = await run.perform(self, ask_agent, PAUSES)
        if answer.goes_on:
            run.details.tell(self.ref, "failed", answer.reason)
            return GoOn()
        return run.settle(self, answer) or GoOn()


class AiAgentStep(Step):
    """What the model answers becomes data of the run, below the step's ref (E-AIAGENT-2)."""

    type: Literal["ai_agent"]
    settings: AiAgentSettings

    def plan(self) -> AiAgentPlan:
        return AiAgentPlan(ref=self.ref)

    def templates(self) -> dict[str, str]:
        return {"settings.request_prompt": self.settings.request_prompt}
