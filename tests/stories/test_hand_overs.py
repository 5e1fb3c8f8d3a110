"""Claude's specialists hand over to each other, over the wire: SDK, Postgres, Slack."""

import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copytree
from typing import Any, TypeAlias

from adapters.simulator.stage import SAMPLE_COMPANY
from bot.view import wording
from tests.support.claude import Answering
from tests.support.claude_speaks import (
    Question,
    calls,
    has_answers,
    saying,
    speaking,
)
from tests.support.play import Play, said_in

DESIGNER, MANAGER = "U0MAYA", "priya.nair"
AGENT = """---
title: {title}
does: {does}
tools: search_knowledge, open_ticket
hands_to: {hands_to}
---
You are {name}-who-hands-over. Do what your task says.
"""
Script: TypeAlias = Mapping[str, Callable[[Question], bytes]]


def company_with(folder: Path, **hands_to: str) -> Path:
    """Return the sample company with specialists who hand over to these."""
    company = Path(copytree(SAMPLE_COMPANY.parent, folder / "company"))
    (company / "agents").mkdir(exist_ok=True)
    for name, whom in hands_to.items():
        (company / f"agents/{name}.md").write_text(
            AGENT.format(
                title=f"The {name} team",
                does=f"sees to {name}.",
                hands_to=whom,
                name=name,
            )
        )
    return company / SAMPLE_COMPANY.name


def agent_of(question: Question) -> str:
    """Return which agent's prompt a model was given."""
    prompt = str(question["system"])
    named = re.search(r"You are (\w+)-who-hands-over", prompt)
    return named[1] if named else "coordinator"


@asynccontextmanager
async def played(
    url: str, home: Path, company: Path, script: Script
) -> AsyncGenerator[Play]:
    """Play with a model that says for each agent what its script says."""

    def reply(question: Question) -> bytes | Answering:
        return script[agent_of(question)](question)

    async with speaking(url, home, reply, company) as play:
        yield play


def results(question: Question) -> str:
    """Return what a model is told of its calls."""
    last: Any = question["messages"][-1]["content"]
    return str([b["content"] for b in last if b["type"] == "tool_result"])


def chain(told: list[str]) -> Script:
    """Return who does what; what those who hand over are told is added to ``told``."""

    def coordinates(question: Question) -> bytes:
        if has_answers(question):
            told.append(results(question))
            return saying("Desk, door and plant are seen to.")
        return calls(
            ("ask_desks", {"task": "a desk behind a door", "why": "desks are theirs"}),
            ("ask_plants", {"task": "a plant", "why": "they water"}),
        )

    def desks(question: Question) -> bytes:
        if has_answers(question):
            told.append(results(question))
            return saying("The desk is there, and doors opened it.")
        return calls(("ask_doors", {"task": "open the door", "why": "they have keys"}))

    def doors(question: Question) -> bytes:
        if has_answers(question):
            return saying("The door is open.")
        ticket = {
            "title": "Open the door",
            "body": "It is locked, and a desk is behind.",
        }
        return calls(("open_ticket", ticket))

    return {
        "coordinator": coordinates,
        "desks": desks,
        "doors": doors,
        "plants": lambda _: saying("The plant is watered."),
    }


async def test_two_work_side_by_side_one_hands_on_and_all_flows_back(
    database_url: str, tmp_path: Path
) -> None:
    company = company_with(tmp_path, desks="doors", doors="", plants="")
    told: list[str] = []
    script = chain(told)
    async with played(database_url, tmp_path, company, script) as play:
        await play.say_in_slack(DESIGNER, "A desk behind the locked door, and a plant")
        await play.stage.teams.say(MANAGER, "The same for me please")
        await play.ended(2)
        slack = "\n".join(map(said_in, play.bot_in_slack(DESIGNER)))
        teams = "\n".join(map(said_in, play.bot_in_teams(MANAGER)))
        tickets = await play.rows("SELECT person_id FROM ticket ORDER BY 1")
        frames = await play.rows(
            "SELECT body ->> 'agent', body ->> 'title' FROM turn_event "
            "WHERE type = 'frame.opened' ORDER BY 1"
        )
    assert [row[0] for row in tickets] == ["maya.chen", "priya.nair"]
    assert {tuple(row) for row in frames} == {
        ("coordinator", ""),
        *((name, f"The {name} team") for name in ("desks", "doors", "plants")),
    }
    for shown in (slack, teams):
        assert "4 steps done · The desks team, The doors team" in shown
        assert "Desk, door and plant are seen to." in shown
    by_doors = [said for said in told if "The door is open." in said]
    by_desks = [said for said in told if "doors opened it" in said]
    assert len(by_doors) == len(by_desks) == 2
    assert all("The plant is watered." in said for said in by_desks)
    assert all("open_ticket" in said for said in (*by_doors, *by_desks))


async def test_ping_pong_is_ended_and_the_person_reads_so_in_plain_words(
    database_url: str, tmp_path: Path
) -> None:
    company = company_with(tmp_path, desks="doors", doors="desks")
    refused: list[str] = []

    def passes_to(whom: str) -> Callable[[Question], bytes]:
        def reply(question: Question) -> bytes:
            if has_answers(question):
                refused.append(results(question))
                return saying(f"It is for {whom}.")
            return calls((f"ask_{whom}", {"task": "you do it", "why": "theirs"}))

        return reply

    def coordinates(question: Question) -> bytes:
        if has_answers(question):
            return saying("Nobody took it.")
        return calls(("ask_desks", {"task": "a desk", "why": "desks are theirs"}))

    script: Script = {
        "coordinator": coordinates,
        "desks": passes_to("doors"),
        "doors": passes_to("desks"),
    }
    async with played(database_url, tmp_path, company, script) as play:
        await play.say_in_slack(DESIGNER, "A desk please")
        await play.ended()
        shown = "\n".join(map(said_in, play.bot_in_slack(DESIGNER)))
    assert "desks waits for your answer, so nothing can be handed back" in refused[0]
    assert "Not handed back to somebody who waits for the answer." in shown
    assert "Nobody took it." in shown


async def test_a_loop_is_ended_by_the_limit_and_the_ending_says_so(
    database_url: str, tmp_path: Path
) -> None:
    company = company_with(tmp_path, desks="")
    company.write_text(
        company.read_text("utf-8")
        + "\n[limits]\nhand_offs = { depth = 2, frames = 3 }\n"
    )
    asked = iter(range(100))

    def coordinates(question: Question) -> bytes:
        if has_answers(question) and "which is the limit" in results(question):
            return saying("I could not get all of it done.")
        return calls(("ask_desks", {"task": f"desk {next(asked)}", "why": "theirs"}))

    script: Script = {"coordinator": coordinates, "desks": lambda _: saying("Done.")}
    async with played(database_url, tmp_path, company, script) as play:
        await play.say_in_slack(DESIGNER, "Desks, many")
        await play.ended()
        shown = "\n".join(map(said_in, play.bot_in_slack(DESIGNER)))
        opened = await play.rows(
            "SELECT 1 FROM turn_event WHERE body ->> 'agent' = 'desks' "
            "AND type = 'frame.opened'"
        )
    assert len(opened) == 2
    assert wording.PARTLY_DONE in shown
