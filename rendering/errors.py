"""What rendering raises."""

from typing import Final

_MESSAGE_CHARACTERS: Final = 500


class TemplateError(Exception):
    """The template cannot be parsed or rendered: it must be changed, or its data."""

    def __init__(self, message: str, line: int | None = None) -> None:
        self.message = message[:_MESSAGE_CHARACTERS]
        """What is wrong, at most 500 characters."""
        self.line = line
        """The line of the source, counted from 1, where that is known."""
        super().__init__(self.message if line is None else f"line {line}: {self.message}")
