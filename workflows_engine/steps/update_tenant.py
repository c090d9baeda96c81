"""The update tenant step: merges properties into a tenant (E-UPDATE). Accepted, not run yet."""

from typing import Literal

from workflows_engine.passing_over import not_run, unjudged
from workflows_engine.step import Step, Unsupported
from workflows_engine.updating import EntitySettings


class UpdateTenantStep(Step):
    """The run's own tenant, or one named by its global id; one that is not there is created."""

    type: Literal["update_tenant"]
    settings: EntitySettings

    def templates(self) -> dict[str, str]:
        return self.settings.templates()

    def unsupported(self) -> list[Unsupported]:
        return not_run(self.type) + unjudged(self.conditions)
