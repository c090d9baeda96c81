"""JSON schemas that authors write: whether they are any, and where data does not follow them."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

# Its types come as a package of their own, which nothing else here needs.
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.validators import validator_for
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import specification_with

from workflows_engine.schema_patterns import UnusablePattern, in_time

MOST_VIOLATIONS = 20
LONGEST_MESSAGE = 200
"""Characters; messages quote the data, which may be large."""
_REFERENCES = ("$ref", "$dynamicRef")


def check_schema(schema: dict[str, Any], where: str = "") -> None:
    """Raises ValueError, saying where, for what is no JSON schema of the draft that it names (or 2020-12).

    So it does for one that refers to what is not in it: nothing is fetched to follow a schema.
    """
    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
        _check_references(schema)
    except SchemaError as error:
        message = f"{where}not a JSON schema at {_path('$', error.absolute_path)}: "
        raise ValueError(f"{message}{error.message[:LONGEST_MESSAGE]}") from error
    except LookupError as error:
        raise ValueError(f"{where}{error}") from error
    except RecursionError as error:
        raise ValueError(f"{where}the schema is nested too deeply") from error


def _check_references(schema: dict[str, Any]) -> None:
    """Raises LookupError for a reference that leads to no schema in it, nor to the one of a draft."""
    validator = validator_for(schema, default=Draft202012Validator)
    draft = specification_with(validator.META_SCHEMA["$schema"])
    root = draft.create_resource(schema)
    unseen, seen = [(root, REGISTRY.resolver_with_root(root))], set()
    while unseen:
        part, resolver = unseen.pop()
        if id(part.contents) in seen or not isinstance(part.contents, dict):
            continue
        seen.add(id(part.contents))
        for reference in (part.contents[word] for word in _REFERENCES if word in part.contents):
            try:
                target = resolver.lookup(reference)
                validator.check_schema(target.contents)
            except (Unresolvable, SchemaError, AttributeError, TypeError, ValueError) as error:
                shown = str(reference)[:LONGEST_MESSAGE]
                raise LookupError(f"the schema refers to {shown}, which is no schema in it") from error
            unseen.append((draft.create_resource(target.contents), target.resolver))
        unseen += [(inner, resolver.in_subresource(inner)) for inner in part.subresources()]


@dataclass(frozen=True)
class Violation:
    """Where data does not follow its schema, as `data.user.tags[0]`, and how; or why none can."""

    path: str
    message: str
    is_final: bool = False
    """Whether the schema itself is at fault, whatever the data are."""


Check = Callable[[Any], list[Violation]]


def checker(schema: dict[str, Any]) -> Check:
    """Finds the first `MOST_VIOLATIONS` in data; references to outside the schema are not followed.

    A pattern that takes too long for a text is one violation (`schema_patterns`).
    """
    kind = in_time(validator_for(schema, default=Draft202012Validator))
    # Without a registry of its own, a validator would fetch whatever URL a schema refers to. With its draft
    # named, a schema that refers to itself would go on with a validator of before.
    named = {key: value for key, value in schema.items() if key != "$schema"}
    validator = kind(named, registry=Registry())

    def check(data: Any) -> list[Violation]:
        try:
            return [
                Violation(_path("data", error.absolute_path), error.message[:LONGEST_MESSAGE])
                for error in islice(validator.iter_errors(data), MOST_VIOLATIONS)
            ]
        except Unresolvable as error:
            return [Violation("data", f"the schema refers to {error.ref}, which is not in it", is_final=True)]
        except RecursionError:
            told = "the schema, or what it is held against, is nested too deeply"
            return [Violation("data", told, is_final=True)]
        except UnusablePattern as error:
            return [Violation("data", str(error)[:LONGEST_MESSAGE], is_final=True)]

    return check


def _path(root: str, parts: Any) -> str:
    return root + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
