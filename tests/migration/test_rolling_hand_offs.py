"""Hand-offs that one release begins and the other one ends."""

from pathlib import Path

from bot.store.migrate import migrate
from tests.migration.views import check_loaded
from tests.support.play import said_in
from tests.support.replicas import Fleet

DESIGNER, HER_MANAGER = "U0MAYA", "priya.nair"
EDITOR = "I need to be a Figma editor"
STUCK = ("tests.support.stuck_policy",)


async def test_the_previous_release_rules_on_a_hand_off_that_this_one_asked_for(
    fleet: Fleet, previous: Path
) -> None:
    """Its hand-offs have no reason, and it refuses arguments that it does not know."""
    play = fleet.play
    await migrate(play.database_url)
    old = await fleet.open("old", previous)
    new = await fleet.start("new", program=STUCK)
    with old.paused():
        fleet.deliver_to(new)
        asked = await play.say_in_slack(DESIGNER, EDITOR)
        await new.logs("hand_off.stuck")
        await new.kill()

    fleet.deliver_to(old)
    card = await play.teams_shows(HER_MANAGER, "Figma", "editor", within=60)
    await play.press_in_teams(HER_MANAGER, card, "approval.approve")
    await play.ended(within=60)

    assert await fleet.claims(taken_over=True) == {"old"}
    grants = await play.rows("SELECT person_id, resource_id FROM access_grant")
    assert [tuple(row) for row in grants] == [("maya.chen", "app/figma")]
    *_, answer = play.bot_in_slack(DESIGNER, thread=asked)
    assert "Figma" in said_in(answer)
    await check_loaded(play.database_url)
