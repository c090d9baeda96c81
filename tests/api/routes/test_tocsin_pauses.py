import pytest

from models.ids import new_uuid
from tests.api.conftest import Client


@pytest.mark.parametrize(
    ("body", "field"), [({"untill": "2026-12-24T09:00:00Z"}, "untill"), ({"until": "soon"}, "until")]
)
async def test_a_mistyped_wish_is_refused_and_wakes_nobody(
    client: Client, body: dict[str, str], field: str
) -> None:
    told = await client.refused("POST", f"/v1/tocsin/pauses/{new_uuid()}/wake", json=body)
    assert (told["status"], [one["field"] for one in told["errors"]]) == (422, [field])
