"""Reading a whole project folder: what Knock's CLI pulled, and `tocsin.toml` beside it."""

from dataclasses import dataclass, field
from pathlib import Path

from cli.project.configuration import Configuration, read_configuration
from cli.project.files import Files
from cli.project.layout import FOLDERS, TRANSLATIONS, resources_folder, unread
from cli.project.mistakes import Mistake
from cli.project.resources import ReadResource, read_folder, read_translations
from models.values.content import ContentType


@dataclass
class Project:
    """Everything that a push sends, dependencies first."""

    folder: Path
    configuration: Configuration
    resources: list[ReadResource] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.resources and self.configuration.is_empty


def read_project(folder: Path, given: dict[str, str], mistakes: list[Mistake]) -> Project:
    """All of it; what cannot be read is added to the mistakes.

    `given` stands beside the environment's variables for `${…}` in tocsin.toml.
    """
    files = Files(folder, mistakes)
    project = Project(folder, read_configuration(folder, given, mistakes))
    root = resources_folder(folder, files)
    if root is None or not files.holds(root):
        return project
    project.warnings += unread(root)
    for kind in FOLDERS:
        if kind.type is ContentType.WORKFLOW:
            # Workflows last: they may refer to anything else.
            project.resources += read_translations(root / TRANSLATIONS, files)
        project.resources += read_folder(kind, root, files)
    return project
