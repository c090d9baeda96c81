import json
import re

import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings
from models.database import Database
from models.values import development
from tests.api.conftest import Client, client_of


@pytest.fixture
def in_development(settings: ApiSettings, database: Database) -> FastAPI:
    changes = {
        "is_development": True,
        "mailbox_url": "http://127.0.0.1:8025",
        "temporal_ui_url": "http://x/</script>",
    }
    return create_app(settings.model_copy(update=changes), database=database)


async def test_the_page_knows_where_everything_is(in_development: FastAPI) -> None:
    async with client_of(in_development, None) as client:
        page = (await client.get("/demo")).text
    told = json.loads(re.findall(r"const settings = (\{.*\});", page)[0])
    assert told == {
        "secretKey": development.SECRET_KEY,
        "publicKey": development.PUBLIC_KEY,
        "feedChannelId": str(development.FEED_CHANNEL_ID),
        "temporalUiUrl": "http://x/</script>",
        "mailboxUrl": "http://127.0.0.1:8025",
    }
    assert page.count("</script>") == 1


async def test_a_shipment_is_the_same_whenever_it_is_fetched(in_development: FastAPI) -> None:
    async with client_of(in_development, None) as client:
        first, again, other = [await client.found(f"/demo/shipments/{i}") for i in ("s1", "s1", "a%2Fb")]
    assert first == again
    assert other["id"] == "a/b"
    assert first.keys() == {"id", "carrier", "eta_days"}
    assert 1 <= first["eta_days"] <= 5


@pytest.mark.parametrize("path", ["/demo", "/demo/shipments/s1"])
async def test_there_is_no_demo_in_production(stranger: Client, path: str) -> None:
    assert (await stranger.refused("GET", path))["status"] == 404
