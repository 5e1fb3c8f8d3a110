"""A real browser: Debian's where it is installed, else Playwright's own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

DEBIAN = Path("/usr/bin/chromium")
EXECUTABLE = DEBIAN if DEBIAN.exists() else None


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """Start a headless Chromium that asks nobody anything."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=EXECUTABLE,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        async with browser:
            yield browser
