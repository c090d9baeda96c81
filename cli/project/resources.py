"""Reading versioned resources in the CLI's layout: a resource is a folder, a translation a file."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.project.files import Files
from cli.project.inlining import Inliner
from cli.project.layout import Folder
from models.values.content import ContentType, TranslationName

SYSTEM = "system"
"""Knock's own translations, which its CLI pulls and never pushes."""
_FORMATS = ("json", "po")
_PARTIAL_TYPES = {".html": "html", ".md": "markdown", ".txt": "text", ".json": "json"}
_KEPT = {ContentType.PARTIAL: ("type",), ContentType.MESSAGE_TYPE: ("semver",)}
"""Read-only once they are there, needed where they are not yet: taken from `__readonly`."""


@dataclass
class ReadResource:
    """One resource with its files inlined; `origins` says for a JSON path which file its value came from."""

    type: ContentType
    key: str
    file: Path
    content: dict[str, Any]
    origins: dict[str, Path] = field(default_factory=dict)

    def origin(self, path: str) -> Path:
        """The file that holds the value at this path."""
        while path not in self.origins and path:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.origins.get(path, self.file)


def read_folder(folder: Folder, root: Path, files: Files) -> list[ReadResource]:
    """All resources of one type, in the order of their keys."""
    found = [_read(folder, directory, files) for directory in _directories(root / folder.name, files)]
    read = [resource for resource in found if resource is not None]
    _demand_own_keys(read, files)
    return read


def read_translations(root: Path, files: Files) -> list[ReadResource]:
    """`<locale>/[<namespace>.]<locale>[~tenant].(json|po)`, in the order of their names."""
    read = []
    for directory in _directories(root, files):
        for file in sorted(path for path in directory.iterdir() if not path.name.startswith(".")):
            translation = _translation(directory.name, file, files)
            if translation is not None:
                read.append(translation)
    _demand_own_keys(read, files)
    return read


def _directories(folder: Path, files: Files) -> list[Path]:
    if not folder.is_dir() or not files.holds(folder):
        return []
    found = (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return [directory for directory in sorted(found) if files.holds(directory)]


def _read(folder: Folder, directory: Path, files: Files) -> ReadResource | None:
    file = directory / folder.file
    if not file.exists():
        files.say(file, "", f"is missing; each folder in {folder.name}/ holds a {folder.file}")
        return None
    raw = files.json(file)
    if raw is None:
        return None
    if not isinstance(raw, dict):
        files.say(file, "", "must be a JSON object")
        return None
    inliner = Inliner(file, files)
    try:
        inlined = inliner.inline({key: value for key, value in raw.items() if key != "__readonly"})
    except RecursionError:
        files.say(file, "", "is nested too deeply")
        return None
    inlined.pop("$schema", None)
    return ReadResource(
        folder.type, directory.name, file, {**_kept(folder.type, raw), **inlined}, inliner.origins
    )


def _kept(kind: ContentType, raw: dict[str, Any]) -> dict[str, Any]:
    readonly = raw.get("__readonly")
    known = readonly if isinstance(readonly, dict) else {}
    kept = {name: known[name] for name in _KEPT.get(kind, ()) if known.get(name) is not None}
    if kind is ContentType.PARTIAL and not kept and isinstance(raw.get("content@"), str):
        suffix = Path(raw["content@"]).suffix.lower()
        kept = {"type": _PARTIAL_TYPES[suffix]} if suffix in _PARTIAL_TYPES else {}
    return kept


def _translation(locale: str, file: Path, files: Files) -> ReadResource | None:
    name = _translation_name(locale, file)
    if name is None:
        files.say(file, "", f"is no translation; expected {locale}.json or <namespace>.{locale}.json, or .po")
        return None
    if name.namespace == SYSTEM:
        return None
    written = file.suffix[1:].lower()
    content: Any = files.json(file) if written == "json" else files.text(file)
    if content is None:
        return None
    if written == "json":
        content = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    given = {"format": written, "content": content}
    return ReadResource(ContentType.TRANSLATION, str(name), file, given)


def _translation_name(locale: str, file: Path) -> TranslationName | None:
    if file.suffix[1:].lower() not in _FORMATS:
        return None
    own, _, tenant = file.name[: -len(file.suffix)].partition("~")
    namespace, dot, last = own.rpartition(".")
    if last.lower() != locale.lower() or "." in namespace or (dot and not namespace):
        return None
    return TranslationName(locale, namespace or None, tenant or None)


def _demand_own_keys(read: list[ReadResource], files: Files) -> None:
    """One resource, one key: also where the file system tells upper from lower case."""
    seen: dict[str, ReadResource] = {}
    for resource in read:
        first = seen.setdefault(resource.key.lower(), resource)
        if first is not resource:
            files.say(resource.file, "", f"has the key of {first.file}; remove one of both")
