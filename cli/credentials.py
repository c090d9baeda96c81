"""Environments and keys as rows: what `tocsin up` seeds and what `tocsin keys` makes (D15)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import psycopg
from psycopg.rows import DictRow, dict_row

from cli.database_url import checked
from cli.errors import CommandError
from models.ids import new_uuid
from models.tables.keys import digest_of, hint_of
from models.values.development import ENVIRONMENT
from models.values.kinds import KeyKind

Connection = psycopg.Connection[DictRow]

ENVIRONMENTS = (ENVIRONMENT, "production")
_PATIENCE_SECONDS = 10


@contextmanager
def connected(database_url: str) -> Iterator[Connection]:
    """One transaction; raises CommandError when the database cannot be found, or has no schema."""
    checked(database_url)
    try:
        with psycopg.connect(
            database_url, row_factory=dict_row, connect_timeout=_PATIENCE_SECONDS
        ) as connection:
            yield connection
    except psycopg.errors.UndefinedTable as error:
        raise CommandError("the database has no schema yet: run `tocsin db upgrade` first") from error
    except psycopg.OperationalError as error:
        raise CommandError(f"the database does not answer; check DATABASE_URL: {error}") from error


def ensure_environments(connection: Connection) -> dict[str, UUID]:
    """The ids of the environments that every instance has, by slug; those that are missing are made."""
    return {slug: _ensure_environment(connection, slug, index) for index, slug in enumerate(ENVIRONMENTS)}


def all_environments(connection: Connection) -> dict[str, UUID]:
    """The ids of all environments by slug, in their order; branches are none."""
    rows = connection.execute(
        """
        SELECT slug, id FROM environments WHERE branch_of IS NULL AND deleted_at IS NULL
        ORDER BY position, slug
        """
    ).fetchall()
    return {row["slug"]: row["id"] for row in rows}


def store_key(
    connection: Connection,
    key: str,
    kind: KeyKind,
    environment_id: UUID | None,
    secret_key: str,
    *,
    is_development: bool = False,
) -> str:
    """Keep the key's HMAC, and answer its hint; a key that is there already stays as it is.

    Under another master secret the same key has another HMAC: a development key that was revoked is not
    kept again.
    """
    hint = hint_of(key)
    if is_development and _was_revoked(connection, kind, environment_id, hint):
        return hint
    connection.execute(
        """
        INSERT INTO api_keys (id, environment_id, kind, digest, hint, is_development, inserted_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (digest) DO NOTHING
        """,
        (
            new_uuid(),
            environment_id,
            kind.value,
            digest_of(key, secret_key),
            hint,
            is_development,
            datetime.now(UTC),
        ),
    )
    return hint


def list_keys(connection: Connection) -> list[DictRow]:
    """Every key with its environment's slug, the oldest first."""
    return connection.execute(
        """
        SELECT k.id, k.kind, k.hint, k.is_development, k.inserted_at, k.expires_at, k.revoked_at, e.slug
        FROM api_keys k LEFT JOIN environments e ON e.id = k.environment_id
        ORDER BY k.inserted_at, k.id
        """
    ).fetchall()


def revoke_key(connection: Connection, key_id: UUID) -> None:
    """The API asks at every request, so this holds from the next one on."""
    connection.execute(
        "UPDATE api_keys SET revoked_at = %s WHERE id = %s AND revoked_at IS NULL",
        (datetime.now(UTC), key_id),
    )


def _was_revoked(connection: Connection, kind: KeyKind, environment_id: UUID | None, hint: str) -> bool:
    """Whether somebody revoked this development key, under whichever master secret it was kept."""
    row = connection.execute(
        """
        SELECT 1 FROM api_keys WHERE is_development AND revoked_at IS NOT NULL AND kind = %s AND hint = %s
            AND environment_id IS NOT DISTINCT FROM %s
        """,
        (kind.value, hint, environment_id),
    ).fetchone()
    return row is not None


def _ensure_environment(connection: Connection, slug: str, position: int) -> UUID:
    connection.execute(
        """
        INSERT INTO environments (id, slug, name, position, inserted_at) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (slug) WHERE branch_of IS NULL AND deleted_at IS NULL DO NOTHING
        """,
        (new_uuid(), slug, slug.capitalize(), position, datetime.now(UTC)),
    )
    row = connection.execute(
        "SELECT id FROM environments WHERE slug = %s AND branch_of IS NULL AND deleted_at IS NULL", (slug,)
    ).fetchone()
    assert row is not None  # it is there, by the statement above
    return UUID(str(row["id"]))
