"""What a person can write, set or meet has a place in the documents, and these link to what exists."""

import re

import pytest
from pydantic_settings import BaseSettings

from activities.channels.email import PROVIDERS
from api.errors import CODES
from api.settings import ApiSettings
from cli.settings import UpSettings, variable_of
from tests.architecture.sources import FLOORS, ROOT
from worker.settings import WorkerSettings
from workflows_engine.names import SEARCH_ATTRIBUTES
from workflows_engine.steps import STEP_TYPES

DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])

VARIABLE = re.compile(r"\bTOCSIN_[A-Z][A-Z0-9_]*\b")
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")


def variables_of(settings: type[BaseSettings]) -> set[str]:
    """The environment variables that a door reads; each field names its own."""
    return {str(field.validation_alias) for field in settings.model_fields.values()}


SETTINGS = (
    variables_of(ApiSettings)
    | variables_of(WorkerSettings)
    | {variable_of(name) for name in UpSettings.model_fields}
)


@pytest.mark.parametrize("step_type", STEP_TYPES)
def test_every_step_type_has_its_page(step_type: str) -> None:
    assert f"`{step_type}`" in (DOCS / "steps" / f"{step_type}.md").read_text()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_has_its_page(provider: str) -> None:
    _, _, vendor = provider.partition("_")
    assert f"`{provider}`" in (DOCS / "providers" / f"{vendor}.md").read_text()


@pytest.mark.parametrize("variable", sorted(SETTINGS))
def test_every_setting_is_documented(variable: str) -> None:
    assert f"`{variable}`" in (DOCS / "settings.md").read_text()


@pytest.mark.parametrize("code", CODES)
def test_every_error_code_is_documented(code: str) -> None:
    page = (DOCS / "errors.md").read_text()
    assert re.search(rf"^\| `{code}` \| {CODES[code]} \|", page, re.MULTILINE)


@pytest.mark.parametrize("attribute", SEARCH_ATTRIBUTES)
def test_every_search_attribute_is_documented(attribute: str) -> None:
    assert f"`{attribute}`" in (DOCS / "operating.md").read_text()


def test_no_document_names_a_variable_that_nothing_reads() -> None:
    read = SETTINGS | {name for one in FLOORS for name in VARIABLE.findall(one.text)}
    unknown = {
        page.name: found for page in PAGES if (found := set(VARIABLE.findall(page.read_text())) - read)
    }
    assert unknown == {}


def test_every_link_between_documents_leads_somewhere() -> None:
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in LINK.findall(page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []


def test_every_page_is_reached_from_the_index() -> None:
    seen, waiting = set(), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in seen or not page.is_relative_to(DOCS):
            continue
        seen.add(page)
        targets = LINK.findall(page.read_text()) if page.suffix == ".md" else []
        waiting += [page.parent / target for target in targets if "://" not in target]
    assert sorted(str(page.relative_to(ROOT)) for page in set(DOCS.rglob("*.md")) - seen) == []
