"""What every filter passes: the clock before it, and the size of what goes in and comes out."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final

from liquid.exceptions import FilterArgumentError, FilterError

from rendering.context import TimedContext
from rendering.limits import check_text_length, check_value
from rendering.markdown import MARKDOWN_CHARACTERS
from rendering.printing import to_text

_OF_TEXT: Final = frozenset(
    {
        "append", "base64_decode", "base64_encode", "base64_url_safe_decode", "base64_url_safe_encode",
        "capitalize", "downcase", "escape", "escape_once", "escapejs", "lstrip", "newline_to_br", "prepend",
        "remove", "remove_first", "remove_last", "replace", "replace_first", "replace_last", "rstrip",
        "split", "squish", "strip", "strip_html", "strip_newlines", "truncate", "truncatewords", "upcase",
        "url_decode", "url_encode",
    }
)  # fmt: skip
"""The library's filters that turn whatever they get into text; left to itself it would print Python's."""

_LONGEST_INPUT: Final[Mapping[str, int]] = {
    # Slower than linear on hostile input.
    "from_markdown": MARKDOWN_CHARACTERS,
    "strip_html": 100_000,
}


def bounded(name: str, apply: Callable[..., object]) -> Callable[..., object]:
    """The filter `apply`, which a template can neither run past the deadline nor make answer too much."""
    wants_context = getattr(apply, "with_context", False)
    wants_environment = getattr(apply, "with_environment", False)

    @wraps(apply)
    def guarded(value: object, /, *args: object, context: TimedContext, **named: Any) -> object:
        if not isinstance(context, TimedContext):
            raise FilterArgumentError(f"{name}: unexpected argument 'context'", token=None)
        context.check_time()
        if name != "default":
            context.check_defined(value)
        if name in _OF_TEXT:
            value, args = to_text(value), tuple(_as_text(arg) for arg in args)
        _check_input(name, value, args)
        if wants_context:
            named["context"] = context
        if wants_environment:
            named["environment"] = context.env
        try:
            answer = apply(value, *args, **named)
        except (ArithmeticError, AttributeError, LookupError, ValueError) as err:
            raise FilterError(f"{name}: {err}", token=None) from err
        check_value(answer)
        return answer

    guarded.with_context = True  # type: ignore[attr-defined]
    guarded.with_environment = False  # type: ignore[attr-defined]
    return guarded


def _as_text(argument: object) -> object:
    return to_text(argument) if isinstance(argument, bool | dict | list) else argument


def _check_input(name: str, value: object, args: tuple[object, ...]) -> None:
    if not isinstance(value, str):
        return
    if len(value) > _LONGEST_INPUT.get(name, len(value)):
        raise FilterError(f"{name}: the text is longer than {_LONGEST_INPUT[name]} characters", token=None)
    if name == "replace" and len(args) == 2:
        # The one filter of text whose answer can be as long as the product of what it is given.
        sought, substitute = to_text(args[0]), to_text(args[1])
        check_text_length(len(value) + value.count(sought) * (len(substitute) - len(sought)))
