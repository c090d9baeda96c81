"""Messages are found by their data: an index of its top-level pairs."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Whatever Postgres cannot read out (U+0000) has no terms, lest a message could not be written for it.
FUNCTION = r"""
    CREATE FUNCTION data_terms(data json) RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT array_agg(hashtextextended(key || ':' || CASE
            WHEN json_typeof(value) = 'string' THEN 's' || left(value #>> '{}', 256)
            WHEN json_typeof(value) <> 'number' THEN value::text
            WHEN value::text ~ '^(0|-?[1-9][0-9]{0,17})$' THEN 'n' || value::text
            ELSE 'n' END, 0))
        FROM json_each(CASE
            WHEN json_typeof(data) = 'object' AND strpos(data::text, '\u0000') = 0 THEN data
            ELSE '{}' END)
        WHERE json_typeof(value) NOT IN ('object', 'array')
    $$
"""


def upgrade() -> None:
    op.execute(FUNCTION)
    # With `fastupdate` somebody's message would pay for all that were written before.
    op.execute(
        "CREATE INDEX messages_by_data ON messages USING gin (data_terms(data)) WITH (fastupdate = off)"
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
