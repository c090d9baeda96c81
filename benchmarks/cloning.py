"""Fills an instance by COPY: many clones of one finished run, spread over the days before it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psycopg
from psycopg import sql

SPAN = timedelta(days=29)
"""How far back clones reach: all of them are still shown."""
TENANTS = 1_000
IN_A_WRITE = 200
"""Clones in one piece of a COPY."""

_KSUID = re.compile(r"\b[0-9A-Za-z]{27}\b")
_MOMENT = re.compile(r"(?<=\t)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+00")

ROWS: dict[str, LiteralString] = {
    "triggers": "id = %(trigger)s",
    "recipient_runs": "id = %(run)s",
    "step_ledger": "recipient_run_id = %(run)s",
    "run_events": "recipient_run_id = %(run)s",
    "messages": "recipient_run_id = %(run)s",
    "feed_items": "recipient_run_id = %(run)s",
    "message_events": "message_id IN (SELECT id FROM messages WHERE recipient_run_id = %(run)s)",
    "delivery_attempts": "message_id IN (SELECT id FROM messages WHERE recipient_run_id = %(run)s)",
    "delivery_logs": "message_id IN (SELECT id FROM messages WHERE recipient_run_id = %(run)s)",
}
"""What a run leaves behind, by table."""
_STATE: dict[str, LiteralString] = {
    "recipients": "collection = '$users' AND id = %(user)s",
    "preference_sets": "collection = '$users' AND recipient_id = %(user)s",
}
_NUMBER = '"number": 1'
"""In data: another in each clone, as ids of orders are."""
_NUMBERED = {"acceptance": "{number}", "position": "{position}"}


@dataclass
class Mold:
    """One finished run of one user, of which clones are made; `tenant` is the run's."""

    user: str
    tenant: str
    trigger: str
    run: str
    now: datetime
    _ksuids: dict[str, str] = field(default_factory=dict)

    def of(self, connection: psycopg.Connection, table: str, condition: LiteralString) -> str:
        """The table's rows as lines of a COPY, with places for what tells clones apart."""
        chosen = sql.SQL("COPY (SELECT * FROM {} WHERE " + condition + ") TO STDOUT").format(
            sql.Identifier(table)
        )
        given = {"trigger": self.trigger, "run": self.run, "user": self.user}
        names = _columns(connection, table)
        with connection.cursor() as cursor, cursor.copy(chosen, given) as copy:
            lines = b"".join(copy).decode().splitlines()
        return "".join(self._line(line, names) + "\n" for line in lines)

    def _line(self, line: str, names: list[str]) -> str:
        line = _MOMENT.sub("\0moment\1", "\t" + line)[1:]
        for known, place in ((self.trigger, "trigger"), (self.run, "run"), (self.user, "user")):
            line = line.replace(known, f"\0{place}\1")
        line = line.replace(self.tenant, "\0tenant\1").replace(_NUMBER, _NUMBER[:-1] + "\0number\1")
        line = _KSUID.sub(self._ksuid, line)
        line = line.replace("{", "{{").replace("}", "}}").replace("\0", "{").replace("\1", "}")
        values = line.split("\t")
        return "\t".join(_NUMBERED.get(name, value) for name, value in zip(names, values, strict=True))

    def _ksuid(self, found: re.Match[str]) -> str:
        place = self._ksuids.setdefault(found[0], f"{len(self._ksuids):02}")
        return f"\0unique\1{place}"


@dataclass(frozen=True)
class Loaded:
    """What was copied: rows by table."""

    runs: int
    users: int
    rows: dict[str, int]


def load(database_url: str, mold: Mold, runs: int, users: int) -> Loaded:
    """Copy users with their preferences, and runs spread evenly over them; then VACUUM and ANALYZE."""
    rows: dict[str, int] = {}
    with psycopg.connect(database_url) as connection:
        # Foreign keys hold by construction: half of the time would go into looking.
        connection.execute("SET session_replication_role = replica")
        found = connection.execute("SELECT nextval('acceptance')").fetchone()
        assert found is not None  # a sequence always answers
        first = int(found[0])
        connection.execute("SELECT setval('acceptance', %s)", (first + runs,))
        for table, condition in _STATE.items():
            line = mold.of(connection, table, condition)
            rows[table] = _fill(connection, table, line, users, lambda number: _user(mold, number, users))
        for table, condition in ROWS.items():
            line = mold.of(connection, table, condition)
            rows[table] = _fill(
                connection, table, line, runs, lambda number: _run(mold, first, number, (runs, users))
            )
        connection.execute(_COUNTERS)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
    return Loaded(runs, users, rows)


def _fill(
    connection: psycopg.Connection,
    table: str,
    line: str,
    count: int,
    told: Callable[[int], dict[str, object]],
) -> int:
    statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for piece in _pieces(line, count, told):
            copy.write(piece)
    connection.commit()
    return count * line.count("\n")


def _pieces(line: str, count: int, told: Callable[[int], dict[str, object]]) -> Iterator[str]:
    for start in range(0, count, IN_A_WRITE):
        yield "".join(
            line.format_map(told(number)) for number in range(start, min(start + IN_A_WRITE, count))
        )


def _user(mold: Mold, number: int, users: int) -> dict[str, object]:
    return {
        "user": f"loaded-{number}",
        "moment": mold.now - SPAN * (1 - number / users),
        "tenant": mold.tenant,
    }


def _run(mold: Mold, first: int, number: int, size: tuple[int, int]) -> dict[str, object]:
    runs, users = size
    return {
        "number": first + number,
        "position": number // users + 1,
        "trigger": f"01900000-0000-7000-8000-{number:012x}",
        # Scattered, as the ids of runs are, so that indexes on them grow as they would.
        "run": f"{number * 0x9E3779B1 & 0xFFFFFFFF:08x}-0000-5000-8000-{number:012x}",
        "unique": f"0{number:024}",
        "user": f"loaded-{number % users}",
        "tenant": f"{mold.tenant}-{number % TENANTS}",
        "moment": mold.now - SPAN * (1 - number / runs),
    }


def _columns(connection: psycopg.Connection, table: str) -> list[str]:
    cursor = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(table)))
    assert cursor.description is not None  # a SELECT describes its columns
    return [column.name for column in cursor.description]


_COUNTERS: LiteralString = """
    INSERT INTO feed_counters (environment_id, channel_id, user_id, last_position)
    SELECT environment_id, channel_id, user_id, max(position) FROM feed_items
    WHERE user_id LIKE 'loaded-%' GROUP BY environment_id, channel_id, user_id
    ON CONFLICT DO NOTHING
"""


def mold_of(database_url: str, user: str, tenant: str, trigger: str) -> Mold:
    """The only run of a trigger."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT id FROM recipient_runs WHERE workflow_run_id = %s", (trigger,)
        ).fetchone()
    assert row is not None  # the trigger was waited for
    return Mold(user, tenant, trigger, str(row[0]), datetime.now(UTC))
