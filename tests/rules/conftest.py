"""What rule tests run on besides."""

from collections.abc import AsyncIterator

import pytest

from tests.development import as_development
from tests.environments import TestEnvironment
from tests.virtual_time import VirtualTime


@pytest.fixture
async def development(virtual: VirtualTime, environment: TestEnvironment) -> AsyncIterator[TestEnvironment]:
    """The environment as development, where sinks work and unknown channels are theirs."""
    async with as_development(virtual.database, environment) as lent:
        yield lent
