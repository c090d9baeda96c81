"""The HTTP fetch step: a request whose response becomes data of the run (E-FETCH)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from workflows_engine.effects.steps import fetch
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Step


class Pair(BaseModel):
    """A header or a query parameter, both sides Liquid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    value: str


class FetchSettings(BaseModel):
    """`headers` and `query_params` are pairs, or one template that renders to a JSON object (E-FETCH-1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Literal["get", "post", "put", "delete", "patch"] = "get"
    url: str = Field(min_length=1)
    body: str | None = None
    headers: str | list[Pair] | None = None
    query_params: str | list[Pair] | None = None
    response_path: str | None = None


class FetchPlan(PlannedStep):
    """What travels: the ref; the request is rendered from Postgres when it is made."""

    type: Literal["http_fetch"] = "http_fetch"

    async def run(self, run: Run) -> Next:
        fetched = await run.perform(self, fetch)
        return run.settle(self, fetched) or GoOn()


class FetchStep(Step):
    """Three attempts, 30 s and 60 s apart, for what may be retried (E-FETCH-5)."""

    type: Literal["http_fetch"]
    settings: FetchSettings

    def plan(self) -> FetchPlan:
        return FetchPlan(ref=self.ref)

    def templates(self) -> dict[str, str]:
        found = {"settings.url": self.settings.url}
        if self.settings.body is not None:
            found["settings.body"] = self.settings.body
        for name, value in (("headers", self.settings.headers), ("query_params", self.settings.query_params)):
            if isinstance(value, str):
                found[f"settings.{name}"] = value
            for index, pair in enumerate(value if isinstance(value, list) else []):
                found[f"settings.{name}[{index}].key"] = pair.key
                found[f"settings.{name}[{index}].value"] = pair.value
        return found
