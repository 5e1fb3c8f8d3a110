"""An open request is changed: the old approval is void, the new one is asked for."""

from datetime import timedelta

from tests.support.play import Play, actions_in, said_in

DESIGNER, HER_MANAGER = "U0MAYA", "priya.nair"


async def test_a_smaller_grant_needs_nobody_any_more(play: Play) -> None:
    asked = await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    await play.teams_shows(HER_MANAGER, "Maya Chen", "Figma", "editor")
    await play.slack_shows(DESIGNER, "Priya Nair", "Figma", thread=asked)

    await play.say_in_slack(DESIGNER, "viewer is enough", thread=asked)
    await play.ended(2)

    [card] = play.bot_in_teams(HER_MANAGER)
    assert not actions_in(card)
    assert "changed by the person who asked" in said_in(card).lower()
    rows = await play.rows("SELECT resource_id, grant_name FROM access_grant")
    assert [tuple(row) for row in rows] == [("app/figma", "viewer")]
    statuses = await play.rows("SELECT status FROM approval")
    assert [row[0] for row in statuses] == ["withdrawn"]
    told = "\n".join(said_in(m) for m in play.bot_in_slack(DESIGNER, thread=asked))
    assert "You now have viewer access" in told
    assert "viewer is enough" in told


async def test_for_how_long_is_decided_anew(play: Play) -> None:
    asked = await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    old = await play.teams_shows(HER_MANAGER, "Maya Chen", "Figma", "editor")
    await play.slack_shows(DESIGNER, "Priya Nair", "Figma", thread=asked)

    await play.say_in_slack(DESIGNER, "actually I need it for two weeks", thread=asked)
    new = await play.teams_shows(HER_MANAGER, "Figma", "14 days")
    assert new["id"] != old["id"]
    await play.ended(1)  # the message that asked for the change
    assert not await play.rows("SELECT 1 FROM access_grant")

    await play.press_in_teams(HER_MANAGER, old, "approval.approve")
    assert not await play.rows("SELECT 1 FROM access_grant")
    await play.press_in_teams(HER_MANAGER, new, "approval.approve")
    await play.ended(2)

    [row] = await play.rows("SELECT grant_name, ends_at - at FROM access_grant")
    assert row[0] == "editor"
    assert abs(row[1] - timedelta(days=14)) < timedelta(minutes=1)
    statuses = await play.rows("SELECT status FROM approval ORDER BY created_at")
    assert [row[0] for row in statuses] == ["withdrawn", "approved"]
    what = await play.rows("SELECT what FROM audit WHERE what LIKE 'approval.%'")
    assert "approval.changed" in {row[0] for row in what}
