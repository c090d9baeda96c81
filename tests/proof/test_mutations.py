"""Every mistake in a project is refused with its file, place, reason and mending; nothing is published."""

import re
from pathlib import Path

import pytest

from cli.errors import CommandError
from tests.proof.conftest import Shop
from tests.proof.mutations.all import MUTATIONS
from tests.proof.mutations.mutation import Mutation
from tests.proof.projects import lay_out

KEPT = (
    *("resources", "resource_versions", "commits", "environments", "account", "channels", "channel_settings"),
    *("channel_groups", "variables", "variable_overrides", "webhook_endpoints"),
)


async def state_of(shop: Shop) -> dict[str, str]:
    """What each table says, in short."""
    found = {}
    for table in KEPT:
        sql = f"SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) AS sum FROM {table} t"
        (row,) = await shop.pipeline.rows(sql)
        found[table] = row["sum"]
    return found


async def test_there_are_more_than_two_hundred_kinds_of_mistakes() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) > 200


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
async def test_a_mistake_is_refused_with_its_place_and_its_mending(
    shop: Shop, tmp_path: Path, mutation: Mutation
) -> None:
    folder = tmp_path / "project"
    lay_out(folder, configured=mutation.file == "tocsin.toml")
    mutation.edit(folder)
    before = await state_of(shop)

    with pytest.raises(CommandError) as refused:
        await shop.push(folder)

    place = f"(?:{mutation.path}): " if mutation.path else ""
    expected = f"  {re.escape(str(folder / mutation.file))}: {place}(?:{mutation.told}).*"
    told = str(refused.value).splitlines()
    assert told[0].startswith("Nothing was published.")
    assert any(re.fullmatch(expected, line) for line in told[1:]), f"{expected}\n{refused.value}"
    assert await state_of(shop) == before
