"""A fresh environment for each test: nothing is rolled back, nothing is shared (D33)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from cli.seeding import CHANNELS, EMAIL_CHANNEL, GUIDE_CHANNEL, SENDER
from models.database import Database
from models.ids import new_uuid
from models.sealing import Sealer
from models.tables.channels import seal_purpose
from models.tables.keys import digest_of
from models.values.development import FEED_CHANNEL_ID
from tests.houses import SECRET


@dataclass(frozen=True)
class TestEnvironment:
    """Its ids and keys; channels `in-app` and `email` are configured in it."""

    __test__ = False

    id: UUID
    slug: str
    secret_key: str
    public_key: str
    service_token: str
    feed_channel_id: UUID = FEED_CHANNEL_ID
    email_channel_id: UUID = EMAIL_CHANNEL


async def make_environment(database: Database, sealer: Sealer, smtp_port: int = 9) -> TestEnvironment:
    """Mails go to `smtp_port`; by default nobody listens there."""
    name = uuid4().hex[:12]
    made = TestEnvironment(
        id=new_uuid(),
        slug=f"env-{name}",
        secret_key=f"sk_test_{name}",
        public_key=f"pk_test_{name}",
        service_token=f"knock_st_{name}",
    )
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO environments (id, slug, name, position, inserted_at) VALUES (%s, %s, %s, 5, %s)",
            (made.id, made.slug, made.slug, now),
        )
        keys = [("secret", made.secret_key, made.id), ("public", made.public_key, made.id)]
        for kind, key, owner in [*keys, ("service", made.service_token, None)]:
            await connection.execute(
                """
                INSERT INTO api_keys (id, environment_id, kind, digest, hint, is_development, inserted_at)
                VALUES (%s, %s, %s, %s, %s, false, %s)
                """,
                (new_uuid(), owner, kind, digest_of(key, SECRET), key[-4:], now),
            )
        for channel_id, key, title, channel_type, provider in CHANNELS:
            await connection.execute(
                """
                INSERT INTO channels (id, key, name, type, provider, inserted_at, updated_at)
                VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
                """,
                (channel_id, key, title, channel_type, provider, now, now),
            )
        mail = {"host": "127.0.0.1", "port": smtp_port, "tls": "none"}
        sealed = sealer.seal(mail, seal_purpose(EMAIL_CHANNEL, made.id))
        for channel_id, settings, provider_settings in (
            (FEED_CHANNEL_ID, {}, None),
            (GUIDE_CHANNEL, {}, None),
            (EMAIL_CHANNEL, SENDER, sealed),
        ):
            await connection.execute(
                """
                INSERT INTO channel_settings
                    (channel_id, environment_id, is_sandbox, channel_settings, provider_settings, updated_at)
                VALUES (%s, %s, false, %s, %s, %s)
                """,
                (channel_id, made.id, Jsonb(settings), provider_settings, now),
            )
    return made
