"""Reading the files of a project: text in UTF-8, JSON with its mistakes told at their lines."""

import json
from pathlib import Path
from typing import Any

from cli.project.mistakes import Mistake

LARGEST_BYTES = 2_000_000
"""Of one file; the API takes 12 MB in one request."""
DEEPEST = 90
"""Objects and lists inside one another; the API takes 100, with what it wraps them in."""
_MARKS = (
    (b"\xff\xfe", "is UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16; save it as UTF-8"),
    (b"\xef\xbb\xbf", "begins with a byte order mark; save it as UTF-8 without one"),
)


class Files:
    """Reads files inside `project`; what is wrong goes to `mistakes`, and the answer is None."""

    def __init__(self, project: Path, mistakes: list[Mistake]) -> None:
        self._project = project.resolve()
        self._mistakes = mistakes

    def say(self, file: Path, path: str, message: str) -> None:
        """Note a mistake."""
        self._mistakes.append(Mistake(file, path, message))

    def holds(self, path: Path) -> bool:
        """Whether the file or folder lies in the project, all links followed; if not, that is a mistake."""
        if path.resolve().is_relative_to(self._project):
            return True
        self.say(path, "", "is a link that leads out of the project; copy what it points to")
        return False

    def text(self, file: Path) -> str | None:
        """What the file says."""
        raw = self._bytes(file) if self.holds(file) else None
        if raw is None:
            return None
        mark = next((reason for mark, reason in _MARKS if raw.startswith(mark)), None)
        if mark:
            self.say(file, "", mark)
            return None
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self.say(file, f"line {line}", "is not UTF-8; save the file as UTF-8")
            return None

    def json(self, file: Path) -> Any:
        """What the file's JSON says; a key that stands twice in an object is a mistake."""
        text = self.text(file)
        if text is None:
            return None
        twice: list[str] = []
        try:
            said = json.loads(text, object_pairs_hook=_Object(twice), parse_constant=_refuse)
        except json.JSONDecodeError as error:
            self.say(file, f"line {error.lineno}", f"is not JSON: {error.msg}")
            return None
        except ValueError as error:
            self.say(file, "", f"is not JSON: {error}")
            return None
        except RecursionError:
            self.say(file, "", "is nested too deeply")
            return None
        if _depth(said) > DEEPEST:
            self.say(file, "", "is nested too deeply")
            return None
        for key in twice:
            self.say(file, key, "stands twice in the same object; remove one")
        return said

    def _bytes(self, file: Path) -> bytes | None:
        try:
            size = file.stat().st_size
            if size > LARGEST_BYTES:
                self.say(file, "", f"has {size} bytes; a file has at most {LARGEST_BYTES}")
                return None
            return file.read_bytes()
        except FileNotFoundError:
            self.say(file, "", "is missing")
        except OSError as error:
            self.say(file, "", f"cannot be read: {error.strerror}")
        return None


class _Object:
    """Builds an object, and notes the keys that stand in it twice."""

    def __init__(self, twice: list[str]) -> None:
        self._twice = twice

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key, value in pairs:
            if key in built:
                self._twice.append(key)
            built[key] = value
        return built


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _depth(said: Any) -> int:
    """How many objects and lists stand inside one another."""
    depth, layer = 0, [said]
    while layer := [one for one in layer if isinstance(one, (dict, list))]:
        depth += 1
        layer = [inner for one in layer for inner in (one.values() if isinstance(one, dict) else one)]
    return depth
