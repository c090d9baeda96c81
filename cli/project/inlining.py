"""Putting the files of a resource back where they belong: `"html_body@": "email_1/html_body.html"`."""

import os
from pathlib import Path
from typing import Any

from cli.project.files import Files

MARK = "@"
"""`name@` is the path of the file that holds the value of `name`."""
DECODED = "visual_blocks.json"
"""The one file whose JSON is joined into the resource; all others are texts, also those that hold JSON."""
DEEPEST = 2
"""A resource refers to visual blocks, and these to their contents; further the CLI does not look."""


class Inliner:
    """Joins one resource; `origins` says of a JSON path which file its value came from."""

    def __init__(self, file: Path, files: Files) -> None:
        self.origins: dict[str, Path] = {}
        self._folder = file.parent
        self._files = files
        # Files within files; a reference is relative to the file that it stands in.
        self._open: list[Path] = [file]

    def inline(self, value: Any, path: str = "") -> Any:
        """The value with every reference replaced by what its file says; None in place of a mistake."""
        if isinstance(value, list):
            return [self.inline(item, f"{path}[{index}]") for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        inlined: dict[str, Any] = {}
        for key, inner in value.items():
            below = f"{path}.{key}" if path else key
            name = key.removesuffix(MARK)
            if name == key:
                inlined[key] = self.inline(inner, below)
            elif name in value:
                self._say(below, f"stands beside {name}; remove one of both")
            else:
                inlined[name] = self._referred(inner, below)
        return inlined

    def _referred(self, reference: Any, path: str) -> Any:
        file = self._locate(reference, path)
        if file is None:
            return None
        name = path.removesuffix(MARK)
        self.origins[name] = file
        if file.name.lower() != DECODED:
            return self._files.text(file)
        self._open.append(file)
        inlined = self.inline(self._files.json(file), name)
        self._open.pop()
        return inlined

    def _locate(self, reference: Any, path: str) -> Path | None:
        if not isinstance(reference, str) or not reference or "\0" in reference:
            self._say(path, "must be the path of a file beside this one")
            return None
        file = Path(os.path.normpath(self._open[-1].parent / reference))
        if os.path.isabs(reference) or not file.is_relative_to(self._folder):
            self._say(path, f"{reference} leads out of {self._folder}")
        elif len(self._open) > DEEPEST:
            self._say(path, f"{reference} is a file within a file within a file; put the value here")
        elif file in self._open:
            self._say(path, f"{reference} refers to itself")
        elif not file.is_file():
            self._say(path, f"the file {reference} does not exist")
        elif not file.resolve().is_relative_to(self._folder.resolve()):
            self._say(path, f"{reference} is a link that leads out of {self._folder}")
        else:
            return file
        return None

    def _say(self, path: str, message: str) -> None:
        self._files.say(self._open[-1], path, message)
