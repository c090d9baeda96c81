"""The update user step: merges properties into a user (E-UPDATE)."""

from typing import Literal

from models.values.refs import USERS
from pydantic import model_validator

from workflows_engine.effects.functions import update_recipient
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Step
from workflows_engine.updating import EntitySettings, check_gid


class UpdateUserPlan(PlannedStep):
    """What travels: the ref; who is updated, and with what, is answered when the step runs."""

    type: Literal["update_user"] = "update_user"

    async def run(self, run: Run) -> Next:
        return run.settle(self, await run.perform(self, update_recipient)) or GoOn()


class UpdateUserStep(Step):
    """The run's own user, or one named by its global id; one that is not there is created."""

    type: Literal["update_user"]
    settings: EntitySettings

    @model_validator(mode="after")
    def _names_a_user(self) -> "UpdateUserStep":
        check_gid(self.settings.recipient_gid, collection=USERS)
        return self

    def plan(self) -> UpdateUserPlan:
        return UpdateUserPlan(ref=self.ref)

    def templates(self) -> dict[str, str]:
        return self.settings.templates()
