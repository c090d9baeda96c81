"""Merging one user into another: state first, then thirty days of history (E-LIMITS 47)."""

from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from models.database import Connection
from models.tables.recipient_removal import Removed, remove_recipients
from models.tables.recipients import LARGEST_PROPERTIES
from models.values.refs import USERS, RecipientRef

HISTORY = timedelta(days=30)
"""How old messages and runs may be to be taken along; older ones are deleted with the user."""

# What both have stays as the one has it who remains; E-LIMITS says which of it is merged deeply.
STATE: tuple[LiteralString, ...] = (
    f"""
    UPDATE recipients AS kept
    SET properties = merge_within(kept.properties, deep_merge(gone.properties, kept.properties),
                                  {LARGEST_PROPERTIES}), updated_at = %(now)s
    FROM recipients gone
    WHERE kept.environment_id = %(environment_id)s AND kept.collection = '{USERS}' AND kept.id = %(kept)s
      AND gone.environment_id = %(environment_id)s AND gone.collection = '{USERS}' AND gone.id = %(gone)s
    """,
    f"""
    UPDATE channel_data AS c SET recipient_id = %(kept)s
    WHERE environment_id = %(environment_id)s AND collection = '{USERS}' AND recipient_id = %(gone)s
      AND NOT EXISTS (
          SELECT FROM channel_data k WHERE k.environment_id = c.environment_id
             AND k.collection = c.collection AND k.recipient_id = %(kept)s AND k.channel_id = c.channel_id)
    """,
    f"""
    UPDATE preference_sets AS p SET recipient_id = %(kept)s
    WHERE environment_id = %(environment_id)s AND collection = '{USERS}' AND recipient_id = %(gone)s
      AND NOT EXISTS (
          SELECT FROM preference_sets k WHERE k.environment_id = p.environment_id
             AND k.collection = p.collection AND k.recipient_id = %(kept)s AND k.set_id = p.set_id)
    """,
    f"""
    UPDATE subscriptions AS s SET recipient_id = %(kept)s
    WHERE environment_id = %(environment_id)s AND recipient_collection = '{USERS}'
      AND recipient_id = %(gone)s
      AND NOT EXISTS (
          SELECT FROM subscriptions k WHERE k.environment_id = s.environment_id
             AND k.object_collection = s.object_collection AND k.object_id = s.object_id
             AND k.recipient_collection = s.recipient_collection AND k.recipient_id = %(kept)s)
    """,
    f"""
    UPDATE first_runs AS f SET recipient_id = %(kept)s
    WHERE environment_id = %(environment_id)s AND recipient_collection = '{USERS}'
      AND recipient_id = %(gone)s
      AND NOT EXISTS (
          SELECT FROM first_runs k WHERE k.environment_id = f.environment_id
             AND k.workflow_key = f.workflow_key AND k.recipient_collection = f.recipient_collection
             AND k.recipient_id = %(kept)s AND k.scope = f.scope)
    """,
    """
    UPDATE audience_members AS a SET user_id = %(kept)s
    WHERE environment_id = %(environment_id)s AND user_id = %(gone)s
      AND NOT EXISTS (
          SELECT FROM audience_members k WHERE k.environment_id = a.environment_id
             AND k.user_id = %(kept)s AND k.audience_key = a.audience_key AND k.tenant_id = a.tenant_id)
    """,
    f"""
    UPDATE schedules SET recipient_id = %(kept)s
    WHERE environment_id = %(environment_id)s AND recipient_collection = '{USERS}'
      AND recipient_id = %(gone)s
    """,
)

# Runs in flight are not taken along: they end, and do not follow the survivor (E-RUN-13).
HISTORY_OF_BOTH: tuple[LiteralString, ...] = (
    f"""
    UPDATE messages SET recipient_id = %(kept)s
    WHERE environment_id = %(environment_id)s AND recipient_collection = '{USERS}'
      AND recipient_id = %(gone)s AND inserted_at >= %(since)s
    """,
    f"""
    UPDATE recipient_runs SET recipient_id = %(kept)s
    WHERE environment_id = %(environment_id)s AND recipient_collection = '{USERS}'
      AND recipient_id = %(gone)s AND inserted_at >= %(since)s AND finished_at IS NOT NULL
    """,
    f"""
    UPDATE recipient_runs SET actor_id = %(kept)s
    WHERE environment_id = %(environment_id)s AND inserted_at >= %(since)s
      AND actor_collection = '{USERS}' AND actor_id = %(gone)s
    """,
    """
    UPDATE messages
    SET actors = (SELECT jsonb_agg(CASE WHEN one = %(gone_actor)s THEN %(kept_actor)s ELSE one END)
                  FROM jsonb_array_elements(actors) AS one)
    WHERE environment_id = %(environment_id)s AND inserted_at >= %(since)s AND actors @> %(gone_actor)s
    """,
)

# Both feeds become one, in the order of time. Positions are only ever given upwards: a reader who looks for
# what came after the last one seen is shown the whole feed anew, and misses nothing.
FEEDS: tuple[LiteralString, ...] = (
    """
    INSERT INTO feed_counters AS c (environment_id, channel_id, user_id, last_position)
    SELECT environment_id, channel_id, %(kept)s, max(last_position) FROM feed_counters
    WHERE environment_id = %(environment_id)s AND user_id IN (%(gone)s, %(kept)s) GROUP BY 1, 2
    ON CONFLICT (environment_id, channel_id, user_id)
    DO UPDATE SET last_position = greatest(c.last_position, excluded.last_position)
    """,
    """
    WITH ordered AS (
        SELECT i.message_id, c.last_position
               + row_number() OVER (PARTITION BY i.channel_id ORDER BY i.inserted_at, i.message_id) AS place
        FROM feed_items i JOIN feed_counters c ON c.environment_id = i.environment_id
             AND c.channel_id = i.channel_id AND c.user_id = %(kept)s
        WHERE i.environment_id = %(environment_id)s AND i.user_id IN (%(gone)s, %(kept)s)
          AND (i.user_id = %(kept)s OR i.inserted_at >= %(since)s)
          AND EXISTS (SELECT FROM feed_items g WHERE g.environment_id = i.environment_id
                      AND g.channel_id = i.channel_id AND g.user_id = %(gone)s)
    )
    UPDATE feed_items i SET user_id = %(kept)s, position = o.place
    FROM ordered o WHERE i.environment_id = %(environment_id)s AND i.message_id = o.message_id
    """,
    """
    UPDATE feed_counters c SET last_position = i.top
    FROM (SELECT channel_id, max(position) AS top FROM feed_items
          WHERE environment_id = %(environment_id)s AND user_id = %(kept)s GROUP BY channel_id) AS i
    WHERE c.environment_id = %(environment_id)s AND c.user_id = %(kept)s AND c.channel_id = i.channel_id
      AND c.last_position < i.top
    """,
)


async def merge_user(
    connection: Connection, environment_id: UUID, kept: RecipientRef, gone: RecipientRef, now: datetime
) -> Removed:
    """Both exist and are locked. The survivor wins where both say something; the other one is deleted."""
    given = {
        "environment_id": environment_id,
        "kept": kept.id,
        "gone": gone.id,
        "kept_actor": Jsonb(kept.id),
        "gone_actor": Jsonb(gone.id),
        "since": now - HISTORY,
        "now": now,
    }
    async with connection.pipeline():
        for statement in STATE + HISTORY_OF_BOTH + FEEDS:
            await connection.execute(statement, given)
    return await remove_recipients(connection, environment_id, USERS, [gone.id], now)
