"""Messages that grow by the platforms' own streaming, over the wire."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.simulator.stage import staged
from tests.support.play import Play, said_in

DESIGNER = "U0MAYA"
QUESTION = "how do I connect to the VPN?"
THREADS = 12


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


async def asked(play: Play) -> list[str]:
    """Ask the same in several threads at once: more than edits can keep up with."""
    return [await play.say_in_slack(DESIGNER, QUESTION) for _ in range(THREADS)]


def whole_answers(play: Play, threads: list[str]) -> None:
    """See an answer in each thread, with everything in it once, and no work left."""
    for thread in threads:
        said = [said_in(each) for each in play.bot_in_slack(DESIGNER, thread=thread)]
        assert len(said) <= 2, "an ending may have a message of its own"
        for words in ("from the self-service portal", "Scripted answers"):
            assert "\n".join(said).count(words) == 1
        assert not any("Working on it" in words for words in said)


async def test_answers_are_spread_over_streams_and_edits(
    database_url: str, log: Path
) -> None:
    async with streaming(database_url, log, "25") as (_, play):
        threads = await asked(play)
        await play.ended(THREADS, within=120)
        whole_answers(play, threads)
        called = methods(play)
    assert called.count("chat.startStream") == called.count("chat.stopStream") > 0
    assert called.count("chat.appendStream") > called.count("chat.startStream")
    assert called.count("chat.update") > 0


async def test_who_dies_leaves_streams_that_are_closed_and_edited(
    database_url: str, log: Path
) -> None:
    async with streaming(database_url, log, "12") as (bot, play):
        threads = await asked(play)
        await play.stage.journal.until(
            lambda: methods(play).count("chat.appendStream") >= 3,
            within=120,
            awaited="growing by streams, three times",
        )
        opened = methods(play).count("chat.startStream")
        await bot.kill()
        await bot.ready()
        await play.ended(THREADS, within=150)
        whole_answers(play, threads)
        called = methods(play)
    assert opened > 0
    assert called.count("chat.stopStream") >= opened
