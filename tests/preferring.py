"""Preference sets for tests: asking what layers of them say, and drawing any of them."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from models.values.conditions import Condition, ConditionGroup
from tests.runs import NOON
from workflows_engine.conditions import Grounds, Judgement, judge
from workflows_engine.preferences import CHANNEL_TYPES, Layers, Subject, Verdict, weigh

Set = dict[str, Any]

C1 = "11111111-1111-4111-8111-111111111111"
C2 = "22222222-2222-4222-8222-222222222222"
EMAIL_OFF: Set = {"channel_types": {"email": False}}
EMAIL_ON: Set = {"channel_types": {"email": True}}
SCOPE = {"recipient": {"id": "ada", "muted": ["t-rex"]}, "data": {"dino": "t-rex"}, "tenant": {"vip": True}}
MUTED = {"variable": "recipient.muted", "operator": "not_contains", "argument": "data.dino"}
HOLDS = {"variable": "recipient.id", "operator": "equal_to", "argument": "ada"}


def judged(conditions: Sequence[Any]) -> Judgement:
    group = ConditionGroup(all=[Condition.model_validate(one) for one in conditions])
    return judge(group, Grounds(SCOPE, NOON))


def verdict(layers: Layers, channel_id: str = C1, channel_type: str = "email", **more: Any) -> Verdict:
    subject = {"workflow_key": "new-comment", "categories": ["collaboration"]} | more
    return weigh(layers, Subject(channel_id=channel_id, channel_type=channel_type, **subject), judged)


def allowed(own: Set, channel_id: str = C1, channel_type: str = "email", **more: Any) -> bool:
    return verdict(Layers(recipient_default=own), channel_id, channel_type, **more).allowed


def collaboration(node: Any) -> Set:
    return {"categories": {"collaboration": node}}


choices = st.booleans() | st.just({"conditions": [HOLDS]}) | st.just({"conditions": [MUTED]})
maps = {
    "channel_types": st.dictionaries(st.sampled_from(CHANNEL_TYPES), choices),
    "channels": st.dictionaries(st.sampled_from([C1, C2]), choices),
}
nodes = st.booleans() | st.fixed_dictionaries({}, optional=maps)
sets = st.fixed_dictionaries(
    {},
    optional=maps
    | {
        "categories": st.dictionaries(st.sampled_from(["collaboration", "b"]), nodes),
        "workflows": st.dictionaries(st.sampled_from(["new-comment", "other"]), nodes),
        "commercial_subscribed": choices,
    },
)
