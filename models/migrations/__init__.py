"""The schema's history, applied by `tocsin up` and `tocsin db upgrade`."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def config_for(database_url: str) -> Config:
    """Alembic's configuration without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str) -> None:
    """Bring the schema to the newest version; many processes may call it at once."""
    command.upgrade(config_for(database_url), "head")
