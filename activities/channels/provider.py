"""What a provider is given and what it answers: messages, receipts, delivery logs."""

import re
from typing import Annotated, Final, Literal, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue

_DETAIL_CHARACTERS: Final = 500
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


def _on_one_line(text: str) -> str:
    return _CONTROL_CHARACTERS.sub(" ", text).strip()


def _bounded(text: str | None) -> str | None:
    return None if text is None else text[:_DETAIL_CHARACTERS]


OneLine = Annotated[str, AfterValidator(_on_one_line)]
"""Text for a header: whatever a template rendered, it holds no line break."""

LogBody = str | dict[str, JsonValue]


class LogRequest(BaseModel):
    """What was sent to the vendor, already redacted; Knock's `MessageDeliveryLog.request`."""

    method: Literal["GET", "POST", "PUT", "DELETE", "PATCH"]
    host: str
    path: str
    query: str | None = None
    headers: dict[str, str] = {}
    body: LogBody = ""


class LogResponse(BaseModel):
    """What the vendor answered; no status where it answered nothing."""

    status: int | None = None
    headers: dict[str, str] = {}
    body: LogBody = ""


class DeliveryLog(BaseModel):
    """One request to a vendor and its answer: the content of Knock's `MessageDeliveryLog`."""

    service_name: str
    request: LogRequest
    response: LogResponse


class Receipt(BaseModel):
    """What became of one attempt to deliver a message.

    `sent`: the vendor took it. `retry_after`: it may take it later. `dead`: it never will, or not before the
    channel's settings are changed.
    """

    outcome: Literal["sent", "retry_after", "dead"]
    detail: Annotated[str | None, AfterValidator(_bounded)] = None
    """For a person: why not, and what to do about it. At most 500 characters, no secrets."""
    retry_after_seconds: float | None = None
    """The vendor's own wish, if it uttered one."""
    bounced: bool = False
    """Whether the vendor refused the recipient, rather than the message or us."""
    provider_reference: str | None = None
    """By what the vendor, or the recipient's mail program, knows the message."""
    logs: list[DeliveryLog] = []


class EmailMessage(BaseModel):
    """One mail, rendered. `cc` and `bcc` may each be several addresses with commas between them."""

    model_config = ConfigDict(frozen=True)

    message_id: str
    """The id of our message; a mail that is sent twice carries it twice."""
    from_address: str
    from_name: OneLine | None = None
    to: str
    cc: str | None = None
    bcc: str | None = None
    reply_to: str | None = None
    subject: OneLine = ""
    html_body: str = ""
    text_body: str = ""
    headers: dict[str, OneLine] = {}
    """Further headers; those that say how the mail is built are not taken."""
    workflow_key: str | None = None
    recipient_id: str | None = None


Message = TypeVar("Message", contravariant=True)


class Provider(Protocol[Message]):
    """A vendor behind a channel. Its class is the model of its settings: pydantic checks them."""

    async def deliver(self, message: Message) -> Receipt:
        """Try once to hand `message` to the vendor.

        Whatever the vendor does, or the network on the way to it, is answered as a receipt; an exception is a
        fault of ours.
        """
        ...
