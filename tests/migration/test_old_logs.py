"""One log, read by two releases: both show the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.simulator.stage import set_stage
from bot.app.build import built
from bot.settings import load_settings
from bot.store.migrate import migrate
from tests.migration.views import check_loaded, looks_like, what_is_shown
from tests.support.play import Play, actions_in, playing, said_in
from tests.support.postgres import Server, run_apart
from tests.support.replicas import CHECKOUT, Fleet, fleet_on

DESIGNER, HER_MANAGER = "U0MAYA", "priya.nair"
WISHES = "I start on Monday: design system repo, a Figma seat and a monitor please"

_AN_HOUR_LATER = """
UPDATE turn SET started_at = started_at - interval '1 hour',
                ended_at = ended_at - interval '1 hour'
"""
_ADD_EVENT = """
WITH longer AS (
    UPDATE turn SET last_seq = last_seq + 1 RETURNING tenant_id, turn_id, last_seq
)
INSERT INTO turn_event (tenant_id, turn_id, seq, type, at, body)
SELECT tenant_id, turn_id, last_seq, 'turn.foretold', now(), $1 FROM longer
"""


async def approve_all(play: Play) -> None:
    for words in (("Figma", "editor"), ("27-inch monitor",)):
        card = await play.teams_shows(HER_MANAGER, *words)
        await play.press_in_teams(HER_MANAGER, card, "approval.approve")


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a story that the previous release played alone."""

    database: str
    database_url: str
    grants: list[str]
    answer: str
    buttons_left: int


async def play_alone(previous: Path, database_url: str, folder: Path) -> Fleet:
    async with fleet_on(database_url, folder) as fleet:
        await migrate(database_url)
        await fleet.open("old", previous)
        await fleet.play.say_in_slack(DESIGNER, WISHES)
        await approve_all(fleet.play)
        await fleet.play.ended()
    return fleet


@pytest.fixture(scope="module")
def played(
    postgres_server: Server,
    previous_template: str,
    previous: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Played]:
    database, folder = f"{previous_template}_story", tmp_path_factory.mktemp("story")
    url = postgres_server.url_of(database)
    run_apart(lambda: postgres_server.create(database, template=previous_template))
    play = run_apart(lambda: play_alone(previous, url, folder)).play
    grants = run_apart(lambda: play.rows("SELECT resource_id FROM access_grant"))
    yield Played(
        database=database,
        database_url=url,
        grants=sorted(row[0] for row in grants),
        answer=said_in(play.bot_in_slack(DESIGNER)[-1]),
        buttons_left=sum(len(actions_in(m)) for m in play.bot_in_teams(HER_MANAGER)),
    )
    run_apart(lambda: postgres_server.drop(database))


def test_the_previous_release_works_on_the_new_schema(played: Played) -> None:
    assert played.grants == ["app/figma", "repo/design-system"]
    assert "Figma" in played.answer
    assert not played.buttons_left


async def test_this_release_shows_the_same_of_a_log_of_the_previous_one(
    played: Played, previous: Path
) -> None:
    old = await what_is_shown(previous, played.database_url)
    new = await what_is_shown(CHECKOUT, played.database_url)
    [ways] = old.values()
    assert len(ways) > 1, "it has snapshots too"
    for way in ways:
        assert len(way["messages"]) == 4, "progress, answer and two cards"
    assert looks_like(new, old)


async def test_a_log_of_the_previous_release_is_loaded_as_its_events_say(
    played: Played,
) -> None:
    """Its snapshots lack fields that this release makes of the same events."""
    [state] = await check_loaded(played.database_url)
    assert state.running_since


async def test_a_finished_turn_of_the_previous_release_is_compacted(
    played: Played, previous: Path, postgres_server: Server, tmp_path: Path
) -> None:
    database = f"{played.database}_copy"
    await postgres_server.create(database, template=played.database)
    url = postgres_server.url_of(database)
    before = await check_loaded(url)
    async with set_stage() as stage:
        settings = load_settings({**stage.environment, "DESKHAND_HOME": str(tmp_path)})
        async with built(settings, url) as bot:
            await Play(stage, url).rows(_AN_HOUR_LATER)
            removed = await bot.sweeper.compact()
    assert removed
    assert await check_loaded(url) == before
    [(from_what_is_left, *_, last)] = (await what_is_shown(previous, url)).values()
    assert from_what_is_left is None
    assert len(last["messages"]) == 4
    await postgres_server.drop(database)


async def test_the_previous_release_shows_the_same_of_a_log_of_this_one(
    previous: Path, database_url: str, tmp_path: Path
) -> None:
    async with playing(database_url, tmp_path) as play:
        await play.say_in_slack(DESIGNER, WISHES)
        await approve_all(play)
        await play.ended()
    old = await what_is_shown(previous, database_url)
    new = await what_is_shown(CHECKOUT, database_url)
    assert old
    assert looks_like(new, old)


async def test_the_previous_release_passes_over_an_event_it_does_not_know(
    fleet: Fleet, previous: Path
) -> None:
    play = fleet.play
    await migrate(play.database_url)
    await fleet.open("old", previous)
    await play.say_in_slack(DESIGNER, WISHES)
    await play.teams_shows(HER_MANAGER, "Figma", "editor")
    await play.teams_shows(HER_MANAGER, "27-inch monitor")
    await fleet.all_let_go()
    await play.rows(_ADD_EVENT, '{"type": "turn.foretold", "v": 1, "by": "0099"}')

    await approve_all(play)
    await play.ended()

    grants = await play.rows("SELECT resource_id FROM access_grant ORDER BY 1")
    assert [row[0] for row in grants] == ["app/figma", "repo/design-system"]
    [turn] = await play.rows("SELECT status, last_seq FROM turn")
    assert turn["status"] == "completed"
    rows = await play.rows("SELECT seq, type FROM turn_event ORDER BY seq")
    assert [row["seq"] for row in rows] == list(range(1, turn["last_seq"] + 1))
    assert "turn.foretold" in {row["type"] for row in rows[:-1]}
