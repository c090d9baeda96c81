"""Mistakes in a project folder: the file, where in it, what is wrong or was expected."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mistake:
    """One mistake; `path` is the JSON path inside the file, empty for the file as a whole."""

    file: Path
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.path}" if self.path else str(self.file)
        return f"{where}: {self.message}"


class ProjectMistakes(Exception):
    """Everything found wrong at once, so that it can be mended at once."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes
