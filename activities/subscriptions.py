"""What a run knows of the subscription that led to it (E-SUBS-4)."""

from typing import Any

from psycopg.rows import DictRow

from activities.standing import rendered_recipient
from models.values.refs import RecipientRef


def subscription_of(facts: DictRow) -> dict[str, Any]:
    """`{"subscription": …}` for the recipient of a run that a subscription led to, else nothing.

    The properties are those of the moment of the fan-out; `object`, the immediate parent, is as it is now.
    """
    found = facts["subscription"]
    if found is None:
        return {}
    ref = RecipientRef(collection=found["collection"], id=found["id"])
    subscribed = rendered_recipient(ref, facts["subscribed_properties"], facts["subscribed_updated_at"])
    return {"subscription": {**found["properties"], "object": subscribed}}
