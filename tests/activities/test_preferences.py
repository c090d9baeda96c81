"""Preferences decided on the rows of a run, and what its conditions and templates see of them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from activities.preferences import Decision, decide
from activities.scopes import build_scope
from activities.standing import Standing, load
from activities.versions import Versions
from models.database import Database
from models.queries.account import write_preference_defaults
from models.tables.audience_members import Membership, add_members, remove_members
from models.tables.preference_sets import put_preference_sets
from models.tables.recipients import identify
from models.values.refs import TENANTS, RecipientRef
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.runs import NOON, write_run
from workflows_engine.scope import RunScope

ADA = RecipientRef(id="ada")
NO_FEED: dict[str, Any] = {"channel_types": {"in_app_feed": False}}
FEED: dict[str, Any] = {"channel_types": {"in_app_feed": True}}


@dataclass
class Deciding:
    """One environment with the workflow `greet`, and what its runs may send."""

    database: Database
    environment: TestEnvironment

    async def publish(self, **more: Any) -> None:
        await publish(self.database, self.environment, "greet", workflow(in_app_step(), **more))

    async def prefer(self, set_id: str, preferences: dict[str, Any], ref: RecipientRef = ADA) -> None:
        async with self.database.transaction() as connection:
            given = {set_id: preferences}
            await put_preference_sets(connection, self.environment.id, ref, given, NOON, merge=False)

    async def default_to(self, preferences: dict[str, Any]) -> None:
        async with self.database.transaction() as connection:
            await write_preference_defaults(connection, self.environment.id, preferences, NOON)

    async def tenant(self, preferences: dict[str, Any]) -> None:
        acme = RecipientRef(collection=TENANTS, id="acme")
        async with self.database.transaction() as connection:
            properties = {"settings": {"preference_set": preferences}}
            await identify(connection, self.environment.id, acme, properties, NOON)

    async def standing(self, recipient: Any = None, **trigger: Any) -> tuple[Standing, RunScope]:
        run = await write_run(self.database, self.environment, "greet", recipient, **trigger)
        async with self.database.connection() as connection:
            standing = await load(connection, Versions(SEALER), run.ask("in_app_1"))
            return standing, await build_scope(connection, standing)

    async def decide(self, recipient: Any = None, **trigger: Any) -> Decision:
        standing, scope = await self.standing(recipient, **trigger)
        channel = {"id": UUID(str(self.environment.feed_channel_id)), "type": "in_app_feed"}
        return decide(standing, channel, scope, NOON)

    async def allows(self, recipient: Any = None, **trigger: Any) -> bool:
        return (await self.decide(recipient, **trigger)).allowed


@pytest.fixture
async def deciding(database: Database, environment: TestEnvironment) -> Deciding:
    deciding = Deciding(database, environment)
    await deciding.publish()
    return deciding


@pytest.mark.rule("E-PREF-9", "E-PREF-24")
async def test_without_any_preference_everything_is_sent(deciding: Deciding) -> None:
    decision = await deciding.decide()
    assert decision.allowed
    assert set(decision.trace["channel_types"].values()) == {True}


@pytest.mark.rule("E-PREF-2", "E-PREF-3")
async def test_an_environments_default_counts_at_once_and_least(deciding: Deciding) -> None:
    await deciding.default_to(NO_FEED)
    assert not await deciding.allows()
    await deciding.prefer("default", FEED)
    assert await deciding.allows()
    await deciding.default_to({"workflows": {"greet": False}})
    assert not await deciding.allows()


@pytest.mark.rule("E-PREF-4", "E-PREF-5", "E-TENANT-2")
async def test_a_tenants_run_asks_the_tenant_and_the_recipients_set_for_it(deciding: Deciding) -> None:
    await deciding.prefer("default", NO_FEED)
    assert not await deciding.allows(tenant_id="acme")

    await deciding.tenant({"channel_types": {"sms": False}})
    assert await deciding.allows(tenant_id="acme")
    assert not await deciding.allows(), "another run without the tenant"
    assert not await deciding.allows(tenant_id="umbrella")

    await deciding.prefer("acme", NO_FEED)
    assert not await deciding.allows(tenant_id="acme")


@pytest.mark.rule("E-PREF-7")
async def test_a_tenant_imposes(deciding: Deciding) -> None:
    await deciding.tenant({"channel_types": {"__strategy__": "replace", "in_app_feed": False}})
    await deciding.prefer("acme", FEED)
    assert not await deciding.allows(tenant_id="acme")
    await deciding.tenant({"channel_types": {"__strategy__": "merge"}})
    assert await deciding.allows(tenant_id="acme")


@pytest.mark.rule("E-PREF-8", "E-PREF-21", "E-PREF-10")
async def test_the_workflows_settings_are_obeyed(deciding: Deciding) -> None:
    await deciding.prefer("default", NO_FEED | {"commercial_subscribed": False})
    await deciding.publish(settings={"override_preferences": True})
    assert await deciding.allows()

    await deciding.prefer("default", {"commercial_subscribed": False})
    await deciding.publish()
    assert await deciding.allows(), "workflows are not commercial unless they say so"
    await deciding.publish(settings={"is_commercial": True})
    assert not await deciding.allows()
    await deciding.tenant({"commercial_subscribed": True})
    assert not await deciding.allows(tenant_id="acme")


@pytest.mark.rule("E-PREF-11")
async def test_the_workflows_categories_are_those_of_its_version(deciding: Deciding) -> None:
    await deciding.prefer("default", {"categories": {"News": False}})
    assert await deciding.allows()
    await deciding.publish(categories=["news", "News"])
    assert not await deciding.allows()


@pytest.mark.rule("E-PREF-14")
async def test_the_channel_itself_may_be_preferred_where_its_type_is_not(deciding: Deciding) -> None:
    own = NO_FEED | {"channels": {str(deciding.environment.feed_channel_id): True}}
    await deciding.prefer("default", own)
    assert await deciding.allows()


@pytest.mark.rule("E-PREF-1")
async def test_objects_have_preferences_of_their_own(deciding: Deciding) -> None:
    project = {"id": "p1", "collection": "projects", "name": "P1"}
    await deciding.prefer("default", NO_FEED, RecipientRef(collection="projects", id="p1"))
    assert not await deciding.allows(project)
    assert await deciding.allows({"id": "p1", "name": "A user"})


@pytest.mark.rule("E-PREF-15", "E-COND-8", "E-COND-30")
async def test_conditions_see_the_run_but_not_what_became_of_messages(deciding: Deciding) -> None:
    muted = [{"variable": "recipient.muted", "operator": "not_contains", "argument": "data.dino"}]
    await deciding.prefer("default", {"workflows": {"greet": {"conditions": muted}}})
    ada = {"id": "ada", "muted": ["t-rex"]}
    assert not await deciding.allows(ada, data={"dino": "t-rex"})
    assert await deciding.allows(ada, data={"dino": "stegosaurus"})
    assert await deciding.allows(ada), "an unknown path is an empty text"

    status = [{"variable": "refs.in_app_1.delivery_status", "operator": "empty", "argument": None}]
    await deciding.prefer("default", {"workflows": {"greet": {"conditions": status}}})
    standing, scope = await deciding.standing()
    scope.refs["in_app_1"] = {"delivery_status": ["sent"]}
    channel = {"id": deciding.environment.feed_channel_id, "type": "in_app_feed"}
    lines = decide(standing, channel, scope, NOON).trace["nodes"]["workflows.greet"]["decided_by"]
    assert [line["location"] for line in lines] == ["workflows.greet"]
    assert "sent" not in str(lines)


async def test_conditions_that_cannot_be_read_are_no_consent(deciding: Deciding) -> None:
    await deciding.tenant({"workflows": {"greet": {"conditions": [{"colour": "red"}]}}})
    decision = await deciding.decide(tenant_id="acme")
    assert not decision.allowed
    assert "cannot be read" in str(decision.trace)


@pytest.mark.rule("E-RUN-14")
async def test_the_scope_holds_the_resolved_set_and_the_tenants_by_either_name(deciding: Deciding) -> None:
    await deciding.default_to({"channel_types": {"sms": False}})
    await deciding.tenant({"categories": {"news": False}})
    await deciding.prefer("acme", FEED)
    _, scope = await deciding.standing(tenant_id="acme")
    assert scope.recipient["preferences"] == {
        "channel_types": {"sms": False, "in_app_feed": True},
        "categories": {"news": False},
    }
    assert scope.tenant is not None
    named = scope.tenant["settings"]
    assert named["preferences"] == named["preference_set"] == {"categories": {"news": False}}


@pytest.mark.rule("E-COND-21", "E-AUD-3")
async def test_the_runs_tenant_and_the_memberships_must_be_the_same(deciding: Deciding) -> None:
    environment_id = deciding.environment.id
    async with deciding.database.transaction() as connection:
        for key, tenant in (("everyone", None), ("acmes", "acme"), ("both", None), ("both", "acme")):
            membership = Membership(user_id="ada", tenant_id=tenant)
            assert await add_members(connection, environment_id, key, [membership], NOON) == [membership]
            assert await add_members(connection, environment_id, key, [membership], NOON) == []

    async def memberships(recipient: Any = None, **trigger: Any) -> set[str]:
        return set((await deciding.standing(recipient, **trigger))[1].memberships)

    assert await memberships() == {"everyone", "both"}
    assert await memberships(tenant_id="acme") == {"acmes", "both"}
    assert await memberships(tenant_id="umbrella") == set()
    assert await memberships({"id": "bob"}) == set()
    assert await memberships({"id": "ada", "collection": "projects"}) == set()

    async with deciding.database.transaction() as connection:
        gone = [Membership(user_id="ada"), Membership(user_id="bob")]
        assert await remove_members(connection, environment_id, "both", gone) == gone[:1]
    assert await memberships() == {"everyone"}


@pytest.mark.rule("E-COND-21")
async def test_preferences_may_depend_on_audiences(deciding: Deciding) -> None:
    member = [{"variable": "recipient", "operator": "is_audience_member", "argument": "vips"}]
    await deciding.prefer("default", {"workflows": {"greet": {"conditions": member}}})
    assert not await deciding.allows()
    async with deciding.database.transaction() as connection:
        await add_members(connection, deciding.environment.id, "vips", [Membership(user_id="ada")], NOON)
    assert await deciding.allows()
