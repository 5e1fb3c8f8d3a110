"""Take the README's picture of the demo anew: ``python -m tests.support.take_picture``.

The real demo, in the middle of a story: somebody has asked in Slack, and their manager
has the card in Teams. The page's first suggestion with a manager on the other platform
is the one that is clicked.
"""

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Page, expect

from adapters.simulator.stage import staged
from bot.app.database import embedded_postgres
from tests.support.browser import chromium

PICTURE = Path(__file__).parent.parent.parent / "docs" / "pictures" / "demo.png"
SIZE = {"width": 1366, "height": 768}
STORY = "manager is asked in Teams"
"""Part of the suggestion's hint."""


async def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory(prefix="deskhand-picture-") as folder:
        home = Path(folder)
        async with (
            embedded_postgres(home / "postgres") as url,
            staged(extra={"DATABASE_URL": url}, log=home / "bot.log") as (stage, _bot),
            chromium() as browser,
        ):
            page = await browser.new_page(
                viewport={"width": SIZE["width"], "height": SIZE["height"]},
                color_scheme="light",
            )
            await page.goto(stage.url)
            await _in_mid_story(page)
            PICTURE.parent.mkdir(parents=True, exist_ok=True)
            await page.screenshot(path=PICTURE)


async def _in_mid_story(page: Page) -> None:
    await expect(page.locator("#connection")).to_have_class("is-live")
    await page.locator(".try").filter(has_text=STORY).click()
    approve = page.locator("#teams").get_by_role("button", name="Approve")
    await expect(approve).to_be_visible(timeout=30_000)
    await expect(page.locator("#slack")).to_contain_text("Waiting for")
    await expect(page.locator("#strip")).to_contain_text("turn.parked")
    # The highlight of what is new has faded by then.
    await page.wait_for_timeout(3_000)


if __name__ == "__main__":
    asyncio.run(main())
