"""Messages that grow by the platforms' own streaming, over the wire."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.simulator.stage import staged
from tests.support.play import Play, said_in

DESIGNER, ENGINEER = "U0MAYA", "omar.haddad"
QUESTION = "how do I connect to the VPN?"


@asynccontextmanager
async def streaming(
    url: str, log: Path, words: str
) -> AsyncGenerator[tuple[Any, Play]]:
    settings = {
        "DATABASE_URL": url,
        "DESKHAND_WORDS_PER_SECOND": words,
        "DESKHAND_NATIVE_STREAMS": "yes",
    }
    async with staged(extra=settings, log=log) as (stage, bot):
        yield bot, Play(stage, url)


def methods(play: Play) -> list[str]:
    """Return the writing calls that were carried out, in their order."""
    return [
        change.body["method"]
        for change in play.stage.journal.after(0)
        if change.kind == "api" and change.body["method"].startswith("chat.")
    ]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "bot.log"


async def test_an_answer_grows_in_one_message(database_url: str, log: Path) -> None:
    async with streaming(database_url, log, "25") as (_, play):
        asked = await play.say_in_slack(DESIGNER, QUESTION)
        await play.ended()
        [message] = play.bot_in_slack(DESIGNER, thread=asked)
        called = methods(play)
    assert called[0] == "chat.startStream"
    assert called[-1] == "chat.stopStream"
    assert set(called[1:-1]) == {"chat.appendStream"}
    for words in ("Let me look that up.", "The VPN is not needed", "Scripted answers"):
        assert said_in(message).count(words) == 1


async def test_who_dies_leaves_a_stream_that_is_closed_and_edited(
    database_url: str, log: Path
) -> None:
    async with streaming(database_url, log, "8") as (bot, play):
        asked = await play.say_in_slack(DESIGNER, QUESTION)
        first = await play.slack_shows(DESIGNER, "Acme Connect", within=30)
        await bot.kill()
        await bot.ready()
        await play.ended(within=90)
        [message] = play.bot_in_slack(DESIGNER, thread=asked)
        called = methods(play)
    assert message["ts"] == first["ts"]
    assert called.count("chat.startStream") == 1
    assert called.index("chat.stopStream") < called.index("chat.update")
    assert "chat.appendStream" not in called[called.index("chat.stopStream") :]
    for words in ("Let me look that up.", "The VPN is not needed", "Scripted answers"):
        assert said_in(message).count(words) == 1


async def test_what_waits_for_a_person_is_no_stream(
    database_url: str, log: Path
) -> None:
    async with streaming(database_url, log, "25") as (_, play):
        await play.say_in_slack(DESIGNER, "I need a Figma seat please")
        await play.teams_shows("priya.nair", "Figma", within=40)
        await play.slack_shows(DESIGNER, "Priya", within=40)
        called = methods(play)
    assert called.count("chat.startStream") == 1
    assert called.index("chat.stopStream") < called.index("chat.update")


async def test_an_answer_grows_in_a_chat_of_two_in_teams(
    database_url: str, log: Path
) -> None:
    async with streaming(database_url, log, "8") as (_, play):
        await play.stage.teams.say(ENGINEER, QUESTION)
        await play.ended(within=60)
        [message] = play.bot_in_teams(ENGINEER)
    for words in ("The VPN is not needed", "Scripted answers"):
        assert said_in(message).count(words) == 1
