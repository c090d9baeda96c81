"""A message that the development mailbox received, and how a mail's bytes become one."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, Literal

import uuid_utils
from pydantic import BaseModel, ConfigDict, Field

from models.values.kinds import ChannelType


class Attachment(BaseModel):
    """A part beside the text: named, not kept."""

    name: str
    content_type: str
    size: int


class Origin(BaseModel):
    """Where a message of our own rows comes from, and what became of it."""

    workflow_key: str
    step_ref: str
    channel_key: str
    recipient: str
    tenant: str | None
    status: str


class ReceivedMessage(BaseModel):
    """One message as it arrived. `to` are the addresses it was really sent to, blind copies too.

    `text` and `html` are empty where the message has no such part; `received_at` is UTC. Messages of our own
    rows have their `content`, in the contract's shape, and their `origin`.
    """

    model_config = ConfigDict(populate_by_name=True)

    id: str
    channel_type: ChannelType
    sender: str = Field(alias="from")
    to: list[str]
    subject: str
    text: str
    html: str
    received_at: datetime
    headers: list[tuple[str, str]] = []
    attachments: list[Attachment] = []
    content: dict[str, Any] | None = None
    origin: Origin | None = None


def receive_mail(content: bytes, sender: str, recipients: list[str]) -> ReceivedMessage:
    """The message in a mail's bytes; a mail nobody can parse is kept as its own source."""
    received = ReceivedMessage(
        id=str(uuid_utils.uuid7()),  # Ids sort by arrival, and so do the files named after them.
        channel_type=ChannelType.EMAIL,
        sender=sender,
        to=recipients,
        subject="",
        text="",
        html="",
        received_at=datetime.now(UTC),
    )
    try:
        return received.model_copy(update=_read(content))
    except Exception as error:  # Strangers' bytes: the parser raises whatever its code runs into.
        source = content.decode(errors="replace")
        return received.model_copy(
            update={"subject": "(a mail that cannot be parsed)", "text": f"{error!r}\n\n{source}"}
        )


def _read(content: bytes) -> dict[str, object]:
    mail = email.message_from_bytes(content, policy=email.policy.default)
    return {
        "subject": str(mail.get("Subject", "")),
        "text": _body(mail, "plain"),
        "html": _body(mail, "html"),
        "headers": [(name, str(value)) for name, value in mail.items()],
        "attachments": [_attachment(part) for part in mail.iter_attachments()],
    }


def _body(mail: EmailMessage, kind: Literal["plain", "html"]) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part else ""


def _attachment(part: EmailMessage) -> Attachment:
    payload = part.get_payload(decode=True)
    return Attachment(
        name=part.get_filename() or "(no name)",
        content_type=part.get_content_type(),
        size=len(payload) if isinstance(payload, bytes) else 0,
    )
