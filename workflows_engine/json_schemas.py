"""JSON schemas that authors write: whether they are any, and where data does not follow them."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

# Its types come as a package of their own, which nothing else here needs.
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

MOST_VIOLATIONS = 20
LONGEST_MESSAGE = 200
"""Characters; messages quote the data, which may be large."""


def check_schema(schema: dict[str, Any], where: str = "") -> None:
    """Raises ValueError, saying where, for what is no JSON schema of the draft that it names (or 2020-12)."""
    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        message = f"{where}not a JSON schema at {_path('$', error.absolute_path)}: "
        raise ValueError(f"{message}{error.message[:LONGEST_MESSAGE]}") from error


@dataclass(frozen=True)
class Violation:
    """Where data does not follow its schema, as `data.user.tags[0]`, and how."""

    path: str
    message: str


Check = Callable[[Any], list[Violation]]


def checker(schema: dict[str, Any]) -> Check:
    """Finds the first `MOST_VIOLATIONS` in data; references to outside the schema are not followed."""
    # Without a registry of its own, a validator would fetch whatever URL a schema refers to.
    validator = validator_for(schema, default=Draft202012Validator)(schema, registry=Registry())

    def check(data: Any) -> list[Violation]:
        try:
            return [
                Violation(_path("data", error.absolute_path), error.message[:LONGEST_MESSAGE])
                for error in islice(validator.iter_errors(data), MOST_VIOLATIONS)
            ]
        except Unresolvable as error:
            return [Violation("data", f"the schema refers to {error.ref}, which is not in it")]
        except RecursionError:
            return [Violation("data", "the schema, or what it is held against, is nested too deeply")]

    return check


def _path(root: str, parts: Any) -> str:
    return root + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
