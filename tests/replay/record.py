"""Records the histories that every change to the engine must still be able to replay.

`python -m tests.replay.record [name …]` starts a house on throw-away servers, lets real runs happen and
writes `tests/replay/histories/<name>.json`; without names those that are missing, in about two minutes. A
history that is there already is left alone unless it is named: it stands for runs of older releases.
"""

import asyncio
import json
import sys
from typing import Any

from models.sealing import Sealer
from tests.environments import make_environment
from tests.houses import SECRET, House
from tests.replay.reading import HISTORIES
from tests.replay.scenes import SCENES
from tests.replay.stage import Scene, Stage, throw_away_house

AT_ONCE = 6
"""Scenes at a time: most of each is waiting, but all of them on one small machine starve each other."""


def written(history: dict[str, Any]) -> str:
    """As the Temporal CLI writes it, but an event a line: what changed is seen in a diff."""
    events = ",\n".join(json.dumps(event, separators=(",", ":")) for event in history["events"])
    return f'{{"events":[\n{events}\n]}}\n'


async def play(scene: Scene, house: House, wanted: set[str]) -> None:
    """Let a scene happen in an environment of its own, and keep what is wanted or new of its histories."""
    environment = await make_environment(house.database, Sealer(SECRET), house.mailbox.port)
    async with house.knock(environment.secret_key) as knock:
        for name, handle in (await scene(Stage(house, environment, knock))).items():
            file = HISTORIES / f"{name}.json"
            if name in wanted or not (wanted or file.exists()):
                history = await handle.fetch_history()
                file.write_text(written(history.to_json_dict()))
                sys.stdout.write(f"{file.name}: {len(history.events)} events\n")


async def record(wanted: set[str]) -> None:
    """Play the scenes whose histories are wanted, or, without any, those that are missing some."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(scene: Scene, house: House) -> None:
        async with slots:
            await play(scene, house, wanted)

    chosen = [scene for scene, kept in SCENES if _is_due(kept, wanted)]
    async with throw_away_house() as house:
        # Those that go well are kept also when one does not.
        ends = await asyncio.gather(*(one(scene, house) for scene in chosen), return_exceptions=True)
    if failures := [end for end in ends if isinstance(end, Exception)]:
        raise ExceptionGroup("some scenes were not recorded", failures)


def _is_due(kept: tuple[str, ...], wanted: set[str]) -> bool:
    if wanted:
        return not wanted.isdisjoint(kept)
    return not all((HISTORIES / f"{name}.json").exists() for name in kept)


if __name__ == "__main__":
    asyncio.run(record(set(sys.argv[1:])))
