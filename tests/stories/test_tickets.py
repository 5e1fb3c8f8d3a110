"""Tickets in a system outside: once, with a lost answer, and through a bot that is killed."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.simulator.stage import BotProcess, staged
from adapters.simulator.systems.misbehaving import Misbehaving, Mishap
from tests.support.desks import (
    MAYA,
    SECRET,
    Written,
    company_with_desk,
    jira,
    jira_books,
    servicenow,
    servicenow_books,
)
from tests.support.play import Play
from tests.support.sites import served

DESIGNER = "U0MAYA"
FIRST = {"jira": "DESK-1", "servicenow": "INC0000001"}
SECOND = {"jira": "DESK-2", "servicenow": "INC0000002"}
ASK = "Open a ticket about my broken chair"
ROWS = "SELECT reference, there, link FROM ticket ORDER BY at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A bot whose company has its tickets in a stand-in."""

    kind: str
    play: Play
    bot: BotProcess
    world: Misbehaving
    books: Callable[[], list[Written]]
    close: Callable[[], None]
    """Has somebody finish the first ticket."""


@asynccontextmanager
async def scene_of(kind: str, url: str, folder: Path) -> AsyncGenerator[Scene]:
    if kind == "jira":
        site = jira()
        site.lag = 1  # the first search after a ticket does not find it
        world, books = site, lambda: jira_books(site)

        def close() -> None:
            site.requests[0].status = ("Resolved", "DONE")
    else:
        instance = servicenow()
        world, books = instance, lambda: servicenow_books(instance)

        def close() -> None:
            instance.close(FIRST[kind], "6")

    extra = {
        "DATABASE_URL": url,
        "DESKHAND_WORDS_PER_SECOND": "0",
        "DESK_TOKEN_OF_TEST": SECRET,
    }
    async with served(world.app()) as address:
        company = company_with_desk(folder, kind, address)
        log = folder / "bot.log"
        async with staged(company_file=company, extra=extra, log=log) as (stage, bot):
            yield Scene(
                kind=kind,
                play=Play(stage, url),
                bot=bot,
                world=world,
                books=books,
                close=close,
            )


@pytest.fixture(params=FIRST)
async def scene(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path
) -> AsyncGenerator[Scene]:
    async with scene_of(request.param, database_url, tmp_path) as opened:
        yield opened


async def test_a_ticket_is_opened_there_once_also_when_the_answer_is_lost(
    scene: Scene,
) -> None:
    play = scene.play
    await play.say_in_slack(DESIGNER, ASK)
    card = await play.slack_shows(DESIGNER, f"Ticket {FIRST[scene.kind]}", "IT-1")
    assert "https://desk.example/" in str(card["blocks"])
    await play.ended()
    assert [one.who for one in scene.books()] == [MAYA]

    scene.world.mishaps.append(Mishap(kind="cut", method="POST", done=True))
    await play.say_in_slack(DESIGNER, "Open a ticket about my broken lamp")
    await play.slack_shows(DESIGNER, f"Ticket {SECOND[scene.kind]}", "IT-2")
    await play.ended(2)
    assert scene.world.count("POST") == 2 == len(scene.books())

    scene.close()
    await play.say_in_slack(DESIGNER, "How is my ticket?")
    await play.slack_shows(DESIGNER, FIRST[scene.kind], ": Resolved.")
    rows = await play.rows(ROWS)
    assert [row["there"] for row in rows] == [FIRST[scene.kind], SECOND[scene.kind]]


async def test_a_killed_bot_finds_the_ticket_that_it_had_opened_and_writes_it_once(
    scene: Scene,
) -> None:
    # It happens, and nobody hears of it.
    scene.world.mishaps.append(Mishap(kind="silence", method="POST", done=True))
    await scene.play.say_in_slack(DESIGNER, ASK)
    await scene.world.hangs.wait()
    await scene.bot.kill()
    assert not await scene.play.rows(ROWS)
    await scene.bot.ready()
    await scene.play.slack_shows(DESIGNER, f"Ticket {FIRST[scene.kind]}", within=90)
    await scene.play.ended(within=60)
    assert scene.world.count("POST") == 1 == len(scene.books())
    [row] = await scene.play.rows(ROWS)
    assert row["there"] == FIRST[scene.kind]


async def test_what_a_killed_bot_asked_for_and_nobody_finds_is_told_as_such(
    database_url: str, tmp_path: Path
) -> None:
    async with scene_of("jira", database_url, tmp_path) as scene:
        scene.world.mishaps.append(Mishap(kind="silence", method="POST"))
        await scene.play.say_in_slack(DESIGNER, ASK)
        await scene.world.hangs.wait()
        await scene.bot.kill()
        await scene.bot.ready()
        # Nobody asks for it again; people are asked to look, by a ticket of its own.
        await scene.play.slack_shows(DESIGNER, "Did this happen?", "DESK-1", within=90)
        await scene.play.ended(within=60)
        [report] = scene.books()
        assert report.who == MAYA and report.title.startswith("Did this happen?")
        assert "do not repeat it unseen" in report.body
        assert scene.world.count("POST") == 2
        [row] = await scene.play.rows(ROWS)
        assert row["there"] == "DESK-1"
