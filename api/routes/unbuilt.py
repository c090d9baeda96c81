"""Operations of Knock's management API that are not built: each says so, and what to use instead."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter

from api.dependencies import AccountCaller
from api.errors import NotBuilt

_BROADCASTS = "Trigger a workflow for the recipients instead; broadcasts come with a later release."
_GOALS = "Goals come with a later release; workflows and guides are kept without them."
_MEMBERS = "There are no members: whoever holds a service token manages. See GET /v1/tocsin/keys."
_CENTER = (
    "The hosted preference center comes with a later release; set an environment's default preferences with "
    "PUT /v1/tocsin/account."
)
_SOURCES = "Let your own server trigger workflows; sources come with a later release."
_ASSETS = "Host images yourself, and write their URLs in templates."
_PREVIEWS = (
    "Push to development and run the workflow (PUT /v1/workflows/{key}/run): the mailbox page shows what "
    "would be sent. Previews come with a later release."
)


@dataclass(frozen=True)
class Unbuilt:
    """An operation as Knock's contract writes it, and what a caller can do meanwhile."""

    method: str
    path: str
    instead: str


UNBUILT: tuple[Unbuilt, ...] = (
    Unbuilt("GET", "/v1/assets", _ASSETS),
    Unbuilt("GET", "/v1/broadcasts", _BROADCASTS),
    Unbuilt("GET", "/v1/broadcasts/{broadcast_key}", _BROADCASTS),
    Unbuilt("PUT", "/v1/broadcasts/{broadcast_key}", _BROADCASTS),
    Unbuilt("PUT", "/v1/broadcasts/{broadcast_key}/cancel", _BROADCASTS),
    Unbuilt("PUT", "/v1/broadcasts/{broadcast_key}/send", _BROADCASTS),
    Unbuilt("PUT", "/v1/broadcasts/{broadcast_key}/validate", _BROADCASTS),
    Unbuilt("POST", "/v1/email_layouts/preview", _PREVIEWS),
    Unbuilt("GET", "/v1/goals", _GOALS),
    Unbuilt("DELETE", "/v1/goals/{goal_key}", _GOALS),
    Unbuilt("GET", "/v1/goals/{goal_key}", _GOALS),
    Unbuilt("PUT", "/v1/goals/{goal_key}", _GOALS),
    Unbuilt("POST", "/v1/goals/{goal_key}/clone", _GOALS),
    Unbuilt("PUT", "/v1/goals/{goal_key}/validate", _GOALS),
    Unbuilt("GET", "/v1/members", _MEMBERS),
    Unbuilt("DELETE", "/v1/members/{id}", _MEMBERS),
    Unbuilt("GET", "/v1/members/{id}", _MEMBERS),
    Unbuilt("POST", "/v1/partials/preview", _PREVIEWS),
    Unbuilt("GET", "/v1/preference_center", _CENTER),
    Unbuilt("PUT", "/v1/preference_center", _CENTER),
    Unbuilt("PUT", "/v1/preference_center/reset", _CENTER),
    Unbuilt("GET", "/v1/source_providers", _SOURCES),
    Unbuilt("GET", "/v1/source_providers/{key}", _SOURCES),
    Unbuilt("GET", "/v1/sources", _SOURCES),
    Unbuilt("GET", "/v1/sources/{key}", _SOURCES),
    Unbuilt("PUT", "/v1/sources/{key}", _SOURCES),
    Unbuilt("GET", "/v1/sources/{key}/events", _SOURCES),
    Unbuilt("GET", "/v1/sources/{key}/logs", _SOURCES),
    Unbuilt("POST", "/v1/sources/{key}/rehearse", _SOURCES),
    Unbuilt("GET", "/v1/sources/{key}/status", _SOURCES),
    Unbuilt("POST", "/v1/templates/preview", _PREVIEWS),
    Unbuilt("POST", "/v1/workflows/{workflow_key}/steps/{step_ref}/preview_template", _PREVIEWS),
)
"""All of them, by path."""

router = APIRouter(tags=["Not built yet"])


def _answer(one: Unbuilt) -> Callable[..., Awaitable[None]]:
    async def refuse(caller: AccountCaller) -> None:
        raise NotBuilt(f"{one.method} {one.path} is not built yet. {one.instead}")

    return refuse


for _one in UNBUILT:
    router.add_api_route(
        # Segments are told apart in the raw path, as everywhere here.
        _one.path.replace("}", ":id}"),
        _answer(_one),
        methods=[_one.method],
        name=f"unbuilt {_one.method} {_one.path}",
        include_in_schema=False,
    )
