"""Composing messages of guide steps: which guide a person is to be shown (E-CHANNEL-19)."""

from typing import Any

from activities.composition.composed import Composed, Occasion, name_of
from workflows_engine.steps.channel import InAppGuideStep


def lacks(_: InAppGuideStep, occasion: Occasion) -> str | None:
    """Only users are shown guides, as only they have feeds (E-CHANNEL-5)."""
    return None if occasion.standing.ref.is_user else "missing recipient data: only users are shown guides"


def compose(step: InAppGuideStep, occasion: Occasion) -> Composed:
    """It has no template: the guide is what is shown."""
    content: dict[str, Any] = {
        "__typename": "MessageInAppGuideContent",
        "guide_key": step.guide_key,
        # Knock's SDK knows no content of guides: with these two it takes this for a chat's, and reads on.
        "connection": {},
        "template": {},
    }
    snapshot = {"user_id": occasion.standing.ref.id, "name": name_of(occasion)}
    return Composed(content=content, snapshot=snapshot)
