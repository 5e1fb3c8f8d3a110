"""``deskhand doctor``, as a process: what is right, what is to be fixed, and how."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.simulator.systems.github import GitHubStandIn
from bot.protocol.ids import TurnId
from bot.store.conversations import require_generation
from bot.store.engine import begin
from bot.store.log import mark_degraded
from tests.support.desks import SECRET, company_with_desk, jira
from tests.support.platforms import SlackVenue, slack_venue
from tests.support.sites import ABROAD, TOKEN, TOKEN_VARIABLE, company_abroad, served
from tests.support.store import own, start

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "adapters/simulator/acme/company.toml"


@dataclass(frozen=True, slots=True)
class Said:
    """What a process said, and how it ended."""

    status: int
    out: str
    err: str


async def doctor(settings: Mapping[str, str]) -> Said:
    """Run the command with these settings only."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "doctor"),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Said(process.returncode or 0, out.decode(), err.decode())


async def test_a_doctor_finds_nothing_to_fix(
    database_url: str,
) -> None:
    async with slack_venue(metered=False) as venue:
        assert isinstance(venue, SlackVenue)
        settings = {
            "DATABASE_URL": database_url,
            "DESKHAND_CONFIG": str(SAMPLE),
            "SLACK_API_URL": venue.api_url,
            "SLACK_SIGNING_SECRET": "s" * 32,
            "SLACK_BOT_TOKEN": "xoxb-stand-in",
        }
        said = await doctor(settings)
    lines = said.out.splitlines()
    assert all(line.startswith("ok  ") for line in lines[:-1])
    assert lines[-1] == "Everything Deskhand needs is there."
    assert said.status == 0
    subjects = [line.split(":")[0].removeprefix("ok ").strip() for line in lines[:-1]]
    assert subjects == [
        *("settings", "company", "agents", "knowledge", "database"),
        *("schema", "clock", "turns", "slack", "model"),
    ]
    assert "scripted, offline" in said.out


async def test_a_doctor_says_everything_that_is_to_be_fixed(
    empty_database_url: str, tmp_path: Path
) -> None:
    settings = {
        "DATABASE_URL": empty_database_url,
        "DESKHAND_CONFIG": str(tmp_path / "nowhere.toml"),
    }
    said = await doctor(settings)
    assert said.status == 1
    to_fix = [line for line in said.out.splitlines() if line.startswith("FIX")]
    assert len(to_fix) == 3
    assert "set DESKHAND_CONFIG to your file" in said.out
    assert "run `deskhand migrate`" in said.out
    assert "none is set up" in said.out
    assert said.out.splitlines()[-1] == "3 to fix."


async def test_a_doctor_goes_on_after_a_database_that_is_away() -> None:
    settings = {
        "DATABASE_URL": "postgresql://deskhand:hunter2@127.0.0.1:1/none",
        "DESKHAND_CONFIG": str(SAMPLE),
    }
    said = await doctor(settings)
    assert said.status == 1
    assert "FIX database: " in said.out
    assert "ok  model: " in said.out
    assert "hunter2" not in said.out + said.err


async def test_a_doctor_sees_a_token_that_slack_does_not_accept(
    database_url: str,
) -> None:
    async with slack_venue(metered=False) as venue:
        assert isinstance(venue, SlackVenue)
        settings = {
            "DATABASE_URL": database_url,
            "DESKHAND_CONFIG": str(SAMPLE),
            "SLACK_API_URL": venue.api_url,
            "SLACK_SIGNING_SECRET": "s" * 32,
            "SLACK_BOT_TOKEN": "xoxb-wrong-one",
        }
        said = await doctor(settings)
    assert said.status == 1
    assert "invalid_auth" in said.out
    assert "xoxb-wrong-one" not in said.out + said.err


async def test_a_doctor_finds_what_nobody_works_on(
    database_url: str, engine: AsyncEngine
) -> None:
    claim = await own(engine)
    await start(engine, claim, "t")
    async with begin(engine) as conn:
        await mark_degraded(conn, claim, TurnId("t"), "3 missing")
        await require_generation(conn, claim, 99)
        await conn.execute(
            text("UPDATE turn SET wake_at = statement_timestamp() - interval '1 hour'")
        )
    said = await doctor({"DATABASE_URL": database_url, "DESKHAND_CONFIG": str(SAMPLE)})
    assert "damaged turns: 1" in said.out
    assert "newer release: 1" in said.out
    assert "overdue turns: 1" in said.out


async def test_a_doctor_names_the_agents_and_what_is_wrong_with_a_file(
    database_url: str, tmp_path: Path
) -> None:
    company = tmp_path / "company.toml"
    company.write_text(SAMPLE.read_text("utf-8"))
    own = tmp_path / "agents/facilities.md"
    own.parent.mkdir()
    own.write_text("---\ntitle: F\ndoes: knows.\nhands_to: hr\n---\nYou are.\n")
    settings = {"DATABASE_URL": database_url, "DESKHAND_CONFIG": str(company)}
    said = await doctor(settings)
    known = "coordinator, facilities (agents/facilities.md; hands over to hr), hardware"
    assert f"ok  agents: {known}" in said.out
    own.write_text("---\ntitle: F\ndoes: knows.\nhands_too: hr\n---\nYou are.\n")
    said = await doctor(settings)
    assert "agents/facilities.md, line 4: hands_too: there is no such key" in said.out


async def test_a_doctor_says_what_each_mcp_server_offers_and_may_do(
    database_url: str, tmp_path: Path
) -> None:
    company = tmp_path / "company.toml"
    company.write_text(
        SAMPLE.read_text("utf-8")
        + f"""
[mcp.clock]
command = "{sys.executable}"
args = ["-m", "mcp_server_time"]
[mcp.clock.tools.get_current_time]
effect = "read"
approval = "none"
phrases = ["what time is it"]
[mcp.away]
command = "/nowhere/at-all"
[mcp.unset]
url = "https://rooms.example.com/mcp"
token_env = "ROOMS_TOKEN"
"""
    )
    said = await doctor({"DATABASE_URL": database_url, "DESKHAND_CONFIG": str(company)})
    lines = [line for line in said.out.splitlines() if " mcp " in line]
    assert [line.partition("; fingerprint")[0] for line in lines] == [
        "ok  mcp clock: 2 tools can be used",
        "ok  mcp clock.get_current_time: read; nobody is asked; for coordinator",
        "ok  mcp clock.convert_time: once; manager decides; for coordinator",
        (
            "FIX mcp clock: clock.get_current_time: the phrase 'what time is it' "
            "does not say timezone"
        ),
        (
            "FIX mcp away: not reached: [Errno 2] No such file or directory: "
            "'/nowhere/at-all'"
        ),
        "FIX mcp unset: not reached: ROOMS_TOKEN is not set",
    ]


async def test_a_doctor_looks_whether_a_systems_teams_are_there(tmp_path: Path) -> None:
    abroad = ABROAD["github"]()
    world = abroad.world
    assert isinstance(world, GitHubStandIn)
    async with served(abroad.app) as url:
        settings = {
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "DESKHAND_CONFIG": str(company_abroad(tmp_path, abroad, url)),
        }
        no_secret = await doctor(settings)
        assert f"the environment has no {TOKEN_VARIABLE}" in no_secret.out
        assert not world.asked
        settings[TOKEN_VARIABLE] = TOKEN
        missing = await doctor(settings)
        assert "FIX system abroad: unknown: 404 Not Found (team admins)" in missing.out
        assert "has another name there" in missing.out
        world.teams.update(admins={}, readers={})
        said = await doctor(settings)
    assert "ok  system abroad: organisation acme, 3 teams are there" in said.out
    assert {method for method, _ in world.asked} == {"GET"}


async def test_a_doctor_looks_whether_tickets_can_be_opened(tmp_path: Path) -> None:
    world = jira()
    async with served(world.app()) as url:
        settings = {
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "DESKHAND_CONFIG": str(company_with_desk(tmp_path, "jira", url)),
        }
        no_secret = await doctor(settings)
        assert "the environment has no DESK_TOKEN_OF_TEST" in no_secret.out
        settings["DESK_TOKEN_OF_TEST"] = SECRET
        said = await doctor(settings)
        assert "ok  system desk: 2 request types are there" in said.out
        del world.forms["10", "26"]["labels"]
        unfit = await doctor(settings)
    told = "FIX system desk: refused: queue security: its form has no labels"
    assert told in unfit.out
    assert {method for method, _ in world.asked} == {"GET"} and not world.requests
