"""Under which topic events are filed and waited for: their kind, where they come from, and what happened."""

import json
from typing import Any


def topic_of(kind: str, *names: Any) -> str:
    """`["message", "workflow", "welcome", "read"]`, as one text."""
    return json.dumps([kind, *names])


def message_topic(source_type: str, source_key: str, event_key: str) -> str:
    """Something that happened to a message of a workflow, broadcast or guide."""
    return topic_of("message", source_type, source_key, event_key)


def workflow_topic(workflow_key: str, event_key: str) -> str:
    """A run of a workflow `started` or `completed`."""
    return topic_of("workflow", workflow_key, event_key)


RECIPIENT_UPDATED = topic_of("recipient", "updated")
"""What changes about a recipient: properties, preferences, channel data."""

OF_MESSAGES = '["message", '
"""How the topics of all events of messages begin."""
