"""What only the demo has: a server of meeting rooms beside the sample company."""

import tomllib
from pathlib import Path

from adapters.simulator.demo_company import lay_demo_company
from adapters.simulator.stage import SAMPLE_COMPANY
from adapters.simulator.suggestions import load_suggestions
from agents.mcp.servers import Servers
from bot.company.file import load_company
from tests.support.houses import up
from tests.support.play import playing, said_in

DESIGNER = "U0MAYA"


def added(folder: Path) -> str:
    """Return the one question that the demo suggests besides the sample's."""
    file = lay_demo_company(folder).with_name("suggestions.toml")
    sample = SAMPLE_COMPANY.with_name("suggestions.toml")
    of_sample = load_suggestions(sample, load_company(SAMPLE_COMPANY))
    more = load_suggestions(file, load_company(file.with_name("company.toml")))
    [one] = more[len(of_sample) :]
    return one.text


async def test_the_server_that_comes_with_the_demo_answers_with_a_card(
    database_url: str, tmp_path: Path
):
    asked = added(tmp_path / "company")
    company = lay_demo_company(tmp_path / "company")
    async with playing(database_url, tmp_path, company_file=company) as play:
        assert play.bot is not None and isinstance(play.bot.attached, Servers)
        await up(play.bot.attached.connections[0])
        await play.say_in_slack(DESIGNER, asked)
        shown = await play.slack_shows(DESIGNER, "Look for a free room for 6", "System")
        for words in ("rooms.free", "Room", "Free until", "Atrium"):
            assert words in said_in(shown)
        assert "Hypatia" not in said_in(shown)  # it has 4 seats
        await play.ended()


async def test_a_server_that_cannot_start_stops_nothing(
    database_url: str, tmp_path: Path
):
    company = lay_demo_company(tmp_path / "company")
    command = tomllib.loads(company.read_text("utf-8"))["mcp"]["rooms"]["command"]
    gone = company.read_text("utf-8").replace(f'"{command}"', '"/nowhere/python"')
    company.write_text(gone, "utf-8")
    async with playing(database_url, tmp_path, company_file=company) as play:
        await play.say_in_slack(DESIGNER, added(tmp_path / "other"))
        await play.slack_shows(DESIGNER, "rooms.free", "it is not there right now")
        await play.ended()


def test_the_sample_company_itself_starts_no_program(tmp_path: Path):
    lay_demo_company(tmp_path / "company")
    assert not load_company(SAMPLE_COMPANY).mcp
