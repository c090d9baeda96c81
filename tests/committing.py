"""Publishing in tests, by the same code as the management API."""

from typing import Any

from models.database import Database
from models.values.content import ContentType, Name
from publishing.drafts import Written, commit_these, save
from publishing.space import Author, Space
from tests.environments import TestEnvironment

AUTHOR = Author("test@example.com", "Test")


def space_of(environment: TestEnvironment) -> Space:
    return Space(environment.id, environment.id, environment.slug)


async def publish(
    database: Database,
    environment: TestEnvironment,
    key: str,
    content: dict[str, Any],
    content_type: ContentType = ContentType.WORKFLOW,
) -> None:
    """Write one resource and commit it."""
    name = Name(content_type, key)
    async with database.transaction() as connection:
        await save(connection, space_of(environment), [Written(name, content)])
        await commit_these(connection, space_of(environment), [name], AUTHOR)


async def rewrite(database: Database, environment: TestEnvironment, path: str, value: int) -> None:
    """Let published content say what pushes refuse, as earlier releases may; `path` as `{steps,0}`."""
    async with database.transaction() as connection:
        await connection.execute(
            """
            UPDATE resource_versions SET content = jsonb_set(content::jsonb, %s::text[], to_jsonb(%s::int))
            WHERE environment_id = %s
            """,
            (path, value, environment.id),
        )
