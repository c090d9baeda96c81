"""The development account: environments, well-known keys and channels, made once (D15)."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from cli.credentials import Connection, ensure_environments, store_key
from models.sealing import SealBroken, Sealer
from models.tables.channels import seal_purpose
from models.values.development import (
    ENVIRONMENT,
    FEED_CHANNEL_ID,
    PUBLIC_KEY,
    SECRET_KEY,
    SERVICE_TOKEN,
)
from models.values.kinds import KeyKind

GUIDE_CHANNEL = UUID("22222222-2222-4222-8222-222222222222")
EMAIL_CHANNEL = UUID("33333333-3333-4333-8333-333333333333")
CHANNELS = (
    (FEED_CHANNEL_ID, "in-app", "In-app feed", "in_app_feed", "in_app_feed_knock"),
    (GUIDE_CHANNEL, "guides", "Guides", "in_app_guide", "in_app_guide_knock"),
    (EMAIL_CHANNEL, "email", "Email", "email", "email_smtp"),
)
SENDER = {"from_address": "notifications@tocsin.localhost", "from_name": "Tocsin"}


def seed_development(
    database_url: str, secret_key: str, smtp_port: int, our_ports: Collection[int] = ()
) -> None:
    """Make what is missing. A channel that was changed since stays as it is; only our own port follows.

    `our_ports` are those the mailbox had at earlier starts: mail settings with another are somebody's own.
    """
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        development = ensure_environments(connection)[ENVIRONMENT]
        for key, kind, owner in (
            (SECRET_KEY, KeyKind.SECRET, development),
            (PUBLIC_KEY, KeyKind.PUBLIC, development),
            (SERVICE_TOKEN, KeyKind.SERVICE, None),
        ):
            store_key(connection, key, kind, owner, secret_key, is_development=True)
        for channel in CHANNELS:
            _channel(connection, *channel)
        for channel_id in (FEED_CHANNEL_ID, GUIDE_CHANNEL):
            _settings(connection, channel_id, development, {}, None)
        _mail_settings(connection, development, Sealer(secret_key), smtp_port, {*our_ports, smtp_port})


def _channel(
    connection: Connection, channel_id: UUID, key: str, name: str, channel_type: str, provider: str
) -> None:
    now = datetime.now(UTC)
    connection.execute(
        """
        INSERT INTO channels (id, key, name, type, provider, inserted_at, updated_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
        """,
        (channel_id, key, name, channel_type, provider, now, now),
    )


def _settings(
    connection: Connection,
    channel_id: UUID,
    environment_id: UUID,
    channel_settings: dict[str, Any],
    sealed: bytes | None,
) -> None:
    connection.execute(
        """
        INSERT INTO channel_settings
            (channel_id, environment_id, is_sandbox, channel_settings, provider_settings, updated_at)
        VALUES (%s, %s, false, %s, %s, %s) ON CONFLICT DO NOTHING
        """,
        (channel_id, environment_id, Jsonb(channel_settings), sealed, datetime.now(UTC)),
    )


def _mail_settings(
    connection: Connection, environment_id: UUID, sealer: Sealer, smtp_port: int, our_ports: set[int]
) -> None:
    """The mailbox of this instance, whose port may be another than last time."""
    purpose = seal_purpose(EMAIL_CHANNEL, environment_id)
    ours = _mailbox(smtp_port)
    _settings(connection, EMAIL_CHANNEL, environment_id, SENDER, sealer.seal(ours, purpose))
    row = connection.execute(
        "SELECT provider_settings FROM channel_settings WHERE channel_id = %s AND environment_id = %s",
        (EMAIL_CHANNEL, environment_id),
    ).fetchone()
    if row is not None and _is_ours(sealer, row["provider_settings"], purpose, our_ports):
        connection.execute(
            """
            UPDATE channel_settings SET provider_settings = %s
            WHERE channel_id = %s AND environment_id = %s
            """,
            (sealer.seal(ours, purpose), EMAIL_CHANNEL, environment_id),
        )


def _is_ours(sealer: Sealer, sealed: bytes | None, purpose: str, our_ports: set[int]) -> bool:
    """Whether `up` wrote this, to the letter."""
    try:
        settings = sealer.open(sealed, purpose) if sealed else {}
    except SealBroken:
        return True  # sealed under a secret that is gone: nobody can read it any more
    return any(settings == _mailbox(port) for port in our_ports)


def _mailbox(port: int) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "tls": "none"}
