"""The kinds of segments that paths are made of."""

from typing import ClassVar
from urllib.parse import unquote

from starlette.convertors import Convertor, register_url_convertor


class Segment(Convertor[str]):
    """`{user_id:id}`: one segment of the raw path, decoded once it is told apart from its neighbours."""

    regex: ClassVar[str] = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return value


class Mark(Segment):
    """`{mark:mark}`: what can be set on a message, and taken back."""

    regex = "seen|read|interacted|archived"


class MarkOrUndoing(Segment):
    """`{mark:mark_or_undoing}`: also the names that Knock has for taking a mark back."""

    regex = f"{Mark.regex}|unseen|unread|unarchived"


def register_segments() -> None:
    """Make the kinds known to Starlette; paths that use them are compiled as their routes are imported."""
    register_url_convertor("id", Segment())
    register_url_convertor("mark", Mark())
    register_url_convertor("mark_or_undoing", MarkOrUndoing())
