"""What data filters find, with an index and without."""

import pytest

from models.database import Database
from models.ids import new_uuid
from models.queries.where import Where

STORED = [
    '{"a": "x"}',
    '{"a": "x", "deep": {"a": 1}, "list": [1]}',
    '{"a": "1"}',
    '{"a": 1}',
    '{"a": 1.0}',
    '{"a": 1e0}',
    '{"a": -0}',
    '{"a": 0}',
    '{"a": 0.1}',
    '{"a": 0.10}',
    '{"a": 72057594037927940}',
    '{"a": 123456789012345678901}',
    '{"a": true}',
    '{"a": null}',
    '{"a": {"b": 1}}',
    '{"a": 1, "a": "x"}',
    '{"a:s": "x"}',
    '{"a": "s:x"}',
    '{"": ""}',
    '{"\\u00e9\\"": "\\ud83d\\ude00\\\\u0000"}',
    '{"a": "x", "b": "C:\\\\u0000"}',
    '{"a": "' + "l" * 255 + '\\ud83d\\ude00 and more"}',
    "{" + ", ".join(f'"k{n}": {n}' for n in range(300)) + "}",
    "{}",
    "[1]",
]
WANTED = [
    {"a": "x"},
    {"a": "1"},
    {"a": 1},
    {"a": 1.0},
    {"a": 0},
    {"a": -0.0},
    {"a": 0.1},
    {"a": 72057594037927936.0},
    {"a": 72057594037927940},
    {"a": 123456789012345678901},
    {"a": True},
    {"a": False},
    {"a": None},
    {"a:s": "x"},
    {"a": "s:x"},
    {"": ""},
    {'é"': "😀\\u0000"},
    {"a": "l" * 255 + "😀"},
    {"a": "x", "b": "C:\\u0000"},
    {"k299": 299},
    {"k299": 298},
    {"b": 1},
]


@pytest.mark.parametrize("wanted", WANTED, ids=str)
async def test_an_index_finds_exactly_what_comparing_does(
    database: Database, wanted: dict[str, object]
) -> None:
    environment_id = new_uuid()
    given = {"environment_id": environment_id, "stored": STORED}
    compared, found = Where("true", **given), Where("true", **given)
    compared.add_data("m.data", wanted)
    found.add_indexed_data("m", environment_id, wanted)
    seen = []
    async with database.connection() as connection:
        for where in (compared, found):
            cursor = await connection.execute(
                f"""
                SELECT number FROM unnest(%(stored)s::text[]) WITH ORDINALITY AS s (text, number),
                    LATERAL (SELECT %(environment_id)s::uuid AS environment_id, s.text::json AS data) AS m
                WHERE {where.sql} ORDER BY number
                """,
                where.values,
            )
            seen.append([row["number"] for row in await cursor.fetchall()])
    assert seen[0] == seen[1]


async def test_the_terms_of_one_environment_are_not_anothers(database: Database) -> None:
    here, there = new_uuid(), new_uuid()
    where = Where("true", here=here)
    where.add_indexed_data("m", there, {"a": 1})
    async with database.connection() as connection:
        cursor = await connection.execute(
            f"""
            SELECT FROM (SELECT %(here)s::uuid AS environment_id, data FROM
                unnest(ARRAY['{{"a": 1}}', '[1]']::json[]) AS d (data)) AS m
            WHERE {where.sql}
            """,
            where.values,
        )
        assert await cursor.fetchall() == []
