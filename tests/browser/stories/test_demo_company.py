"""The question that only the demo suggests, as people see it answered."""

from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect

from adapters.simulator.demo_company import lay_demo_company
from agents.mcp.servers import Servers
from tests.browser.stories.audience import opened
from tests.support.houses import up
from tests.support.play import playing

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(90)]


async def test_a_servers_answer_is_a_card_that_says_who_answered(
    context: BrowserContext, database_url: str, tmp_path: Path
):
    company = lay_demo_company(tmp_path / "company")
    async with playing(database_url, tmp_path, company_file=company) as play:
        assert play.bot is not None and isinstance(play.bot.attached, Servers)
        await up(play.bot.attached.connections[0])
        async with opened(context, play.stage.url) as audience:
            await audience.ask("Which meeting rooms are free")
            answer = audience.in_slack
            await expect(answer).to_contain_text("Look for a free room for 6")
            for words in ("rooms.free", "Free until", "Atrium"):
                await expect(answer).to_contain_text(words)
            await play.ended()
