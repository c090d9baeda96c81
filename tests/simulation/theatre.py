"""Where simulations of tests are played: databases that are copies of a migrated one."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from cli.seeding import seed_development
from models.database import Database
from models.values.development import ENVIRONMENT
from simulation.scenario import START, read_events
from simulation.simulate import Played, Simulation, simulate
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SECRET
from tests.runs import rows


class Theatre:
    """A database of its own; each simulation needs a fresh one."""

    def __init__(self, server_url: str, template: str, folder: Path) -> None:
        self._server_url = server_url
        self._template = template
        self._folder = folder

    async def play(self, workflows: dict[str, Any], *events: Any, days: float = 7) -> Played:
        """Publish these and play these events; the first workflow is the one that is simulated."""
        url = self._database()
        database = Database(url)
        await database.open()
        found = await rows(database, "SELECT id FROM environments WHERE slug = %s", ENVIRONMENT)
        place = TestEnvironment(found[0]["id"], ENVIRONMENT, "", "", "")
        for key, content in workflows.items():
            await publish(database, place, key, content)
        await database.close()
        file = self._folder / "events.json"
        file.write_text(json.dumps(events))
        key = next(iter(workflows))
        self.simulation = Simulation(key, read_events(file, START), START, timedelta(days=days))
        return await simulate(self.simulation, url, SECRET)

    def _database(self) -> str:
        name = f"simulation_{uuid4().hex}"
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        url = self._server_url.rsplit("/", 1)[0] + f"/{name}"
        seed_development(url, SECRET, 9, set())
        return url
