"""A real process, a real ``kill -9`` in mid-turn, and another process that goes on."""

from pathlib import Path

from adapters.simulator.stage import staged
from tests.support.play import Play, said_in

DESIGNER, HER_MANAGER = "U0MAYA", "priya.nair"


async def test_a_killed_bot_finishes_the_turn_in_the_same_message(
    database_url: str, tmp_path: Path
) -> None:
    settings = {"DATABASE_URL": database_url, "DESKHAND_WORDS_PER_SECOND": "12"}
    async with staged(extra=settings, log=tmp_path / "bot.log") as (stage, bot):
        play = Play(stage, database_url)
        asked = await play.say_in_slack(
            DESIGNER,
            "I start on Monday: design system repo, a Figma seat and a monitor please",
        )
        first = await play.slack_shows(DESIGNER, "let me", within=30)
        await bot.kill()

        seat = await play.teams_shows(HER_MANAGER, "Figma", "editor", within=60)
        await bot.ready()
        assert bot.starts == 2
        await bot.kill()  # again, while it is parked or about to be
        monitor = await play.teams_shows(HER_MANAGER, "27-inch monitor", within=60)
        await bot.ready()
        await play.press_in_teams(HER_MANAGER, seat, "approval.approve")
        await play.press_in_teams(HER_MANAGER, monitor, "approval.approve")
        await play.ended(within=60)

        grants = await play.rows(
            "SELECT resource_id, count(*) FROM access_grant GROUP BY 1 ORDER BY 1"
        )
        assert [tuple(row) for row in grants] == [
            ("app/figma", 1),
            ("repo/design-system", 1),
        ]
        progress, answer = play.bot_in_slack(DESIGNER, thread=asked)
        assert progress["ts"] == first["ts"]
        for thing in ("design-system", "Figma", "monitor"):
            assert thing in said_in(answer)
        cards = play.bot_in_teams(HER_MANAGER)
        # Teams cannot be asked for a post whose answer the kill took (docs/teams.md).
        assert len(cards) in {2, 3}
        for thing in ("Figma", "27-inch monitor"):
            assert any(thing in said_in(card) for card in cards)
        gaps = await play.rows(
            "SELECT 1 FROM turn_event GROUP BY turn_id HAVING max(seq) <> count(*)"
        )
        assert not gaps
