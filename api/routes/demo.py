"""What a newcomer looks at first; served in development only."""

import hashlib
import json
from pathlib import Path

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import HTMLResponse

from api.dependencies import Settings
from api.errors import NotFound
from models.values import development

_PAGE = (Path(__file__).parents[1] / "pages" / "demo.html").read_text()
_PLACE = "/*settings*/"

_CARRIERS = ("Northwind Express", "Blue Heron Freight", "Pelican Post", "Meridian Parcel")
_SLOWEST_DAYS = 5


async def _in_development(settings: Settings) -> None:
    if not settings.is_development:
        raise NotFound("The demo is served in development only: `tocsin up` does.")


router = APIRouter(prefix="/demo", tags=["Demo"], dependencies=[Depends(_in_development)])


class Shipment(BaseModel):
    """What the example workflow `order-shipped` fetches."""

    id: str
    carrier: str
    eta_days: int


@router.get("", response_class=HTMLResponse, include_in_schema=False)
async def get_page(settings: Settings) -> HTMLResponse:
    """One page that triggers a workflow and shows what becomes of it."""
    told = {
        "secretKey": development.SECRET_KEY,
        "publicKey": development.PUBLIC_KEY,
        "feedChannelId": str(development.FEED_CHANNEL_ID),
        "temporalUiUrl": settings.temporal_ui_url,
        "mailboxUrl": settings.mailbox_url,
    }
    # A script ends at the first `</`, even inside a string.
    return HTMLResponse(_PAGE.replace(_PLACE, json.dumps(told).replace("</", "<\\/")))


@router.get("/shipments/{shipment_id:id}")
async def get_shipment(shipment_id: str) -> Shipment:
    """The same shipment whenever it is asked for."""
    digest = hashlib.sha256(shipment_id.encode()).digest()
    return Shipment(
        id=shipment_id,
        carrier=_CARRIERS[digest[0] % len(_CARRIERS)],
        eta_days=1 + digest[1] % _SLOWEST_DAYS,
    )
