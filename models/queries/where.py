"""Conditions that a list puts together from what its caller asked for."""

import json
from datetime import datetime
from typing import Any, LiteralString, Protocol

LONGEST_COMPARED = 256
"""Characters of a string that a data filter looks at (E-BATCH-28)."""


class Between(Protocol):
    """Moments with optional bounds."""

    @property
    def gt(self) -> datetime | None: ...
    @property
    def gte(self) -> datetime | None: ...
    @property
    def lt(self) -> datetime | None: ...
    @property
    def lte(self) -> datetime | None: ...


class Where:
    """A conjunction. Conditions are written in the code; everything that callers say is a parameter."""

    def __init__(self, condition: LiteralString, **values: Any) -> None:
        self.conditions: list[LiteralString] = [condition]
        self.values: dict[str, Any] = values

    @property
    def sql(self) -> LiteralString:
        return " AND ".join(self.conditions)

    def add(self, condition: LiteralString, **values: Any) -> None:
        self.conditions.append(condition)
        self.values |= values

    def add_if(self, condition: LiteralString, **values: Any) -> None:
        """Add it unless one of its values is absent or empty."""
        if all(value is not None and value != [] for value in values.values()):
            self.add(condition, **values)

    def add_range(self, column: LiteralString, between: Between) -> None:
        self.add_if(f"{column} > %(after_moment)s", after_moment=between.gt)
        self.add_if(f"{column} >= %(from_moment)s", from_moment=between.gte)
        self.add_if(f"{column} < %(before_moment)s", before_moment=between.lt)
        self.add_if(f"{column} <= %(until_moment)s", until_moment=between.lte)

    def add_data(self, column: LiteralString, wanted: dict[str, Any] | None) -> None:
        """Top-level keys with exactly these values; `column` is json or jsonb."""
        for number, (key, value) in enumerate((wanted or {}).items()):
            name, expected = f"data_key_{number}", f"data_value_{number}"
            if isinstance(value, str):
                stored = f"{column} ->> %({name})s"
                condition = (
                    f"json_typeof({column} -> %({name})s) = 'string' AND left({stored}, {LONGEST_COMPARED})"
                )
                self.add(f"({condition} = %({expected})s)", **{name: key, expected: value[:LONGEST_COMPARED]})
            else:
                condition = f"({column} -> %({name})s)::jsonb = %({expected})s::jsonb"
                self.add(condition, **{name: key, expected: json.dumps(value)})
