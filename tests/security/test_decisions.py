"""Presses that look right and must not count: repeated, too late, by who has left."""

import json
from datetime import date, timedelta

from bot.clock import SystemClock
from bot.company.model import Person
from bot.engine.decisions import take_decision
from bot.protocol.inbound import Decided, UserRef
from bot.store.engine import create_engine
from bot.store.postgres import PostgresStore
from bot.view import replies
from tests.support.play import Play, said_in

DESIGNER, DESIGN_LEAD = "U0MAYA", "priya.nair"
ENGINEERING_LEAD, FINANCE = "U0TOMAS", "elena.sato"


async def last_day_over(play: Play, person: str) -> None:
    yesterday = date.today() - timedelta(days=1)  # noqa: DTZ011 - any day before today
    await play.rows(
        "UPDATE person SET ends = $1 WHERE person_id = $2", yesterday, person
    )


async def test_a_double_press_does_not_decide_two_stages(play: Play) -> None:
    """The manager of the one who asks is the whole of the finance group, too."""
    await play.say_in_slack(ENGINEERING_LEAD, "I need a new laptop")
    card = await play.teams_shows(FINANCE, "laptop")
    answers = [
        await play.press_in_teams(FINANCE, card, "approval.approve") for _ in range(3)
    ]
    [row] = await play.rows("SELECT status, stage FROM approval")
    assert tuple(row) == ("open", 1)
    assert len(await play.rows("SELECT 1 FROM decision")) == 1
    # On purpose, on the card of the second stage, the same person may.
    fresh = {"id": card["id"], "attachments": [{"content": answers[-1]["value"]}]}
    await play.press_in_teams(FINANCE, fresh, "approval.approve")
    await play.ended()
    assert len(await play.rows("SELECT 1 FROM decision")) == 2
    assert len(await play.rows("SELECT 1 FROM hardware_order")) == 1


async def test_who_has_left_decides_nothing_any_more(play: Play) -> None:
    await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    card = await play.teams_shows(DESIGN_LEAD, "Figma")
    await last_day_over(play, DESIGN_LEAD)
    answer = await play.press_in_teams(DESIGN_LEAD, card, "approval.approve")
    assert "changed nothing" in json.dumps(answer)
    assert not await play.rows("SELECT 1 FROM decision")


async def test_who_has_left_gets_nothing_that_is_approved_afterwards(
    play: Play,
) -> None:
    await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    card = await play.teams_shows(DESIGN_LEAD, "Figma")
    await last_day_over(play, "maya.chen")
    await play.press_in_teams(DESIGN_LEAD, card, "approval.approve")
    await play.ended()
    assert not await play.rows("SELECT 1 FROM access_grant")
    said = "\n".join(said_in(message) for message in play.bot_in_slack(DESIGNER))
    assert "contract ended" in said, said


async def test_a_press_after_the_time_is_over_decides_nothing(play: Play) -> None:
    await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    await play.teams_shows(DESIGN_LEAD, "Figma")
    [row] = await play.rows("SELECT tenant_id, approval_id, args_hash FROM approval")
    [row_of_lead] = await play.rows(
        "SELECT person_id AS id, name, email FROM person WHERE person_id = $1",
        DESIGN_LEAD,
    )
    now = SystemClock().now()
    pressed = Decided(
        delivery_id="d",
        said_key="s",
        user=UserRef(platform="teams", workspace="w", user_id="u"),
        at=now,
        approval_id=row["approval_id"],
        verdict="approved",
        args_hash=row["args_hash"],
    )
    engine = create_engine(play.database_url)
    try:
        taken = await take_decision(
            PostgresStore(engine),
            row["tenant_id"],
            Person(**dict(row_of_lead)),
            pressed,
            now=now + timedelta(days=30),
        )
    finally:
        await engine.dispose()
    assert taken.outcome == "already_decided"
    assert taken.sentence == replies.CLICK_TIME_OVER
    assert not await play.rows("SELECT 1 FROM decision")
