"""A real process is killed while messages in Teams grow; another one goes on.

Five people ask the same at once, each in their own chat, and the kill finds each stream
at another point of its life. Teams cannot be asked what is there (docs/teams.md).
"""

from pathlib import Path
from typing import Any

import aiohttp

from adapters.simulator.stage import BotProcess, staged
from adapters.simulator.teams.faults import Hold
from adapters.simulator.teams.limits import Operation
from tests.support.play import Play, said_in
from tests.support.stream_first import PROGRAM

QUESTION = "how do I connect to the VPN?"
LAST_WORDS = "no language model wrote this"
DOUBLES = "deskhand_possible_doubles_total"

BEGUN, NOT_BEGUN = "omar.haddad", "priya.nair"
BETWEEN_PARTS, IN_A_PART, BEFORE_ITS_CARD = "maya.chen", "ines.okafor", "amara.diallo"
UNDISTURBED = "elena.sato"


class Chats:
    """What becomes of the bot's requests about people's chats."""

    def __init__(self, play: Play) -> None:
        self._teams = play.stage.teams
        self._journal = play.stage.journal

    def made(self, person: str, operation: Operation) -> int:
        """Return how many such requests were carried out."""
        chat = self._teams.conversation_of(person)
        return sum(
            change.kind == "api"
            and (change.body.get("conversation"), change.body.get("operation"))
            == (chat, operation)
            and change.body["status"] in {200, 201, 202}
            for change in self._journal.after(0)
        )

    async def grown(self, person: str, parts: int) -> None:
        """Return once a stream has so many parts."""
        await self._journal.until(
            lambda: self.made(person, "stream") >= parts,
            within=120,
            awaited=f"a stream to {person} of {parts} parts",
        )

    def hold(self, person: str, operation: Operation) -> Hold:
        """Keep the next such request under way."""
        chat = self._teams.conversation_of(person)
        return self._teams.hold_next(operation, chat=chat)

    async def ask(self, *people: str) -> None:
        for person in people:
            await self._teams.say(person, QUESTION)


async def doubles(bot: BotProcess) -> float:
    """Return how many posts may be there twice, as the living process counted."""
    async with aiohttp.ClientSession() as http, http.get(f"{bot.url}/metrics") as page:
        lines = (await page.text()).splitlines()
    counted = [line.split()[-1] for line in lines if line.startswith(DOUBLES)]
    return sum(map(float, counted))


def growing(play: Play, person: str) -> list[Any]:
    return [m for m in play.bot_in_teams(person) if m.get("streaming")]


async def test_a_kill_finds_streams_at_five_points_and_each_answer_is_whole_and_once(
    database_url: str, tmp_path: Path
) -> None:
    settings = {
        "DATABASE_URL": database_url,
        "DESKHAND_WORDS_PER_SECOND": "12",
        "DESKHAND_NATIVE_STREAMS": "yes",
    }
    log = tmp_path / "bot.log"
    async with staged(extra=settings, log=log, program=PROGRAM) as (stage, bot):
        play = Play(stage, database_url)
        chats = Chats(play)
        await killed_at_five_points(bot, play, chats)
        await bot.ready()  # Teams does not try for ever
        await chats.ask(UNDISTURBED)
        await play.ended(6, within=100)
        assert bot.starts == 2
        [whole] = map(said_in, play.bot_in_teams(UNDISTURBED))
        assert whole.count(LAST_WORDS) == 1
        for person in (BETWEEN_PARTS, IN_A_PART, BEFORE_ITS_CARD, NOT_BEGUN):
            assert [*map(said_in, play.bot_in_teams(person))] == [whole], person
            assert not growing(play, person)
        # The documented case: half a message, which Teams ends, above the real one.
        half, answer = play.bot_in_teams(BEGUN)
        assert LAST_WORDS not in said_in(half)
        assert said_in(answer) == whole
        assert await doubles(bot) == 2, "one that is there twice and one that may be"


async def killed_at_five_points(bot: BotProcess, play: Play, chats: Chats) -> None:
    """Kill the bot when each stream has come to its point; see that it has."""
    card = chats.hold(BEFORE_ITS_CARD, "update")
    await chats.ask(BEFORE_ITS_CARD)
    await chats.grown(BEFORE_ITS_CARD, 2)
    await chats.ask(BETWEEN_PARTS, IN_A_PART)
    await card.reached.wait()
    await chats.grown(BETWEEN_PARTS, 2)
    await chats.grown(IN_A_PART, 2)
    part = chats.hold(IN_A_PART, "stream")
    begun, not_begun = chats.hold(BEGUN, "stream"), chats.hold(NOT_BEGUN, "stream")
    await chats.ask(BEGUN, NOT_BEGUN)
    for held in (part, begun, not_begun):
        await held.reached.wait()
    await bot.kill()
    # What was under way is carried out by Teams, or is not: nobody hears of it.
    card.drop()
    part.release()
    begun.release()
    not_begun.drop()
    await chats.grown(BEGUN, 1)
    assert growing(play, BETWEEN_PARTS)
    assert growing(play, IN_A_PART)
    assert not growing(play, BEFORE_ITS_CARD), "its stream had ended"
    assert chats.made(BEFORE_ITS_CARD, "update") == 0
    assert not play.bot_in_teams(NOT_BEGUN)
