"""A company's own tool, without an API key: asked for, completed, approved, run."""

from pathlib import Path

from agents.roster import shipped
from tests.support.play import playing

CLERK, BOSS = "U0KIM", "lee"
COMPANY = """
[company]
name = "Harbour"

[[people]]
id = "kim"
name = "Kim Berg"
email = "kim@harbour.test"
title = "Clerk"
department = "Quay"
manager = "lee"
slack = "U0KIM"
reach_on = "slack"

[[people]]
id = "lee"
name = "Lee Holm"
email = "lee@harbour.test"
title = "Harbour master"
department = "Quay"
entra = "5d1c1e0e-0b1e-4b56-8d5a-000000000077"
reach_on = "teams"

[agents.coordinator]
tools = {tools}
"""
CRANES = '''
from pydantic import Field

from agents.tools.declare import tool
from agents.tools.tool import Arguments, Setting, found
from bot.ports.agent import ToolResult


class Load(Arguments):
    """What to lift."""

    tonnes: int = Field(ge=1, description="How heavy it is")
    crane: str = Field(description="The crane's name")


@tool(effect="once", approval="manager", step="Book the crane {crane}")
async def book_crane(setting: Setting, arguments: Load) -> ToolResult:
    """Book a crane of the harbour for a load."""
    said = f"{arguments.crane} lifts {arguments.tonnes} t."
    return found("Booked", {"sentence": said})
'''


async def test_a_tool_is_understood_completed_approved_and_run_once(
    database_url: str, tmp_path: Path
):
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/cranes.py").write_text(CRANES, "utf-8")
    tools = [*shipped()["coordinator"].tools, "book_crane"]
    company = tmp_path / "company.toml"
    company.write_text(COMPANY.format(tools=str(tools)), "utf-8")
    async with playing(database_url, tmp_path, company_file=company) as play:
        asked = await play.say_in_slack(CLERK, "Please book the crane Big Bertha")
        await play.slack_shows(CLERK, "I need one more thing", "How heavy it is")
        await play.ended()
        assert not await play.rows("SELECT 1 FROM approval")

        await play.say_in_slack(CLERK, "12", thread=asked)
        card = await play.teams_shows(BOSS, "Book the crane Big Bertha", "12")
        await play.press_in_teams(BOSS, card, "approval.approve")
        await play.slack_shows(CLERK, "Big Bertha lifts 12 t.")
        await play.ended(2)
        ran = await play.rows(
            "SELECT 1 FROM turn_event WHERE body->>'type' = 'tool.started'"
        )
    assert len(ran) == 1
