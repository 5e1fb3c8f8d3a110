"""The demo page on the real stand-ins and the real bot."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext

from tests.browser.stories.audience import Audience, opened
from tests.support.play import Play, playing


@pytest_asyncio.fixture(loop_scope="session")
async def play(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path
) -> AsyncGenerator[Play]:
    """The sample company; the bot writes at once, or as fast as the test says."""
    speed: float = getattr(request, "param", 0)
    async with playing(database_url, tmp_path, words_per_second=speed) as play:
        yield play


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncGenerator[BrowserContext]:
    async with await browser.new_context(
        viewport={"width": 1366, "height": 900}
    ) as context:
        yield context


@pytest_asyncio.fixture(loop_scope="session")
async def audience(context: BrowserContext, play: Play) -> AsyncGenerator[Audience]:
    """Somebody who looks at the page of `play`."""
    async with opened(context, play.stage.url) as audience:
        yield audience
