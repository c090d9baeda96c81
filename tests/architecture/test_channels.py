"""The page of channels says what the code checks, and the code knows who sends."""

import pytest

from activities.channels.email import PROVIDERS as EMAIL_DRIVERS
from models.values.kinds import ChannelType
from models.values.providers import PROVIDERS, SINKS, Provider, providers_of
from tests.architecture.channels import PAGE, page


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.architecture.channels"


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.id)
def test_every_provider_is_on_the_page(provider: Provider) -> None:
    assert f"`{provider.id}`" in PAGE.read_text()


def test_an_email_provider_is_built_when_it_has_a_driver() -> None:
    built = {one.id for one in providers_of(ChannelType.EMAIL) if one.is_built and one not in SINKS}
    assert built == set(EMAIL_DRIVERS)
