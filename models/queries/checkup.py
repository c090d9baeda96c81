"""What `tocsin doctor` asks the database."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection


async def list_environments(connection: Connection) -> list[DictRow]:
    """Those that are no branches, in their order, with how many keys of each kind are good."""
    cursor = await connection.execute(
        """
        SELECT e.id, e.slug, e.enhanced_security,
               (SELECT count(*) FROM api_keys k WHERE k.environment_id = e.id AND k.kind = 'secret'
                   AND k.revoked_at IS NULL
                   AND (k.expires_at IS NULL OR k.expires_at > now())) AS secret_keys,
               (SELECT count(*) FROM signing_keys s WHERE s.environment_id = e.id
                   AND s.revoked_at IS NULL) AS signing_keys
        FROM environments e WHERE e.branch_of IS NULL AND e.deleted_at IS NULL ORDER BY e.position, e.slug
        """
    )
    return await cursor.fetchall()


async def list_contents(connection: Connection, environment_id: UUID) -> list[DictRow]:
    """Every resource, archived ones too, with what is saved or else published."""
    cursor = await connection.execute(
        """
        SELECT r.type, r.key, r.active, r.archived_at, r.updated_at, r.draft IS NOT NULL AS is_draft,
               r.current_version_id IS NOT NULL AS is_published, coalesce(r.draft, v.content) AS content
        FROM resources r LEFT JOIN resource_versions v ON v.id = r.current_version_id
        WHERE r.environment_id = %s ORDER BY r.type, r.key
        """,
        (environment_id,),
    )
    return await cursor.fetchall()


async def list_variables(connection: Connection, environment_id: UUID) -> list[DictRow]:
    """Every variable of the account, whether it is secret, and whether it has a value here."""
    cursor = await connection.execute(
        """
        SELECT v.key, v.type = 'secret' AS is_secret,
               v.value IS NOT NULL OR v.sealed IS NOT NULL OR o.key IS NOT NULL AS has_value
        FROM variables v LEFT JOIN variable_overrides o ON o.key = v.key AND o.environment_id = %s
        ORDER BY v.key
        """,
        (environment_id,),
    )
    return await cursor.fetchall()


async def list_keys(connection: Connection, before: datetime) -> list[DictRow]:
    """Keys that are good today, end before a moment and have no successor yet; and development's own."""
    cursor = await connection.execute(
        """
        SELECT k.kind, k.hint, k.expires_at, k.is_development, e.slug
        FROM api_keys k LEFT JOIN environments e ON e.id = k.environment_id
        WHERE k.revoked_at IS NULL AND NOT k.is_exchanged
          AND (k.is_development OR (k.expires_at > now() AND k.expires_at < %s))
          AND (k.is_development OR NOT EXISTS (
              SELECT FROM api_keys n WHERE n.kind = k.kind AND n.inserted_at > k.inserted_at
                  AND n.environment_id IS NOT DISTINCT FROM k.environment_id
                  AND n.name IS NOT DISTINCT FROM k.name AND n.revoked_at IS NULL AND NOT n.is_exchanged
                  AND (n.expires_at IS NULL OR n.expires_at > k.expires_at)))
        ORDER BY k.kind, k.hint
        """,
        (before,),
    )
    return await cursor.fetchall()


async def list_broken_rules(connection: Connection) -> list[DictRow]:
    """Rules of channel groups whose channel was archived."""
    cursor = await connection.execute(
        """
        SELECT g.key, r.index, c.key AS channel_key
        FROM channel_groups g JOIN channel_group_rules r ON r.group_id = g.id
             JOIN channels c ON c.id = r.channel_id
        WHERE g.archived_at IS NULL AND c.archived_at IS NOT NULL ORDER BY g.key, r.index
        """
    )
    return await cursor.fetchall()


async def list_silent_webhooks(connection: Connection) -> list[DictRow]:
    """Endpoints that are switched off."""
    cursor = await connection.execute(
        """
        SELECT w.key, w.url, e.slug FROM webhook_endpoints w JOIN environments e ON e.id = w.environment_id
        WHERE NOT w.enabled AND e.deleted_at IS NULL ORDER BY e.position, w.key
        """
    )
    return await cursor.fetchall()
