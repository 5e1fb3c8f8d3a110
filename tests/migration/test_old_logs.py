"""One log, read by two releases: both show the same."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# Views are compared as JSON.

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from bot.store.migrate import migrate
from tests.support.play import Play, actions_in, playing, said_in
from tests.support.replicas import CHECKOUT, Fleet

PROGRAM = Path(__file__).with_name("what_is_shown.py")
DESIGNER, HER_MANAGER = "U0MAYA", "priya.nair"
WISHES = "I start on Monday: design system repo, a Figma seat and a monitor please"

_ADD_EVENT = """
WITH longer AS (
    UPDATE turn SET last_seq = last_seq + 1 RETURNING tenant_id, turn_id, last_seq
)
INSERT INTO turn_event (tenant_id, turn_id, seq, type, at, body)
SELECT tenant_id, turn_id, last_seq, 'turn.foretold', now(), $1 FROM longer
"""


async def what_is_shown(code: Path, database_url: str) -> Any:  # noqa: ANN401 - JSON
    """Return all views of all turns, as a release reads them."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, PROGRAM, database_url),
        cwd=code,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(code)},
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await program.communicate()
    assert program.returncode == 0
    return json.loads(told)


def has_all_of(new: Any, old: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether ``new`` says what ``old`` does; it may say more."""
    match new, old:
        case dict(), dict():
            return all(key in new and has_all_of(new[key], old[key]) for key in old)
        case list(), list():
            return len(new) == len(old) and all(map(has_all_of, new, old))
        case _:
            return new == old


async def approve_all(play: Play) -> None:
    for words in (("Figma", "editor"), ("27-inch monitor",)):
        card = await play.teams_shows(HER_MANAGER, *words)
        await play.press_in_teams(HER_MANAGER, card, "approval.approve")


async def test_the_previous_release_works_on_the_new_schema_and_its_log_reads_the_same(
    fleet: Fleet, previous: Path
) -> None:
    play = fleet.play
    await migrate(play.database_url)
    await fleet.open("old", previous)
    asked = await play.say_in_slack(DESIGNER, WISHES)
    await approve_all(play)
    await play.ended()

    grants = await play.rows("SELECT resource_id FROM access_grant ORDER BY 1")
    assert [row[0] for row in grants] == ["app/figma", "repo/design-system"]
    _, answer = play.bot_in_slack(DESIGNER, thread=asked)
    assert "Figma" in said_in(answer)
    assert not any(map(actions_in, play.bot_in_teams(HER_MANAGER)))

    old = await what_is_shown(previous, play.database_url)
    new = await what_is_shown(CHECKOUT, play.database_url)
    [views] = old.values()
    assert len(views) > 1, "it has snapshots too"
    assert all(len(view) == 4 for view in views), "progress, answer and two cards"
    assert has_all_of(new, old)


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
    assert has_all_of(new, old)


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
