"""The AI agent step: asks a language model (E-AIAGENT). Accepted, not run yet."""

import json
from typing import Literal

from pydantic import Field, model_validator

from workflows_engine.passing_over import not_run, unjudged
from workflows_engine.step import Step, Unsupported, Written


class AiAgentSettings(Written):
    """Which model (`provider:model`), what it is asked, and whether it answers text or JSON of a schema."""

    model: str = Field(min_length=1)
    request_prompt: str
    response_type: Literal["text", "json"]
    response_schema: str | None = None
    web_search_enabled: bool | None = None
    halt_on_error: bool | None = None

    @model_validator(mode="after")
    def _has_a_schema_for_json(self) -> "AiAgentSettings":
        if self.response_type == "json" and self.schema_object is None:
            raise ValueError("response_type json needs a JSON object as response_schema")
        return self

    @property
    def schema_object(self) -> dict[str, object] | None:
        """The JSON schema of the answer, where the text holds an object."""
        try:
            schema = json.loads(self.response_schema or "null")
        except json.JSONDecodeError:
            return None
        return schema if isinstance(schema, dict) else None


class AiAgentStep(Step):
    """What the model answers becomes data of the run."""

    type: Literal["ai_agent"]
    settings: AiAgentSettings

    def templates(self) -> dict[str, str]:
        return {"settings.request_prompt": self.settings.request_prompt}

    def unsupported(self) -> list[Unsupported]:
        return not_run(self.type) + unjudged(self.conditions)
