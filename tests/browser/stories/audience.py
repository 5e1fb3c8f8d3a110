"""What somebody at the demo page sees and does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Locator, Page, expect

expect.set_options(timeout=20_000)


@dataclass(frozen=True, slots=True)
class Audience:
    """A page that is open, and its two sides."""

    page: Page

    @property
    def slack(self) -> Locator:
        """The left side."""
        return self.page.locator("#slack")

    @property
    def teams(self) -> Locator:
        """The right side."""
        return self.page.locator("#teams")

    @property
    def in_slack(self) -> Locator:
        """The bot's messages on the left, oldest first."""
        return self.page.locator("#slack .msg.by-bot")

    @property
    def in_teams(self) -> Locator:
        """The bot's messages on the right, oldest first."""
        return self.page.locator("#teams .chat.by-bot")

    async def ask(self, suggestion: str) -> None:
        """Click a suggested question."""
        await self.page.locator(".try", has_text=suggestion).click()

    async def say(self, side: str, text: str) -> None:
        """Type something and press Enter."""
        field = self.page.get_by_label(f"Message in {side}")
        await field.fill(text)
        await field.press("Enter")

    async def reload(self) -> None:
        """Press F5 and wait until the page follows the worlds again."""
        await self.page.reload()
        await self.page.wait_for_selector("#connection.is-live")

    async def reads(self, side: str) -> str:
        """Return every word in a side's messages, as they stand on the screen."""
        return await self.page.locator(f"#{side} .msgs").inner_text()


@asynccontextmanager
async def opened(context: BrowserContext, url: str) -> AsyncGenerator[Audience]:
    """Open the page, connected.

    A script that breaks, an error in the console and a request that leaves this
    machine fail the test. That connections break is what some stories are about.
    """
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda said: wrong.append(said.text) if said.type == "error" else None,
    )
    page.on(
        "request",
        lambda request: (
            None
            if urlsplit(request.url).hostname == "127.0.0.1"
            else wrong.append(f"left this machine: {request.url}")
        ),
    )
    await page.goto(url)
    await page.wait_for_selector("#connection.is-live")
    yield Audience(page)
    await page.close()
    assert [line for line in wrong if "net::ERR_" not in line] == []
