"""A house per test, with a real platform; time passes faster in all of it."""

from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import engine as engine_module
from bot.view import project
from tests.support.quick_loop import SPEED, QuickLoop
from tests.support.slack_house import SlackHouse, slack_house_on
from tests.support.teams_house import TeamsHouse, teams_house_on


def pytest_asyncio_loop_factories() -> Mapping[str, type[QuickLoop]]:
    return {"quick": QuickLoop}


@pytest.fixture(autouse=True)
def no_turn_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a minute of the quick loop passes soon."""
    monkeypatch.setattr(project, "SHORT", timedelta(days=1))


@pytest.fixture(autouse=True)
def postgres_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is as quick as the machine: what bounds it must not pass ten times as fast."""
    for name in ("CONNECT_SECONDS", "_PROBE_SECONDS"):
        seconds = getattr(engine_module, name)
        monkeypatch.setattr(engine_module, name, seconds * SPEED)


@pytest.fixture
async def house(database_url: str, engine: AsyncEngine) -> AsyncGenerator[TeamsHouse]:
    async with teams_house_on(database_url, engine) as opened:
        yield opened


@pytest.fixture
async def workspace(
    database_url: str, engine: AsyncEngine
) -> AsyncGenerator[SlackHouse]:
    async with slack_house_on(database_url, engine) as opened:
        yield opened
