"""Access in a system outside: given once after approval, taken away once after its time.

In each system, and through a bot that is killed while nobody hears the answer.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.simulator.stage import BotProcess, staged
from adapters.simulator.systems.misbehaving import Mishap
from tests.support.play import Play
from tests.support.sites import (
    ABROAD,
    TOKEN,
    TOKEN_VARIABLE,
    Abroad,
    company_abroad,
    served,
)

DESIGNER, HER_MANAGER = "U0MAYA", "priya.nair"
A_WHILE = "longest = 4.0\n"
"""In seconds: long enough to be told that one has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The sample company with a system, and its bot."""

    play: Play
    bot: BotProcess
    abroad: Abroad

    async def ask(self) -> None:
        """Ask for write access and have it approved."""
        await self.play.say_in_slack(
            DESIGNER, "I need write access to the design system repo"
        )
        card = await self.play.teams_shows(
            HER_MANAGER, "write access to design-system", within=60
        )
        assert not self.abroad.world.count(self.abroad.adds)
        await self.play.press_in_teams(HER_MANAGER, card, "approval.approve")

    async def has_it(self) -> None:
        """Return once she is told that she has it."""
        await self.play.slack_shows(
            DESIGNER, "You now have write access to design-system", within=120
        )


@asynccontextmanager
async def housed(
    kind: str, database_url: str, folder: Path, more: str = ""
) -> AsyncGenerator[House]:
    abroad = ABROAD[kind]()
    extra = {
        "DATABASE_URL": database_url,
        "DESKHAND_WORDS_PER_SECOND": "0",
        TOKEN_VARIABLE: TOKEN,
    }
    log = folder / "bot.log"
    async with served(abroad.app) as url:
        company = company_abroad(folder, abroad, url, more)
        async with staged(company_file=company, extra=extra, log=log) as (stage, bot):
            yield House(play=Play(stage, database_url), bot=bot, abroad=abroad)


@pytest.mark.parametrize("kind", ABROAD)
async def test_a_killed_bot_gives_what_was_approved_and_writes_it_once(
    database_url: str, tmp_path: Path, kind: str
) -> None:
    async with housed(kind, database_url, tmp_path) as house:
        play, world = house.play, house.abroad.world
        # It happens, and nobody hears of it.
        world.mishaps.append(
            Mishap(kind="silence", method=house.abroad.adds, done=True)
        )
        await house.ask()
        await world.hangs.wait()
        await house.bot.kill()
        assert not await play.rows("SELECT 1 FROM access_grant WHERE given")
        await house.bot.ready()
        await house.has_it()
        await play.ended(within=60)
        grants = await play.rows("SELECT given, ours FROM access_grant")
        keys = await play.rows(
            "SELECT DISTINCT body->>'key' FROM turn_event "
            "WHERE body->>'type' = 'tool.started' AND body->>'key' <> ''"
        )
    assert set(house.abroad.members()) == {house.abroad.account}
    assert world.count(house.abroad.adds) == 1
    assert [tuple(row) for row in grants] == [(True, True)]
    assert keys


@pytest.mark.parametrize("kind", ABROAD)
async def test_access_for_a_while_is_taken_away_once_and_that_is_told(
    database_url: str, tmp_path: Path, kind: str
) -> None:
    async with housed(kind, database_url, tmp_path, A_WHILE) as house:
        play, world = house.play, house.abroad.world
        # The first answer is lost, and the second one is another's.
        world.mishaps.extend(
            [
                Mishap(kind="cut", method="DELETE", done=True),
                Mishap(kind="answer", method="DELETE", status=429),
            ]
        )
        await house.ask()
        await house.has_it()
        told = await play.slack_shows(
            DESIGNER, "was yours for a limited time, which is over now", within=60
        )
        assert "For your information" in str(told)
        await play.ended(count=2, within=60)
        ended = await play.rows(
            "SELECT what FROM audit WHERE who = 'deskhand' ORDER BY audit_id"
        )
    assert not house.abroad.members()
    assert [row["what"] for row in ended] == ["grant.over"]


async def test_a_killed_bot_takes_away_what_is_over_and_tells_it_once(
    database_url: str, tmp_path: Path
) -> None:
    async with housed("github", database_url, tmp_path, A_WHILE) as house:
        play, world = house.play, house.abroad.world
        world.mishaps.append(Mishap(kind="silence", method="DELETE", done=True))
        await house.ask()
        await house.has_it()
        await world.hangs.wait()
        await house.bot.kill()
        assert not house.abroad.members()
        assert await play.rows("SELECT 1 FROM access_grant WHERE ended_at IS NULL")
        await play.rows(
            "UPDATE access_grant SET ending_at = now()"
        )  # the lease is over
        await house.bot.ready()
        words = "was yours for a limited time, which is over now"
        await play.slack_shows(DESIGNER, words, within=120)
        await play.ended(count=2, within=60)
        told = [m for m in play.bot_in_slack(DESIGNER) if words in str(m)]
    assert len(told) == 1
    assert not house.abroad.members()
