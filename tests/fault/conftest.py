"""A house per test; its invariants are checked when the test is over."""

from collections.abc import AsyncGenerator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.engine import House, house_on


@pytest.fixture
async def house(database_url: str, engine: AsyncEngine) -> AsyncGenerator[House]:
    async with house_on(database_url, engine) as opened:
        yield opened
