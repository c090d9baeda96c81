"""Where things lie in a project folder: the layout of Knock's CLI."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.project.files import Files
from models.values.content import ContentType

PROJECT_FILE = "knock.json"
TRANSLATIONS = "translations"


@dataclass(frozen=True)
class Folder:
    """Resources of one type: `<name>/<key>/<file>`."""

    name: str
    type: ContentType
    file: str


FOLDERS = (
    Folder("audiences", ContentType.AUDIENCE, "audience.json"),
    Folder("partials", ContentType.PARTIAL, "partial.json"),
    Folder("layouts", ContentType.EMAIL_LAYOUT, "layout.json"),
    Folder("message-types", ContentType.MESSAGE_TYPE, "message_type.json"),
    Folder("guides", ContentType.GUIDE, "guide.json"),
    Folder("workflows", ContentType.WORKFLOW, "workflow.json"),
)
"""Beside them `translations/<locale>/[<namespace>.]<locale>.(json|po)`. Dependencies first."""

NAMES = (*(folder.name for folder in FOLDERS), TRANSLATIONS)


def resources_folder(project: Path, files: Files) -> Path | None:
    """Where the resource folders lie: `knockDir` of knock.json, else the project itself; None: a mistake."""
    file = project / PROJECT_FILE
    if not file.exists():
        return project
    settings = files.json(file)
    if settings is None:
        return None
    named = settings.get("knockDir") if isinstance(settings, dict) else None
    if not isinstance(named, str) or not named or "\0" in named:
        files.say(file, "knockDir", 'must be the path of the resources\' folder, e.g. ".knock"')
        return None
    folder = project / named
    if not folder.is_dir():
        files.say(file, "knockDir", f"the folder {named} does not exist")
        return None
    return folder


def unread(folder: Path, known: Any = NAMES) -> list[str]:
    """Warnings for folders that look as if they were meant to be read."""
    found = sorted(path.name for path in folder.iterdir() if path.is_dir())
    return [
        f"{folder / name}: is not read; the folders are {', '.join(known)}"
        for name in found
        if name not in known and not name.startswith((".", "node_modules", "__"))
    ]
