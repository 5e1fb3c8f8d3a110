"""The roster against company files, and code against names that belong into them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from agents.brief import prompt_for
from agents.build import build_agents
from agents.roster import roster_of, shipped
from agents.toolbox import toolbox_of
from agents.vocabulary import vocabulary_of
from bot.clock import SystemClock
from bot.company.tickets import TicketQueue, Tickets
from bot.errors import ConfigError
from bot.ports.agent import Allowed, Limits, Question, Refused, Ruling
from bot.protocol.ids import CallId, FrameId, PersonId, TurnId
from bot.protocol.values import Requester
from tests.support.agent_turns import TENANT
from tests.support.companies import (
    HOSPITAL,
    ROOT,
    SAMPLE,
    company_at,
    desk_of,
    records_of,
)

CODE = sorted(
    path for ending in ("*.py", "*.md") for path in (ROOT / "agents").rglob(ending)
)


def offered(path: Path, agent: str) -> set[str]:
    company = company_at(path)
    tools = toolbox_of(company, roster_of(company)).offered[agent]
    return {tool.name for tool in tools}


def test_the_coordinator_can_hand_over_to_every_specialist():
    tools = offered(SAMPLE, "coordinator")
    assert {f"ask_{name}" for name in shipped() if name != "coordinator"} <= tools
    assert not {"grant_access", "assign_seat", "order_hardware"} & tools


def test_a_specialist_gets_the_tools_that_its_things_are_asked_with():
    assert "grant_access" not in offered(SAMPLE, "hr")
    assert "grant_access" in offered(HOSPITAL, "hr")
    assert "order_hardware" in offered(HOSPITAL, "hardware")
    assert "order_hardware" not in offered(HOSPITAL, "security")


def with_agents(folder: Path, **files: str) -> Path:
    """Return the sample company with agents of its own."""
    (folder / "agents").mkdir()
    for name, text in files.items():
        (folder / "agents" / f"{name}.md").write_text(text)
    company = folder / "company.toml"
    company.write_text(SAMPLE.read_text("utf-8"))
    return company


FACILITIES = """---
title: Facilities
does: knows desks and doors.
tools: open_ticket
---
You are the facilities specialist.
"""


def test_a_specialist_is_added_with_one_file(tmp_path: Path):
    path = with_agents(tmp_path, facilities=FACILITIES)
    facilities = roster_of(company_at(path)).agents["facilities"]
    assert facilities.prompt == "You are the facilities specialist."
    assert offered(path, "facilities") == {"open_ticket"}
    assert "ask_facilities" in offered(path, "coordinator")


def test_a_company_changes_what_it_names_of_an_agent_of_ours(tmp_path: Path):
    path = with_agents(tmp_path, hr="---\ntools: who_am_i\nasks: 4\n---\n")
    ours, theirs = shipped()["hr"], roster_of(company_at(path)).agents["hr"]
    assert (theirs.tools, theirs.asks) == (("who_am_i",), 4)
    assert (theirs.title, theirs.prompt) == (ours.title, ours.prompt)


def test_an_agent_that_is_declared_by_half_stops_the_start(tmp_path: Path):
    path = with_agents(tmp_path, facilities="---\ntitle: Facilities\n---\nBe kind.")
    with pytest.raises(ConfigError, match=r"facilities\.md, line 1: does is missing"):
        roster_of(company_at(path))


def test_a_specialist_hands_over_to_whom_its_file_names(tmp_path: Path):
    head = FACILITIES.replace("tools:", "hands_to: security, hr\ntools:")
    path = with_agents(tmp_path, facilities=head)
    assert offered(path, "facilities") == {"ask_security", "ask_hr", "open_ticket"}
    assert not {name for name in offered(path, "hr") if name.startswith("ask_")}


def test_a_company_can_say_to_whom_the_coordinator_hands_over(tmp_path: Path):
    path = with_agents(tmp_path, coordinator="---\nhands_to: security\n---\n")
    asked = {n for n in offered(path, "coordinator") if n.startswith("ask_")}
    assert asked == {"ask_security"}


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (
            "---\ntitle: F\ndoes: it.\nhands_to: hr, plumbing\n---\nYou.",
            "agents/facilities.md, line 4: hands_to: there is no other specialist",
        ),
        (
            "---\ntitle: F\ndoes: it.\nhands_to: facilities\n---\nYou.",
            "agents/facilities.md, line 4: hands_to: there is no other specialist",
        ),
        (
            "---\ntitle: F\ndoes: it.\n\ntools: who_am_i, dig\n---\nYou.",
            "agents/facilities.md, line 5: there is no tool 'dig'",
        ),
        (
            "---\ntitle: F\nasks: many\ndoes: it.\n---\nYou.",
            "agents/facilities.md, line 3: asks: Input should be a valid integer",
        ),
        (
            "---\ntitle: F\ndoez: it.\n---\nYou.",
            "agents/facilities.md, line 3: doez: there is no such key; there are title",
        ),
        (
            "---\ntitle: F\nYou are.",
            "agents/facilities.md, line 1: the head has no end",
        ),
        (
            "You are the facilities specialist.",
            "agents/facilities.md, line 1: title, does are missing",
        ),
    ],
)
def test_a_mistake_in_an_agents_file_is_named_with_its_line(
    tmp_path: Path, file: str, said: str
):
    path = with_agents(tmp_path, facilities=file)

    def build():
        company = company_at(path)
        toolbox_of(company, roster_of(company))

    with pytest.raises(ConfigError) as caught:
        build()
    assert said in str(caught.value)


async def test_an_agent_cannot_hand_over_to_whom_its_file_does_not_name(
    tmp_path: Path,
):
    head = FACILITIES.replace("tools:", "hands_to: hr\ntools:")
    path = with_agents(tmp_path, facilities=head)
    desk = desk_of(path, "maya.chen")

    async def ruled(agent: str, to: str) -> Ruling:
        call = desk.call(f"ask_{to}", {"task": "do it"}, call_id=CallId("c1"))
        return await desk.agents.rule(replace(call, agent=agent))

    assert isinstance(await ruled("coordinator", "security"), Allowed)
    assert isinstance(await ruled("facilities", "hr"), Allowed)
    for agent, to in (("facilities", "security"), ("hr", "security"), ("gone", "hr")):
        assert isinstance(await ruled(agent, to), Refused)


def test_an_agent_that_is_not_here_any_more_is_not_known():
    agents = build_agents(company_at(SAMPLE), records_of(SAMPLE), SystemClock())
    assert agents.knows("hr")
    assert not agents.knows("facilities")


def test_a_tool_that_does_not_exist_stops_the_start(tmp_path: Path):
    path = with_agents(tmp_path, hr="---\ntools: fire_somebody\n---\n")
    company = company_at(path)
    with pytest.raises(ConfigError, match="fire_somebody"):
        toolbox_of(company, roster_of(company))


def test_a_key_that_means_nothing_in_an_agents_head_stops_the_start(tmp_path: Path):
    with pytest.raises(ConfigError, match="toolz"):
        company_at(with_agents(tmp_path, hr="---\ntoolz: who_am_i\n---\n"))


def test_a_specialist_or_agent_that_nobody_declared_stops_the_start():
    company = company_at(HOSPITAL)
    first = company.resources[0].model_copy(update={"specialist": "plumbing"})
    wrong = company.model_copy(
        update={
            "resources": (first, *company.resources[1:]),
            "agents": {"butler": company.agents["coordinator"]},
        }
    )
    with pytest.raises(ConfigError) as caught:
        build_agents(wrong, records_of(HOSPITAL), SystemClock())
    assert len(caught.value.problems) == 2
    assert "plumbing" in str(caught.value)
    assert "butler" in str(caught.value)


def test_the_companys_words_and_things_are_in_the_prompt():
    company = company_at(HOSPITAL)
    roster = roster_of(company)
    question = Question(
        tenant_id=TENANT,
        turn_id=TurnId("t"),
        frame_id=FrameId("f1"),
        ask=1,
        agent="coordinator",
        requester=Requester(person_id=PersonId("p-100"), name="Aoife Brennan"),
        open_requests=(),
        messages=(),
    )
    prompt = prompt_for(company, vocabulary_of(company, roster), roster, question)
    for words in (
        "Never discuss patients.",
        "Elmwood desk",
        "ward/rota",
        "#service-desk",
    ):
        assert words in prompt.lasting
    assert "Aoife Brennan" in prompt.current
    assert "Aoife Brennan" not in prompt.lasting


def _names() -> list[str]:
    names: list[str] = []
    for path in (SAMPLE, HOSPITAL):
        company = company_at(path)
        names.append(company.company.name)
        for person in company.people:
            names += [person.id, person.email, *person.name.split()]
        for thing in company.resources:
            names += [thing.id, thing.name, *thing.aliases]
        names += [policy.name for policy in company.policies]
        names += company.groups
    ordinary = {"security", "it", "finance", "purse", "badge"}
    return sorted({name for name in names if name.casefold() not in ordinary})


@pytest.mark.parametrize("name", _names())
def test_no_name_of_a_company_file_is_wired_into_the_agents(name: str):
    pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
    found = [str(path) for path in CODE if pattern.search(path.read_text("utf-8"))]
    assert CODE
    assert found == []


def test_an_agent_may_go_as_far_as_it_declares(tmp_path: Path):
    busy = "---\nasks: 7\ntokens: 9000\n---\n"
    company = company_at(with_agents(tmp_path, hr=busy))
    agents = build_agents(company, records_of(SAMPLE), SystemClock())
    assert agents.limits("hr") == Limits(asks=7, tokens=9000)
    assert agents.limits("software") == Limits(asks=25, tokens=0)


def test_a_queue_of_tickets_for_nobody_stops_the_start():
    queues = {"helpdesk": TicketQueue(), "secruity": TicketQueue()}
    update = {"tickets": Tickets(system="desk", queues=queues)}
    with pytest.raises(ConfigError) as told:
        roster_of(company_at(SAMPLE).model_copy(update=update))
    assert "tickets queue 'secruity'" in str(told.value)
    assert "helpdesk" in str(told.value)
