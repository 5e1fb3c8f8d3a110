"""``deskhand turns`` and ``deskhand migrate`` on a real database."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.cli import parser
from bot.commands import migrate, turns
from bot.commands.turns import NoSuchTurnError
from bot.errors import StoreUnavailableError
from tests.support.engine import House, house_on
from tests.support.scripted_agents import Tool, Use

_COMMANDS = {"turns": turns, "migrate": migrate}
Deskhand: TypeAlias = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def deskhand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Deskhand:
    """Run a command with these settings; return its status and what it printed."""

    async def run(settings: Mapping[str, str], *arguments: str) -> tuple[int, str]:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        options = parser().parse_args(arguments)
        module, _, name = options.run.partition(":")
        capsys.readouterr()  # what others have said until now
        status = await getattr(_COMMANDS[module], name)(options)
        return status, capsys.readouterr().out

    return run


async def one_turn(house: House) -> str:
    """Let a turn run to its end; return its id."""
    house.agents.tools["grant"] = Tool()
    house.agents.say("I grant it. ", Use("grant"))
    house.agents.say("You have it\nnow.")
    house.process()
    await house.say("maya", "access\nplease")
    await house.idle()
    return await house.turn()


async def test_turns_are_listed(
    database_url: str, engine: AsyncEngine, deskhand: Deskhand
) -> None:
    settings = {"DATABASE_URL": database_url}
    assert await deskhand(settings, "turns", "list") == (
        0,
        "There are no turns yet.\n",
    )
    async with house_on(database_url, engine) as house:
        turn = await one_turn(house)
        status, told = await deskhand(settings, "turns", "list")
        await house.say("omar", "hello", thread="2")
        await house.idle()
        _, newest = await deskhand(settings, "turns", "list", "--limit", "1")
    assert status == 0
    head, line = told.splitlines()
    assert head.split() == ["TURN", "STATUS", "EVENTS", "CHANGED", "WHO,", "WHAT"]
    assert line.split()[:2] == [turn[:8], "completed"]
    assert line.endswith("Maya Chen: access please")
    assert len(newest.splitlines()) == 2
    assert "Omar Haddad: hello" in newest


async def test_a_turns_events_are_shown(
    database_url: str, engine: AsyncEngine, deskhand: Deskhand
) -> None:
    settings = {"DATABASE_URL": database_url}
    async with house_on(database_url, engine) as house:
        turn = await one_turn(house)
        types = await house.types()
        status, told = await deskhand(settings, "turns", "show", turn[:6])
    lines = told.splitlines()
    assert status == 0
    assert [line.split()[2] for line in lines] == types
    assert [int(line.split()[0]) for line in lines] == [*range(1, len(types) + 1)]
    assert any("text='You have it\\nnow.'" in line for line in lines)


async def test_a_turn_is_replayed_as_people_saw_it(
    database_url: str, engine: AsyncEngine, deskhand: Deskhand
) -> None:
    settings = {"DATABASE_URL": database_url}
    async with house_on(database_url, engine) as house:
        turn = await one_turn(house)
        status, told = await deskhand(settings, "turns", "replay", turn)
        [message] = house.halls["slack"].messages.values()
    assert status == 0
    frames = told.split("── ")[1:]
    assert frames[0].startswith("1 turn.started\n")
    assert any("… Doing grant" in frame for frame in frames)
    assert any("✓ Did grant" in frame for frame in frames)
    assert frames[-1].startswith("the end: completed")
    last = next(f for f in reversed(frames[:-1]))
    assert message.view.headline in last
    for line in message.view.text.splitlines():
        assert line in last


async def test_a_damaged_turn_is_listed_and_replayed_as_far_as_it_can_be(
    database_url: str, engine: AsyncEngine, deskhand: Deskhand
) -> None:
    settings = {"DATABASE_URL": database_url}
    async with house_on(database_url, engine) as house:
        turn = await one_turn(house)
        await house.execute("DELETE FROM turn_event WHERE seq = 5")
        await house.execute("UPDATE turn SET degraded = '5 missing'")
        house.damaged.add(await house.turn())
        _, listed = await deskhand(settings, "turns", "list")
        status, told = await deskhand(settings, "turns", "replay", turn)
    assert "its log is damaged: 5 missing" in listed
    assert status == 0
    assert "── 5 is missing or cannot be read" in told
    assert "── the end: completed" in told


@pytest.mark.parametrize("kind", ["show", "replay"])
async def test_an_id_that_is_not_one_turn_is_said(
    database_url: str, engine: AsyncEngine, deskhand: Deskhand, kind: str
) -> None:
    settings = {"DATABASE_URL": database_url}
    async with house_on(database_url, engine) as house:
        await one_turn(house)
        with pytest.raises(NoSuchTurnError, match="0 turns have an id like 'zzz'"):
            await deskhand(settings, "turns", kind, "zzz")
        await house.say("omar", "hello", thread="2")
        await house.idle()
        with pytest.raises(NoSuchTurnError, match="2 turns have an id like ''"):
            await deskhand(settings, "turns", kind, "")


async def test_migrate_says_what_is_missing_and_applies_it(
    empty_database_url: str, deskhand: Deskhand
) -> None:
    settings = {"DATABASE_URL": empty_database_url}
    status, told = await deskhand(settings, "migrate", "--check")
    missing = told.split()
    assert (status, bool(missing)) == (1, True)
    assert await deskhand(settings, "migrate", "--check") == (1, told), "only said"
    status, told = await deskhand(settings, "migrate")
    assert status == 0
    assert told.splitlines() == [
        *(f"applied {revision}" for revision in missing),
        "the schema is up to date",
    ]
    assert await deskhand(settings, "migrate", "--check") == (0, "up to date\n")
    assert await deskhand(settings, "migrate") == (0, "the schema is up to date\n")


async def test_migrate_says_when_the_database_is_away(deskhand: Deskhand) -> None:
    settings = {"DATABASE_URL": "postgresql://postgres@127.0.0.1:1/none"}
    with pytest.raises(StoreUnavailableError):
        await deskhand(settings, "migrate", "--check")
