"""What a stored message says."""

from typing import Any


def body_of(message: dict[str, Any]) -> str:
    """The rendered text of an in-app message, without its paragraph."""
    rendered: str = message["content"]["blocks"][0]["rendered"]
    return rendered.strip().removeprefix("<p>").removesuffix("</p>")
