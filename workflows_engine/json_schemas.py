"""JSON schemas that authors write: whether they are any."""

from typing import Any

# Its types come as a package of their own, which nothing else here needs.
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.validators import validator_for


def check_schema(schema: dict[str, Any], where: str = "") -> None:
    """Raises ValueError, saying where, for what is no JSON schema of the draft that it names (or 2020-12)."""
    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        raise ValueError(f"{where}not a JSON schema at ${path}: {error.message[:200]}") from error
