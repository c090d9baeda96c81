"""The HTTP fetch step: a request whose response becomes data of the run (E-FETCH)."""

from typing import Literal

from pydantic import Field

from workflows_engine.effects.steps import fetch
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Step, Written
from workflows_engine.templates import Method, Pair, below, given, pair_templates


class FetchSettings(Written):
    """`headers` and `query_params` are pairs, or one template that renders to a JSON object (E-FETCH-1)."""

    method: Method = "get"
    url: str = Field(min_length=1)
    body: str | None = None
    headers: str | list[Pair] | None = None
    query_params: str | list[Pair] | None = None
    response_path: str | None = Field(default=None, pattern=r"^[^.\s]+(\.[^.\s]+)*$")
    sign_request: bool | None = None
    """Whether the request carries a signature of the environment's key (E-FETCH-11)."""


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
        own = given(url=self.settings.url, body=self.settings.body)
        own |= pair_templates("headers", self.settings.headers)
        return below("settings", own | pair_templates("query_params", self.settings.query_params))
