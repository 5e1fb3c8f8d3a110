from collections.abc import AsyncGenerator

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from tests.support.small_demo import SmallDemo, small_demo


@pytest_asyncio.fixture(loop_scope="session")
async def demo() -> AsyncGenerator[SmallDemo]:
    async with small_demo() as demo:
        yield demo


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def still_page(browser: Browser) -> AsyncGenerator[Page]:
    """A page on which nothing happens, for calling single functions."""
    async with small_demo() as demo, await browser.new_context() as context:
        page = await context.new_page()
        await page.goto(demo.url)
        await page.wait_for_selector("#connection.is-live")
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncGenerator[BrowserContext]:
    async with await browser.new_context(
        viewport={"width": 1366, "height": 768}
    ) as context:
        yield context


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext, demo: SmallDemo) -> AsyncGenerator[Page]:
    """The page, connected; broken scripts and refused loads fail the test."""
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda said: wrong.append(said.text) if said.type == "error" else None,
    )
    await page.goto(demo.url)
    await page.wait_for_selector("#connection.is-live")
    yield page
    wrong = [line for line in wrong if "Failed to load resource" not in line]
    assert wrong == []
