"""A play per attack."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.play import Play, playing


@pytest.fixture
async def play(database_url: str, tmp_path: Path) -> AsyncGenerator[Play]:
    """The sample company, a bot that writes at once, both platforms."""
    async with playing(database_url, tmp_path) as story:
        yield story
