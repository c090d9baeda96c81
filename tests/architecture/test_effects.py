"""Every effect has exactly one performer, and both mean the same types."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client

from dispatch.temporal import Temporal
from models.database import Database
from models.sealing import Sealer
from outbound.client import build_client
from tests.houses import SECRET
from worker.assembly import Parts, performers
from workflows_engine.effects import EFFECTS
from workflows_engine.effects.effect import Effect


@pytest.fixture(scope="module")
async def definitions() -> list[activity._Definition]:
    # Nothing is connected: performers keep their parts until they are called.
    client = await Client.connect("127.0.0.1:1", lazy=True)
    http = build_client()
    parts = Parts(Database("postgresql://nowhere/none"), Temporal(client), http, Sealer(SECRET))
    listed: list[Callable[..., Any]] = performers(parts)
    await http.aclose()
    return [activity._Definition.must_from_callable(one) for one in listed]


def test_every_effect_has_exactly_one_performer(definitions: list[activity._Definition]) -> None:
    performed = Counter(definition.name for definition in definitions)
    assert performed == Counter(effect.name for effect in EFFECTS)


def test_no_two_effects_share_a_name() -> None:
    assert len({effect.name for effect in EFFECTS}) == len(EFFECTS)


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.name)
def test_effect_and_performer_agree_on_what_is_asked_and_answered(
    effect: Effect[Any, Any], definitions: list[activity._Definition]
) -> None:
    definition = next(one for one in definitions if one.name == effect.name)
    # Temporal's view leaves `self` out.
    assert (definition.arg_types, definition.ret_type) == ([effect.ask], effect.answer)
