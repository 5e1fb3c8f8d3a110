"""Another company, other words: nothing of the sample company is in the code."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.play import Play, actions_in, playing, said_in

HOSPITAL = Path(__file__).parents[1] / "companies/hospital/company.toml"
NURSE, HEAD_NURSE = "U1AOIFE", "p-200"
RADIOLOGIST, HIS_HEAD = "p-101", "U1HENRIK"
OFFICER, CLERK = "U1GRAINNE", "U1PAVEL"


@pytest.fixture
async def elmwood(database_url: str, tmp_path: Path) -> AsyncGenerator[Play]:
    async with playing(database_url, tmp_path, company_file=HOSPITAL) as play:
        yield play


async def approve_in_slack(play: Play, user: str, *words: str) -> None:
    card = await play.slack_shows(user, *words)
    channel = play.direct(user)
    await play.stage.slack.click(user, channel, card["ts"], "approval.approve")


async def test_a_seat_is_approved_across_platforms(elmwood: Play) -> None:
    await elmwood.say_in_slack(NURSE, "I need Dictaphone Pro as an author")
    card = await elmwood.teams_shows(HEAD_NURSE, "Dictaphone Pro", "author", "28.5")
    await elmwood.press_in_teams(HEAD_NURSE, card, "approval.approve")
    await elmwood.ended()
    rows = await elmwood.rows("SELECT person_id, resource_id FROM access_grant")
    assert [tuple(row) for row in rows] == [("p-100", "app/dictaphone")]


async def test_stages_follow_each_other_and_two_must_agree(elmwood: Play) -> None:
    await elmwood.stage.teams.say(RADIOLOGIST, "I need to browse the x-ray archive")
    await approve_in_slack(elmwood, HIS_HEAD, "PACS archive")
    first = await elmwood.slack_shows(OFFICER, "PACS archive")
    await elmwood.slack_shows(CLERK, "PACS archive")
    await approve_in_slack(elmwood, OFFICER, "PACS archive")
    await elmwood.rows("SELECT 1")
    assert not await elmwood.rows("SELECT 1 FROM access_grant")
    await approve_in_slack(elmwood, CLERK, "PACS archive")
    await elmwood.ended()
    [grant] = await elmwood.rows("SELECT person_id, ends_at FROM access_grant")
    assert grant["person_id"] == "p-101"
    assert grant["ends_at"] is not None
    for user in (HIS_HEAD, OFFICER, CLERK):
        [card] = elmwood.bot_in_slack(user)
        assert not actions_in(card), said_in(card)
    assert first["ts"] == elmwood.bot_in_slack(OFFICER)[0]["ts"]


async def test_who_has_left_may_ask_for_nothing(elmwood: Play) -> None:
    await elmwood.say_in_slack("U1DARA", "I need a pager")
    await elmwood.ended()
    assert not await elmwood.rows("SELECT 1 FROM hardware_order")
    assert not await elmwood.rows("SELECT 1 FROM approval")


async def test_a_question_is_answered_from_this_companys_handbook(
    elmwood: Play,
) -> None:
    await elmwood.say_in_slack(NURSE, "Where can I park my car?")
    await elmwood.slack_shows(NURSE, "park")
    await elmwood.ended()
