"""Outbound webhook endpoints as our management routes take and show them."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from api.errors import InvalidParams
from api.schemas.resource import Moment
from models.values.webhook_events import EVENTS

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,254}")


class WebhookRequest(BaseModel):
    """What is left out stays. A new endpoint needs `url` and `events`; a `signing_secret` is made for it."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(default=None, max_length=2000)
    description: str | None = Field(default=None, max_length=1000)
    events: list[str] | None = Field(default=None, min_length=1)
    enabled: bool | None = None
    signing_secret: SecretStr | None = Field(default=None, min_length=16, max_length=255)

    @field_validator("events")
    @classmethod
    def _are_known(cls, events: list[str] | None) -> list[str] | None:
        unknown = [event for event in events or [] if event not in EVENTS]
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: no such event; they are {', '.join(EVENTS)}")
        return None if events is None else sorted(set(events))


class Webhook(BaseModel):
    """An endpoint; of its signing secret only the last four characters."""

    id: UUID
    key: str
    url: str
    description: str | None
    events: list[str]
    enabled: bool
    signing_secret_hint: str
    created_at: Moment
    updated_at: Moment


class NewWebhook(Webhook):
    """With the signing secret, where it was just made: it is shown this once."""

    signing_secret: str | None


class ListWebhooksResponse(BaseModel):
    entries: list[Webhook]


def checked_key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise InvalidParams.of(
            "key", "must be lower-case letters, digits, - and _, beginning with one of the first two"
        )
    return key


def checked_url(url: str, *, is_development: bool) -> str:
    """An address that events may be posted to; raises InvalidParams."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise InvalidParams.of("url", "is not a URL") from None
    if parts.scheme not in ("https", "http") or not host or re.search(r"\s", url):
        raise InvalidParams.of("url", "must begin with https:// and name a host")
    if parts.username is not None or parts.password is not None:
        raise InvalidParams.of("url", "must not hold a user name or password; the signature authenticates")
    if parts.scheme == "http" and not (is_development and _is_loopback(host)):
        raise InvalidParams.of("url", "must be https; http is for this machine's own, in development only")
    return url


def webhook(row: DictRow) -> Webhook:
    return Webhook.model_validate(_fields(row))


def new_webhook(row: DictRow, signing_secret: str | None) -> NewWebhook:
    return NewWebhook.model_validate({**_fields(row), "signing_secret": signing_secret})


def _fields(row: DictRow) -> dict[str, object]:
    kept = ("id", "key", "url", "description", "events", "enabled", "updated_at")
    return {
        **{name: row[name] for name in kept},
        "signing_secret_hint": row["hint"],
        "created_at": row["inserted_at"],
    }


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
