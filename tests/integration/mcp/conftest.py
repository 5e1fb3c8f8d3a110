"""A house for each test."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.houses import House, opened_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    async with opened_house(tmp_path) as opened:
        yield opened
