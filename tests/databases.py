"""Databases of a test's own, beside the one that all share."""

from uuid import uuid4

import psycopg

from cli.embedded.postgres import EmbeddedPostgres


def new_database(postgres: EmbeddedPostgres) -> str:
    """The URL of one without a schema."""
    name = f"made_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # our own name
    return postgres.url.rsplit("/", 1)[0] + f"/{name}"
