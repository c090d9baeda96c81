"""A mail as the bytes and the envelope that mail servers take."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage as Mime
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, getaddresses
from typing import Final

from activities.channels.provider import EmailMessage

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@\x00-\x1f\x7f]+@[^\s<>()\[\],;:\\\"@\x00-\x1f\x7f]+")
_ADDRESS_CHARACTERS: Final = 254
_HEADER_NAME = re.compile(r"[!-9;-~]+")
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# How the mail is built, and whom nobody may see.
_OURS: Final = ("content-", "mime-version", "bcc")


class InvalidMail(Exception):
    """The mail cannot be sent as it is: an address or a header in it is wrong."""


@dataclass(frozen=True)
class Mail:
    """What goes over the wire: the content, and between whom."""

    message_id: str
    """Its Message-ID with the angle brackets, the same for every attempt to send the message."""
    sender: str
    to: str
    copies: tuple[str, ...]
    content: bytes
    international: bool
    """Whether an address has letters beyond ASCII before its `@`, which a server must be able to take."""


def build(message: EmailMessage) -> Mail:
    """Write `message` as multipart/alternative, or as one part if it has only text or only HTML.

    Raises `InvalidMail`.
    """
    try:
        return _build(message)
    except (MessageError, ValueError, IndexError) as err:
        # IndexError: the standard library's parser of addresses on some that are broken.
        raise InvalidMail(f"the mail cannot be written: {err}") from err


def _build(message: EmailMessage) -> Mail:
    sender = _one(message.from_address, "from", message.from_name)
    to = _one(message.to, "to")
    cc, bcc = _several(message.cc, "cc"), _several(message.bcc, "bcc")
    replies = _several(message.reply_to, "reply-to")
    international = any(not address.username.isascii() for address in (sender, to, *cc, *bcc, *replies))
    mime = Mime(policy=SMTPUTF8 if international else SMTP)
    message_id = f"<{message.message_id}@{sender.domain}>"
    mime["Message-ID"] = message_id
    mime["Date"] = format_datetime(datetime.now(UTC))
    mime["From"] = sender
    mime["To"] = to
    if cc:
        mime["Cc"] = cc
    if replies:
        mime["Reply-To"] = replies
    mime["Subject"] = message.subject
    _add_headers(mime, message.headers)
    _add_bodies(mime, message)
    copies = tuple(dict.fromkeys(address.addr_spec for address in (*cc, *bcc)))
    return Mail(message_id, sender.addr_spec, to.addr_spec, copies, mime.as_bytes(), international)


def _add_headers(mime: Mime, headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise InvalidMail(f"'{name[:80]}' cannot be the name of a header")
        if not name.lower().startswith(_OURS):
            del mime[name]
            mime[name] = value


def _add_bodies(mime: Mime, message: EmailMessage) -> None:
    # Quoted-printable: not every server on the way takes eight bits, or long lines.
    if message.text_body or not message.html_body:
        mime.set_content(message.text_body, cte="quoted-printable")
    if message.html_body and message.text_body:
        mime.add_alternative(message.html_body, subtype="html", cte="quoted-printable")
    elif message.html_body:
        mime.set_content(message.html_body, subtype="html", cte="quoted-printable")


def _one(text: str, field: str, name: str | None = None) -> Address:
    found = _several(text, field)
    if len(found) != 1:
        raise InvalidMail(f"'{field}' must be one address, not {len(found)}")
    return Address(name or found[0].display_name, found[0].username, found[0].domain)


def _several(text: str | None, field: str) -> list[Address]:
    if not text or not text.strip():
        return []
    if _CONTROL_CHARACTERS.search(text):
        raise InvalidMail(f"'{field}' holds a line break")
    return [_address(name, spec, text, field) for name, spec in getaddresses([text])]


def _address(name: str, spec: str, text: str, field: str) -> Address:
    # The standard library mends what it reads: `a@b c` becomes `a@bc`, which is somebody else.
    if spec not in text or len(spec) > _ADDRESS_CHARACTERS or not _ADDRESS.fullmatch(spec):
        raise InvalidMail(f"'{field}' holds something that is not an e-mail address")
    local, _, domain = spec.rpartition("@")
    try:
        return Address(name, local, domain if domain.isascii() else domain.encode("idna").decode())
    except UnicodeError as err:
        raise InvalidMail(f"'{field}' holds an address with an impossible domain") from err
