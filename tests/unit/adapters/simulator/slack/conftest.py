from collections.abc import AsyncIterator

import pytest

from tests.unit.adapters.simulator.slack.stage import Stage, stage


@pytest.fixture
async def staged() -> AsyncIterator[Stage]:
    async with stage() as everything:
        yield everything
