"""Reading workflows in the layout of Knock's CLI: `workflows/<key>/workflow.json` and its `field@` files."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.project.mistakes import Mistake

FILE_MARK = "@"
"""`"markdown_body@": "in_app_1/body.md"`: the value of `markdown_body` lies in that file."""


@dataclass
class ReadWorkflow:
    """One workflow with its files inlined; `origins` tells for a JSON path which file its value came from."""

    key: str
    file: Path
    content: dict[str, Any]
    origins: dict[str, Path] = field(default_factory=dict)

    def origin(self, path: str) -> Path:
        """The file that holds the value at this path."""
        while path not in self.origins and path:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.origins.get(path, self.file)


def read_workflows(project: Path, mistakes: list[Mistake]) -> list[ReadWorkflow]:
    """All workflows of the project; what cannot be read is added to the mistakes."""
    folder = project / "workflows"
    if not folder.is_dir():
        return []
    found = []
    for directory in sorted(path for path in folder.iterdir() if path.is_dir()):
        workflow = _read(directory, mistakes)
        if workflow is not None:
            found.append(workflow)
    return found


def _read(directory: Path, mistakes: list[Mistake]) -> ReadWorkflow | None:
    file = directory / "workflow.json"
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        mistakes.append(Mistake(file, "", "is missing; each folder under workflows/ holds a workflow.json"))
        return None
    except OSError as error:
        mistakes.append(Mistake(file, "", f"cannot be read: {error.strerror}"))
        return None
    except UnicodeDecodeError:
        mistakes.append(Mistake(file, "", "is not UTF-8"))
        return None
    except json.JSONDecodeError as error:
        mistakes.append(Mistake(file, f"line {error.lineno}", f"is not JSON: {error.msg}"))
        return None
    if not isinstance(raw, dict):
        mistakes.append(Mistake(file, "", "must be a JSON object"))
        return None
    workflow = ReadWorkflow(key=directory.name, file=file, content={})
    inlined = _Inliner(directory, workflow, mistakes).inline(raw, "")
    workflow.content = {key: value for key, value in inlined.items() if key != "__readonly"}
    return workflow


class _Inliner:
    """Replaces `field@` references by what their files hold."""

    def __init__(self, directory: Path, workflow: ReadWorkflow, mistakes: list[Mistake]) -> None:
        self._directory = directory.resolve()
        self._workflow = workflow
        self._mistakes = mistakes
        self._open: list[Path] = []

    def inline(self, value: Any, path: str) -> Any:
        if isinstance(value, list):
            return [self.inline(item, f"{path}[{index}]") for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        inlined: dict[str, Any] = {}
        for key, inner in value.items():
            below = f"{path}.{key}" if path else key
            if key.endswith(FILE_MARK):
                if key.removesuffix(FILE_MARK) in value:
                    self._say(below, f"stands beside {key.removesuffix(FILE_MARK)}; remove one of both")
                inlined[key.removesuffix(FILE_MARK)] = self._from_file(inner, below)
            else:
                inlined[key] = self.inline(inner, below)
        return inlined

    def _from_file(self, reference: Any, path: str) -> Any:
        """The file's text, or for a .json file what it says; None after a mistake."""
        file = self._locate(reference, path)
        if file is None:
            return None
        field_path = path.removesuffix(FILE_MARK)
        self._workflow.origins[field_path] = file
        try:
            text = file.read_text(encoding="utf-8")
            if file.suffix != ".json":
                return text
            self._open.append(file)
            inlined = self.inline(json.loads(text), field_path)
            self._open.pop()
            return inlined
        except UnicodeDecodeError:
            self._mistakes.append(Mistake(file, "", "is not UTF-8"))
        except json.JSONDecodeError as error:
            self._mistakes.append(Mistake(file, f"line {error.lineno}", f"is not JSON: {error.msg}"))
        return None

    def _locate(self, reference: Any, path: str) -> Path | None:
        if not isinstance(reference, str):
            self._say(path, "must be the path of a file beside workflow.json")
            return None
        if "\0" in reference:
            self._say(path, "holds the character U+0000, which no file's name does")
            return None
        file = (self._directory / reference).resolve()
        if file in self._open:
            self._say(path, f"the file {reference} refers to itself")
            return None
        if not file.is_relative_to(self._directory):
            self._say(path, f"{reference} leads out of the workflow's folder")
            return None
        if not file.is_file():
            self._say(path, f"the file {reference} does not exist")
            return None
        return file

    def _say(self, path: str, message: str) -> None:
        self._mistakes.append(Mistake(self._workflow.file, path, message))
