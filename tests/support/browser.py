"""A real browser: the system's where it is installed, else Playwright's own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from tests.support.get_browser import system_chromium


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """Start a headless Chromium that asks nobody anything."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=system_chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        async with browser:
            yield browser
