"""The page for those with a phone, with a keyboard only, with a screen reader."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.stories.audience import Audience
from tests.support.play import Play

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(90)]

NAMELESS = """() => [...document.querySelectorAll(
    "button, a[href], input, select, textarea, [role=log], [tabindex='0']")]
  .filter((part) => part.checkVisibility())
  .filter((part) => !(part.getAttribute("aria-label") || part.innerText?.trim()
    || part.labels?.length || part.title))
  .map((part) => part.outerHTML.slice(0, 200))"""

HIDDEN_FOCUS = """() => {
  const style = getComputedStyle(document.activeElement);
  const around = document.activeElement.closest(".composer");
  return style.outlineStyle === "none" && !(around
    && getComputedStyle(around).boxShadow !== "none");
}"""


async def tab_to(page: Page, target: Locator, most: int = 60) -> None:
    """Press Tab until ``target`` has the focus, which must be seen all the way."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        assert not await page.evaluate(HIDDEN_FOCUS), await page.evaluate(
            "document.activeElement.outerHTML.slice(0, 200)"
        )
        if await target.evaluate("part => part === document.activeElement"):
            return
    raise AssertionError(f"{most} tabs do not lead to {target}")


async def test_the_main_job_is_done_on_a_phone(audience: Audience, play: Play):
    page = audience.page
    await page.set_viewport_size({"width": 390, "height": 844})
    await audience.ask("I need to be a Figma editor")
    await expect(audience.in_slack).to_contain_text("Waiting for Priya Nair")
    await expect(audience.teams).to_be_hidden()
    tab = page.get_by_role("tab", name="Teams")
    await expect(tab).to_have_class("has-news")
    await tab.click()
    await expect(audience.slack).to_be_hidden()
    approve = audience.in_teams.get_by_role("button", name="Approve")
    await approve.click()
    await expect(audience.in_teams).to_contain_text("Approved by Priya Nair.")
    await page.get_by_role("tab", name="Underneath").click()
    await expect(page.get_by_label("Turn events")).to_contain_text("turn.completed")
    await page.get_by_role("tab", name="Slack").click()
    await expect(audience.in_slack.last).to_contain_text("You now have a Figma editor")
    await expect(audience.in_slack.last).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await play.ended()


async def test_the_main_job_is_done_with_a_keyboard_alone(
    audience: Audience, play: Play
):
    page = audience.page
    await tab_to(page, page.locator(".try", has_text="I need to be a Figma editor"))
    await page.keyboard.press("Enter")
    approve = audience.in_teams.get_by_role("button", name="Approve")
    await expect(approve).to_be_visible()
    await tab_to(page, approve)
    await page.keyboard.press("Enter")
    await expect(audience.in_teams).to_contain_text("Approved by Priya Nair.")
    await expect(audience.in_slack.last).to_contain_text("You now have a Figma editor")
    await play.ended()


async def test_everything_that_can_be_used_has_a_name(audience: Audience, play: Play):
    await audience.ask("I need a 27 inch monitor")
    await expect(audience.in_teams).to_contain_text("Waiting for Tomás Ruiz")
    reject = audience.in_slack.get_by_role("button", name="Reject")
    await expect(reject).to_be_visible()
    assert await audience.page.evaluate(NAMELESS) == []
    await reject.click()
    await expect(audience.page.get_by_role("dialog")).to_be_visible()
    assert await audience.page.evaluate(NAMELESS) == []
    await audience.page.keyboard.press("Escape")
    await expect(audience.page.get_by_role("dialog")).to_have_count(0)
    await expect(reject).to_be_focused()
    assert [row[0] for row in await play.rows("SELECT status FROM approval")] == [
        "open"
    ]


async def test_what_comes_to_rest_is_read_out_once(audience: Audience, play: Play):
    page = audience.page
    await page.evaluate(
        """() => {
          window.heard = [];
          new MutationObserver(() => heard.push(announcements.textContent))
            .observe(announcements, { childList: true });
        }"""
    )
    await audience.ask("How do I connect to the VPN?")
    await expect(page.locator("#announcements")).to_contain_text("Here you go")
    await play.ended()
    assert len(await page.evaluate("heard")) == 1
    assert await page.locator("#announcements").get_attribute("aria-live") == "polite"
