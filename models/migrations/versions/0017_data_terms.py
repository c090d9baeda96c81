"""Messages are found by their data: an index of its top-level pairs."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# The terms are those of models/queries/data_terms.py, and may change only with a new index. Whatever cannot be
# read has the one that every search asks for, too: a message must be written whatever its data.
FUNCTION = """
    CREATE FUNCTION data_terms(environment_id uuid, data json) RETURNS bigint[]
    LANGUAGE plpgsql IMMUTABLE STRICT AS $$
    DECLARE
        terms bigint[];
    BEGIN
        SELECT array_agg(hashtextextended(environment_id::text || ':' || key || ':' || CASE
                WHEN json_typeof(value) = 'string' THEN 's' || left(value #>> '{}', 256)
                WHEN json_typeof(value) <> 'number' THEN value::text
                WHEN value::text ~ '^(0|-?[1-9][0-9]{0,17})$' THEN 'n' || value::text
                ELSE 'n' END, 0))
            INTO terms
            FROM json_each(data) WHERE json_typeof(value) NOT IN ('object', 'array');
        IF cardinality(terms) > 200 THEN
            RETURN ARRAY[hashtextextended(environment_id::text, 0)];
        END IF;
        RETURN terms;
    EXCEPTION WHEN OTHERS THEN
        RETURN ARRAY[hashtextextended(environment_id::text, 0)];
    END
    $$
"""


def upgrade() -> None:
    op.execute(FUNCTION)
    # With `fastupdate` somebody's message would pay for all that were written before.
    op.execute(
        "CREATE INDEX messages_by_data ON messages USING gin (data_terms(environment_id, data)) "
        "WITH (fastupdate = off)"
    )
    # How often a term occurs nobody knows before.
    op.execute("ANALYZE messages")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
