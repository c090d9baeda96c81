"""A project folder that a test writes."""

import json
from pathlib import Path
from typing import Any

from cli.project.mistakes import Mistake
from cli.project.reading import Project, read_project
from cli.project.resources import ReadResource


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: Any) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        given = content if isinstance(content, str | bytes) else json.dumps(content)
        file.write_bytes(given if isinstance(given, bytes) else given.encode())
        return file

    def read(self) -> tuple[Project, list[Mistake]]:
        mistakes: list[Mistake] = []
        return read_project(self.path, {}, mistakes), mistakes

    def resources(self) -> list[ReadResource]:
        project, mistakes = self.read()
        assert mistakes == []
        return project.resources

    def only(self) -> ReadResource:
        [resource] = self.resources()
        return resource

    def mistake(self) -> Mistake:
        [mistake] = self.read()[1]
        return mistake
