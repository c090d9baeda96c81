"""The update data step: merges into the run's data (E-UPDATE-13). Accepted, not run yet."""

from typing import Literal

from workflows_engine.passing_over import not_run, unjudged
from workflows_engine.step import Step, Unsupported, Written


class UpdateDataSettings(Written):
    """Liquid that renders to a JSON object."""

    data: str


class UpdateDataStep(Step):
    """Top-level keys are added or replaced."""

    type: Literal["update_data"]
    settings: UpdateDataSettings

    def templates(self) -> dict[str, str]:
        return {"settings.data": self.settings.data}

    def unsupported(self) -> list[Unsupported]:
        return not_run(self.type) + unjudged(self.conditions)
