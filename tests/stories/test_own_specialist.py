"""A company adds a specialist with one file, and people see who is on it."""

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from adapters.simulator.stage import SAMPLE_COMPANY
from tests.support.play import Play, playing, said_in

DESIGNER, ENGINEER, MANAGER = "U0MAYA", "omar.haddad", "priya.nair"
FACILITIES = """---
title: Facilities
does: knows desks, doors and meeting rooms.
tools: search_knowledge, open_ticket
---
You are the facilities specialist. Do what your task says, and nothing else.
"""
DESK = """
[[resources]]
id = "desk/standing"
kind = "desk"
name = "Standing desk"
aliases = ["sit-stand desk"]
owner = "{owner}"
price = 400
stock = 3
delivery = "5 working days"
specialist = "facilities"

[[policies]]
name = "Everybody may have a desk"
resource = "desk/*"
approval = "none"
"""
SHOWN = ("Facilities: Standing desk", "Handed over at", "Standing desk is theirs")


def company_with_facilities(folder: Path) -> Path:
    """Return the sample company with a file for one more specialist, and its thing."""
    company = Path(shutil.copytree(SAMPLE_COMPANY.parent, folder / "company"))
    (company / "agents").mkdir(exist_ok=True)
    (company / "agents/facilities.md").write_text(FACILITIES)
    file = company / SAMPLE_COMPANY.name
    file.write_text(file.read_text() + DESK.format(owner="tomas.ruiz"))
    return file


@pytest.fixture
async def play(database_url: str, tmp_path: Path) -> AsyncGenerator[Play]:
    company = company_with_facilities(tmp_path)
    async with playing(database_url, tmp_path, company_file=company) as story:
        yield story


async def test_a_request_goes_to_the_specialist_of_the_companys_own(play: Play) -> None:
    await play.say_in_slack(DESIGNER, "I need a standing desk")
    await play.ended()
    shown = "\n".join(map(said_in, play.bot_in_slack(DESIGNER)))
    for words in SHOWN:
        assert words in shown
    assert "Facilities" in shown
    assert "facilities" not in shown, "its title, not its name"
    rows = await play.rows("SELECT person_id, resource_id FROM hardware_order")
    assert [tuple(row) for row in rows] == [("maya.chen", "desk/standing")]


async def test_teams_a_group_and_a_channel_show_who_is_on_it_just_as_well(
    play: Play,
) -> None:
    slack, teams = play.stage.slack, play.stage.teams
    await teams.say(ENGINEER, "I need a standing desk")
    await play.teams_shows(ENGINEER, *SHOWN)
    group, channel = teams.open_group(ENGINEER, MANAGER), slack.help_channel.id
    await teams.say(MANAGER, "I need a standing desk", group=group)
    await slack.say(DESIGNER, channel, "@Deskhand I need a sit-stand desk")
    await play.ended(3)
    for place in (slack.messages(channel), teams.messages(group)):
        shown = "\n".join(map(said_in, place))
        for words in SHOWN:
            assert words in shown
