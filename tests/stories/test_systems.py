"""Access in a system outside: after approval, once, and through a bot that is killed."""

from pathlib import Path

from adapters.simulator.stage import staged
from adapters.simulator.systems.misbehaving import Mishap
from tests.support.play import Play
from tests.support.sites import (
    MEMBER,
    TEAM,
    TOKEN,
    company_with_github,
    github,
    served,
)

DESIGNER, HER_MANAGER = "U0MAYA", "priya.nair"


async def test_a_killed_bot_gives_what_was_approved_on_github_and_writes_it_once(
    database_url: str, tmp_path: Path
) -> None:
    world = github()
    extra = {
        "DATABASE_URL": database_url,
        "DESKHAND_WORDS_PER_SECOND": "0",
        "GITHUB_TOKEN_OF_TEST": TOKEN,
    }
    log = tmp_path / "bot.log"
    async with served(world.app()) as url:
        company = company_with_github(tmp_path, url)
        async with staged(company_file=company, extra=extra, log=log) as (stage, bot):
            play = Play(stage, database_url)
            await play.say_in_slack(
                DESIGNER, "I need write access to the design system repo"
            )
            card = await play.teams_shows(HER_MANAGER, "write access to design-system")
            assert not world.asked
            # It happens, and nobody hears of it.
            world.mishaps.append(Mishap(kind="silence", method="PUT", done=True))
            await play.press_in_teams(HER_MANAGER, card, "approval.approve")
            await world.hangs.wait()
            await bot.kill()
            assert not await play.rows("SELECT 1 FROM access_grant")
            await bot.ready()
            await play.slack_shows(
                DESIGNER, "You now have write access to design-system", within=90
            )
            await play.ended(within=60)
            grants = await play.rows("SELECT resource_id, grant_name FROM access_grant")
            keys = await play.rows(
                "SELECT DISTINCT body->>'key' FROM turn_event "
                "WHERE body->>'type' = 'tool.started' AND body->>'key' <> ''"
            )
    assert world.teams[TEAM] == {MEMBER: "active"}
    assert world.count("PUT") == 1
    assert len(grants) == 1
    assert keys
