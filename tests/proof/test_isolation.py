"""What is written in one environment or branch reaches another by commit and promotion only (E-VERSION)."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.builders import in_app_step, workflow
from tests.pipelines import Json, Pipeline
from tests.proof.reference import ENVIRONMENTS, Reference

STEPS = 70
BRANCHES = ("mine", "yours")
TEXTS = ("a", "b", "c")
CONTENTS: dict[str, Callable[[str], Json]] = {
    "workflow": lambda text: workflow(in_app_step(body=text)),
    "partial": lambda text: {"type": "html", "name": "P", "content": text},
    "email_layout": lambda text: {
        "name": "L",
        "html_layout": f"{text}{{{{ content }}}}",
        "text_layout": "{{ content }}",
    },
    "translation": lambda text: {"format": "json", "content": f'{{"said":"{text}"}}'},
}
NAMES = (*(f"{kind} {key}" for kind in list(CONTENTS)[:3] for key in ("one", "two")), "translation en")
SHELVES = {kind: f"/v1/{kind}s" for kind in CONTENTS}
STORED = """
    SELECT e.slug, r.type || ' ' || r.key AS name, r.draft, v.content
    FROM environments e JOIN resources r ON r.environment_id = e.id
    LEFT JOIN resource_versions v ON v.id = r.current_version_id AND v.archived_at IS NULL
    WHERE e.deleted_at IS NULL
"""


@pytest.mark.parametrize("seed", range(6))
async def test_every_place_shows_what_was_brought_there_and_nothing_else(
    long_pipeline: Pipeline, seed: int
) -> None:
    account = Account(long_pipeline, random.Random(seed))
    for _ in range(STEPS):
        await account.act()
        await account.demand_stored_as_said()
    await account.demand_shown_as_said()
    assert len({word for word, _ in account.acts}) > 6


class Account:
    """The real one and the reference, side by side; `acts` is the way here, for when they part."""

    def __init__(self, pipeline: Pipeline, dice: random.Random) -> None:
        self.acts: list[tuple[str, bool]] = []
        self._pipeline = pipeline
        self._dice = dice
        self._said = Reference()

    async def act(self) -> None:
        """One step, done in both; what the reference does not allow is refused."""
        ways = [(self._save, 9), (self._commit, 5), (self._promote, 4), (self._merge, 3), (self._rebase, 3)]
        ways += [(self._branch, 2), (self._discard, 1), (self._delete, 1), (self._archive, 1)]
        (way,) = self._dice.choices([way for way, _ in ways], [weight for _, weight in ways])
        await way()

    async def demand_stored_as_said(self) -> None:
        """In the tables: each draft and each committed content, and no more."""
        shown: dict[str, dict[str, str]] = {slug: {} for slug in self._said.places}
        committed: dict[str, dict[str, str]] = {slug: {} for slug in self._said.places}
        for row in await self._pipeline.rows(STORED):
            if row["content"] is not None:
                committed[row["slug"]][row["name"]] = text_of(row["content"])
            if row["draft"] or row["content"]:
                shown[row["slug"]][row["name"]] = text_of(row["draft"] or row["content"])
        for slug in self._said.places:
            assert committed[slug] == self._said.committed(slug), (slug, self.acts)
            assert shown[slug] == self._said.shown(slug), (slug, self.acts)

    async def demand_shown_as_said(self) -> None:
        """The same through the API, as people and programs read it."""
        for slug in self._said.places:
            for hides, said in (("false", self._said.shown(slug)), ("true", self._said.committed(slug))):
                found: dict[str, str] = {}
                for kind, shelf in SHELVES.items():
                    listed = await self._pipeline.get(shelf, hide_uncommitted_changes=hides, **at(slug))
                    found |= {name_of(kind, one): text_of(one) for one in listed["entries"]}
                assert found == said, (slug, self.acts)

    async def _save(self) -> None:
        slug, name, text = self._place(), self._dice.choice(NAMES), self._dice.choice(TEXTS)
        kind, _, key = name.partition(" ")
        is_allowed = self._said.save(slug, name, text)
        body = {kind: CONTENTS[kind](text)}
        await self._call(is_allowed, "PUT", f"{SHELVES[kind]}/{key}", body, force="true", **at(slug))

    async def _discard(self) -> None:
        slug, name = self._place(), self._dice.choice(NAMES)
        kind, _, key = name.partition(" ")
        is_allowed = self._said.discard(slug, name)
        await self._call(is_allowed, "DELETE", f"/v1/tocsin/drafts/{kind}/{key}", **at(slug))

    async def _commit(self) -> None:
        slug = self._place()
        await self._call(self._said.commit(slug), "PUT", "/v1/commits", **at(slug))

    async def _promote(self) -> None:
        slug = self._dice.choice(ENVIRONMENTS[1:])
        await self._call(self._said.promote(slug), "PUT", "/v1/commits/promote", to_environment=slug)

    async def _merge(self) -> None:
        slug = self._dice.choice(BRANCHES)
        query = {"to_environment": "development", "branch": slug}
        await self._call(self._said.merge(slug), "PUT", "/v1/commits/promote", **query)

    async def _rebase(self) -> None:
        slug = self._dice.choice(BRANCHES)
        await self._call(self._said.rebase(slug), "PUT", f"/v1/branches/{slug}/rebase")

    async def _branch(self) -> None:
        slug = self._dice.choice(BRANCHES)
        await self._call(self._said.branch(slug), "POST", f"/v1/branches/{slug}")

    async def _delete(self) -> None:
        slug = self._dice.choice(BRANCHES)
        await self._call(self._said.delete(slug), "DELETE", f"/v1/branches/{slug}")

    async def _archive(self) -> None:
        name = self._dice.choice(NAMES)
        kind, _, key = name.partition(" ")
        await self._call(self._said.archive(name), "DELETE", f"/v1/tocsin/content/{kind}/{key}")

    async def _call(self, is_allowed: bool, method: str, path: str, body: Any = None, **query: str) -> None:
        self.acts.append((f"{method} {path} {query}", is_allowed))
        answer = await self._pipeline.call(method, path, body, **query)
        expected = range(200, 300) if is_allowed else range(400, 500)
        assert answer.status_code in expected, (answer.text, self.acts)

    def _place(self) -> str:
        """Development most of the time."""
        others = [slug for slug in self._said.places if slug != ENVIRONMENTS[0]]
        return self._dice.choice([*[ENVIRONMENTS[0]] * len(others), *others])


def at(slug: str) -> dict[str, str]:
    return {"branch": slug} if slug in BRANCHES else {"environment": slug}


def name_of(kind: str, shown: Json) -> str:
    return f"{kind} {shown['locale_code' if kind == 'translation' else 'key']}"


def text_of(content: Json) -> str:
    """The letter that makes it differ from others."""
    if "steps" in content:
        return str(content["steps"][0]["template"]["markdown_body"])
    if "html_layout" in content:
        return str(content["html_layout"][0])
    text: str = content["content"]
    return text[len('{"said":"')] if text.startswith("{") else text
