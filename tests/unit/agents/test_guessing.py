"""Which tool a sentence is about, and with which arguments: rather none than a wrong one."""

import tomllib
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from agents.models.acts import Use
from agents.models.context import Context
from agents.models.understanding import understand
from agents.roster import roster_of
from agents.skills import skills_of
from agents.vocabulary import Skill, vocabulary_of
from bot.company.model import Company
from bot.protocol.ids import PersonId
from tests.support.companies import BREWERY, HOSPITAL, SAMPLE, company_at
from tests.support.questions import FILES, questions_in
from tests.support.toolshed import SHED
from tests.support.workshop import MAYA, WORKSHOP

FRIDAY = date(2026, 11, 20)
ROOMS = Skill(
    tool="rooms__move",
    shown="rooms.move",
    agents=("coordinator",),
    does="Move somebody's meeting to another day.",
    phrases=(),
    looks=False,
    schema={
        "properties": {"day": {"type": "string", "format": "date"}},
        "required": ["day"],
    },
)
"""As a server offers it, with no phrases in the company file."""


def context_of(company: Company, *, tools: bool = True) -> Context:
    words = vocabulary_of(company, roster_of(company))
    skills = (*skills_of(("coordinator", tool) for tool in SHED), ROOMS)
    return Context(
        vocabulary=replace(words, skills=skills if tools else ()),
        requester=PersonId(MAYA),
        asked=(),
        answered="",
        today=FRIDAY,
    )


def used(text: str) -> tuple[str, dict[str, str], tuple[str, ...]]:
    [act] = understand(text, context_of(WORKSHOP))
    assert isinstance(act, Use), act
    return act.tool, dict(act.given), act.missing


@pytest.mark.parametrize(
    ("text", "tool", "given"),
    [
        ("Look at the door lobby, please", "look_at_door", {"door": "lobby"}),
        ("Does my badge open the Lobby door?", "look_at_door", {"door": "Lobby"}),
        (
            "Can you look at the door “Élan by the sea”?",
            "look_at_door",
            {"door": "Élan by the sea"},
        ),
        ("Please open the door server room 3", "open_door", {"door": "server room 3"}),
        ("Read ticket 12", "read_ticket", {"number": "12"}),
        (
            "could you show me page seven of the intranet?",
            "read_page",
            {"number": "seven"},
        ),
        ("Which rooms are free for 6 people?", "find_free_rooms", {"people": "6"}),
        (
            "Which meeting rooms are free for 6 people on floor 2 tomorrow?",
            "find_free_rooms",
            {"people": "6", "floor": "2", "day": "2026-11-21"},
        ),
        (
            "Which rooms are free in building 7 for 6 people?",
            "find_free_rooms",
            {"people": "6"},
        ),
        (
            "Order lunch for Monday, the big salad",
            "order_lunch",
            {"dish": "big-salad", "day": "2026-11-23"},
        ),
        (
            "What is the phone number of Omar?",
            "phone_number",
            {"colleague": "Omar Haddad"},
        ),
        (
            "Announce “Cake” with the text “In the canteen, now.”",
            "announce",
            {"headline": "Cake", "text": "In the canteen, now."},
        ),
        ("Move my meeting to tomorrow", "rooms__move", {"day": "2026-11-21"}),
        ("What's the load of the server?", "server_load", {}),
    ],
)
def test_a_tool_is_meant_by_its_words_and_its_arguments_are_found_by_type(
    text: str, tool: str, given: dict[str, str]
):
    assert used(text) == (tool, given, ())


@pytest.mark.parametrize(
    ("text", "tool", "missing"),
    [
        ("Please open the door", "open_door", ("door",)),
        ("Read a ticket", "read_ticket", ("number",)),
        ("Read page 3 or page 4", "read_page", ("number",)),
        ("Order lunch", "order_lunch", ("dish", "day")),
        ("Order lunch tomorrow, soup or big salad", "order_lunch", ("dish",)),
        ("I am hungry for soup", "", ()),
        ("hungry for soup", "order_lunch", ("day",)),
        ("Announce “Cake” in the canteen", "announce", ("headline", "text")),
    ],
)
def test_what_is_not_said_or_could_be_two_things_is_missing(
    text: str, tool: str, missing: tuple[str, ...]
):
    acts = understand(text, context_of(WORKSHOP))
    found = [(act.tool, act.missing) for act in acts if isinstance(act, Use)]
    assert found == ([(tool, missing)] if tool else [])


@pytest.mark.parametrize(
    "text",
    [
        "How do I open the door to the lobby?",
        "The door does not open",
        "Who may open the door of the server room?",  # a question opens nothing
        "Am I allowed to open the door?",
        "I need Draw for reading tickets",
        "Read this",
        "What is our policy on free rooms?",
        "my ticket",
        "page",
        "Announce my new colleague",
        "I move to Berlin",
        "Open a ticket: the door of the lobby is stuck",
        "What about my ticket?",
    ],
)
def test_other_sentences_are_left_to_other_rules(text: str):
    acts = understand(text, context_of(WORKSHOP))
    changing = {"open_door", "order_lunch", "announce", "rooms__move"}
    assert not [a for a in acts if isinstance(a, Use) and a.tool in changing], acts
    assert acts == understand(text, context_of(WORKSHOP, tools=False)) or (
        text.startswith("Who may open")
    )


def test_two_tools_that_fit_alike_are_not_chosen_between():
    twin = replace(SHED[2], name="read_pages")
    skills = skills_of(("coordinator", tool) for tool in (SHED[2], twin))
    context = context_of(WORKSHOP)
    words = replace(context.vocabulary, skills=skills)
    acts = understand("Read page 3", replace(context, vocabulary=words))
    assert not any(isinstance(act, Use) for act in acts)


@cache
def _said_in(folder: Path) -> list[str]:
    return [
        step["says"]
        for file in sorted((folder / "evals").glob("*.toml"))
        for scenario in tomllib.loads(file.read_text("utf-8"))["scenario"]
        for step in scenario["steps"]
        if "says" in step
    ]


@pytest.mark.parametrize(
    "path", [SAMPLE, HOSPITAL, BREWERY], ids=lambda p: p.parent.name
)
def test_no_sentence_of_the_evals_is_taken_for_a_tool(path: Path):
    company = company_at(path)
    with_tools, without = context_of(company), context_of(company, tools=False)
    said = _said_in(path.parent)
    assert len(said) > 15
    assert [
        (text, acts)
        for text in said
        if (acts := understand(text, with_tools)) != understand(text, without)
    ] == []


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.stem)
def test_no_question_to_the_articles_is_taken_for_a_tool(file: Path):
    context = context_of(company_at(FILES[file]))
    asked = [question.ask for question in questions_in(file)]
    assert len(asked) > 50
    understood = {text: understand(text, context) for text in asked}
    assert not {
        text: acts
        for text, acts in understood.items()
        if any(isinstance(act, Use) for act in acts)
    }
