"""A bot that is killed, a page that is reloaded, a network that breaks."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from adapters.simulator.stage import staged
from tests.browser.stories.audience import Audience, opened
from tests.support.cable import cable_to
from tests.support.play import Play

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

ONBOARDING = "I start on Monday"


async def test_kill_9_in_mid_turn_loses_and_doubles_nothing(
    context: BrowserContext, database_url: str, tmp_path: Path
):
    settings = {"DATABASE_URL": database_url, "DESKHAND_WORDS_PER_SECOND": "30"}
    async with (
        staged(extra=settings, log=tmp_path / "bot.log") as (stage, bot),
        opened(context, stage.url) as audience,
    ):
        play = Play(stage, database_url)
        life = audience.page.locator(".life")
        await audience.ask(ONBOARDING)
        await expect(audience.in_slack).to_contain_text("Let me")
        await audience.page.get_by_role("button", name="kill -9 the bot").click()
        await expect(life).to_contain_text("killed")
        await expect(life).to_contain_text("turns picked up", timeout=60_000)
        assert bot.starts == 2

        cards = audience.in_teams
        for thing in ("Figma", "27-inch monitor"):
            card = cards.filter(has_text=thing)
            await card.get_by_role("button", name="Approve").click(timeout=60_000)
            await expect(card).to_contain_text("Approved by Priya Nair.")
        await expect(audience.in_slack).to_have_count(2, timeout=60_000)
        for thing in ("design-system", "Figma editor seat", "27-inch monitor"):
            await expect(audience.in_slack.last).to_contain_text(thing)
        await play.ended(within=60)
        assert await cards.count() == 2
        held = await play.rows(
            "SELECT resource_id, count(*) FROM access_grant GROUP BY 1 ORDER BY 1"
        )
        assert [tuple(row) for row in held] == [
            ("app/figma", 1),
            ("repo/design-system", 1),
        ]


@pytest.mark.parametrize("play", [25.0], indirect=True)
async def test_a_reload_and_a_cut_in_mid_stream_lose_and_double_nothing(
    browser: Browser, context: BrowserContext, play: Play
):
    async with (
        cable_to(play.stage.url) as cable,
        opened(context, cable.url) as audience,
    ):
        await audience.ask("How do I connect to the VPN?")
        await expect(audience.in_slack).to_contain_text("Let me look")
        await audience.reload()
        await expect(audience.in_slack).to_contain_text("Working on it")
        cable.unplug()
        assert cable.cuts
        await play.ended()  # nobody could see it
        await expect(audience.page.locator("#connection")).to_have_class("is-lost")
        await expect(audience.in_slack).to_contain_text("Working on it")
        cable.plugged = True
        await expect(audience.in_slack).to_contain_text("Here you go")
        await audience.ask("I need to be a Figma editor")
        await expect(audience.in_slack).to_contain_text("Working on it")
        cable.cut()
        await expect(audience.in_teams).to_contain_text("Your decision is needed")
        await expect(audience.in_slack).to_contain_text("Waiting for Priya Nair")
        shown = await both_sides(audience)

        async with (
            await browser.new_context() as fresh,
            opened(fresh, play.stage.url) as newcomer,
        ):
            assert await both_sides(newcomer) == shown
    [message] = play.bot_in_slack("U0MAYA")
    assert f"edited {message['revision'] - 1}×" in shown[0]  # noqa: RUF001 - as shown


async def both_sides(audience: Audience) -> tuple[str, str]:
    return await audience.reads("slack"), await audience.reads("teams")
