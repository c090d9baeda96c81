"""The update object step: merges properties into an object (E-UPDATE)."""

from typing import Literal

from models.values.refs import TENANTS, USERS
from pydantic import Field, model_validator

from workflows_engine.effects.functions import update_recipient
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Step, Written
from workflows_engine.updating import check_gid


class UpdateObjectSettings(Written):
    """Which object (`gid://Object/{collection}/{id}`), and Liquid that renders to its properties as JSON."""

    recipient_gid: str = Field(min_length=1)
    update_properties: str = Field(min_length=1)


class UpdateObjectPlan(PlannedStep):
    """What travels: the ref; which object, and with what, is answered when the step runs."""

    type: Literal["update_object"] = "update_object"

    async def run(self, run: Run) -> Next:
        return run.settle(self, await run.perform(self, update_recipient)) or GoOn()


class UpdateObjectStep(Step):
    """An object that is not there is created, and its collection with it."""

    type: Literal["update_object"]
    settings: UpdateObjectSettings

    @model_validator(mode="after")
    def _names_an_object(self) -> "UpdateObjectStep":
        check_gid(self.settings.recipient_gid, but=(USERS, TENANTS))
        return self

    def plan(self) -> UpdateObjectPlan:
        return UpdateObjectPlan(ref=self.ref)

    def templates(self) -> dict[str, str]:
        return {
            "settings.recipient_gid": self.settings.recipient_gid,
            "settings.update_properties": self.settings.update_properties,
        }
