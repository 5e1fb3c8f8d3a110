"""A house per test whose people are in Teams; time passes faster in all of it."""

from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.view import project
from tests.support.quick_loop import QuickLoop
from tests.support.teams_house import TeamsHouse, teams_house_on


def pytest_asyncio_loop_factories() -> Mapping[str, type[QuickLoop]]:
    return {"quick": QuickLoop}


@pytest.fixture(autouse=True)
def no_turn_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a minute of the quick loop passes soon."""
    monkeypatch.setattr(project, "SHORT", timedelta(days=1))


@pytest.fixture
async def house(database_url: str, engine: AsyncEngine) -> AsyncGenerator[TeamsHouse]:
    async with teams_house_on(database_url, engine) as opened:
        yield opened
