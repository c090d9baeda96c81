"""The update object step: merges properties into an object (E-UPDATE). Accepted, not run yet."""

from typing import Literal

from pydantic import Field

from workflows_engine.passing_over import not_run, unjudged
from workflows_engine.step import Step, Unsupported, Written


class UpdateObjectSettings(Written):
    """Which object (`gid://Object/{collection}/{id}`), and Liquid that renders to its properties as JSON."""

    recipient_gid: str = Field(min_length=1)
    update_properties: str


class UpdateObjectStep(Step):
    """An object that is not there is created."""

    type: Literal["update_object"]
    settings: UpdateObjectSettings

    def templates(self) -> dict[str, str]:
        return {
            "settings.recipient_gid": self.settings.recipient_gid,
            "settings.update_properties": self.settings.update_properties,
        }

    def unsupported(self) -> list[Unsupported]:
        return not_run(self.type) + unjudged(self.conditions)
