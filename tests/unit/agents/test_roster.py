"""The roster against company files, and code against names that belong into them."""

import re
from pathlib import Path

import pytest

from agents.build import build_agents
from agents.roster import AGENTS, COORDINATOR, HAND_OFFS, SPECIALISTS, tools_of
from bot.clock import SystemClock
from bot.errors import ConfigError
from bot.ports.agent import Question
from bot.protocol.ids import FrameId, PersonId, TurnId
from bot.protocol.values import Requester
from tests.support.agent_turns import TENANT
from tests.support.companies import (
    HOSPITAL,
    ROOT,
    SAMPLE,
    company_at,
    records_of,
)

CODE = sorted(
    path for ending in ("*.py", "*.md") for path in (ROOT / "agents").rglob(ending)
)


def test_every_agent_has_a_prompt():
    assert all(agent.prompt for agent in AGENTS.values())
    files = {path.stem for path in (ROOT / "agents" / "prompts").glob("*.md")}
    assert files == set(AGENTS)


def test_the_coordinator_can_hand_over_to_every_specialist():
    offered = {tool.name for tool in tools_of(company_at(SAMPLE), COORDINATOR)}
    assert {f"ask_{agent.name}" for agent in SPECIALISTS} == set(HAND_OFFS) <= offered
    assert not {"grant_access", "assign_seat", "order_hardware"} & offered


def test_a_specialist_gets_the_tools_that_its_things_are_asked_with():
    def offered(path: Path, agent: str) -> set[str]:
        return {tool.name for tool in tools_of(company_at(path), AGENTS[agent])}

    assert "grant_access" not in offered(SAMPLE, "hr")
    assert "grant_access" in offered(HOSPITAL, "hr")
    assert "order_hardware" in offered(HOSPITAL, "hardware")
    assert "order_hardware" not in offered(HOSPITAL, "security")


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
    from agents.brief import prompt_for  # noqa: PLC0415 - used by this test alone
    from agents.vocabulary import vocabulary_of  # noqa: PLC0415

    company = company_at(HOSPITAL)
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
    prompt = prompt_for(company, vocabulary_of(company), COORDINATOR, question)
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
