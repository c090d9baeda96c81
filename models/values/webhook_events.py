"""The events that outbound webhooks can be posted for, named as Knock names them."""

_MESSAGE = (
    "archived",
    "bounced",
    "delivered",
    "delivery_attempted",
    "interacted",
    "link_clicked",
    "read",
    "seen",
    "sent",
    "unarchived",
    "undelivered",
    "unread",
    "unseen",
)
_RUN = ("started", "completed", "error")
_CONTENT = ("workflow", "email_layout", "translation", "source_event_action", "partial")

EVENTS: tuple[str, ...] = (
    *(f"message.{name}" for name in _MESSAGE),
    *(f"workflow_recipient_run.{name}" for name in _RUN),
    *(f"{resource}.{name}" for resource in _CONTENT for name in ("updated", "committed")),
)
