"""The update tenant step: merges properties into a tenant (E-UPDATE)."""

from typing import Literal

from models.values.refs import TENANTS
from pydantic import model_validator

from workflows_engine.effects.functions import update_recipient
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Step
from workflows_engine.updating import EntitySettings, check_gid


class UpdateTenantPlan(PlannedStep):
    """What travels: the ref; who is updated, and with what, is answered when the step runs."""

    type: Literal["update_tenant"] = "update_tenant"

    async def run(self, run: Run) -> Next:
        return run.settle(self, await run.perform(self, update_recipient)) or GoOn()


class UpdateTenantStep(Step):
    """The run's own tenant, or one named by its global id; one that is not there is created."""

    type: Literal["update_tenant"]
    settings: EntitySettings

    @model_validator(mode="after")
    def _names_a_tenant(self) -> "UpdateTenantStep":
        check_gid(self.settings.recipient_gid, collection=TENANTS)
        return self

    def plan(self) -> UpdateTenantPlan:
        return UpdateTenantPlan(ref=self.ref)

    def templates(self) -> dict[str, str]:
        return self.settings.templates()
