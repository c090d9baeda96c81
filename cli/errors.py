"""The one error that a command shows as a paragraph instead of a traceback."""


class CommandError(Exception):
    """What went wrong and what to do about it, in words for the person at the keyboard."""
