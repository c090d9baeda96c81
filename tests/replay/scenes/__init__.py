"""What is recorded: scenes, each with the names of the histories that it keeps."""

from tests.replay.scenes import batches, deliveries, functions, pauses, runs, windows
from tests.replay.stage import Scene

SCENES: list[tuple[Scene, tuple[str, ...]]] = [
    *runs.SCENES,
    *pauses.SCENES,
    *batches.SCENES,
    *windows.SCENES,
    *functions.SCENES,
    *deliveries.SCENES,
]
