"""How people ask the scripted model for a tool of an MCP server."""

import pytest

from agents.models.acts import Act, Use
from agents.models.context import Context
from agents.models.understanding import understand
from agents.roster import roster_of
from agents.vocabulary import vocabulary_of
from bot.company.servers import McpServer
from bot.protocol.ids import PersonId
from tests.support.houses import with_servers

ROOMS = McpServer.model_validate(
    {
        "command": "rooms",
        "tools": {
            "book": {"phrases": ["book {room}", "book {room} on {day}"]},
            "look.at": {"phrases": ["what is {room} like"], "agents": ["hardware"]},
        },
    }
)


def understood(text: str) -> list[Act]:
    company = with_servers({"rooms": ROOMS})
    context = Context(
        vocabulary=vocabulary_of(company, roster_of(company)),
        requester=PersonId("maya.chen"),
        asked=(),
        answered="",
    )
    return understand(text, context)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("Please book the Blue Room.", (("room", "the Blue Room"),)),
        ("could you book room 4, please?", (("room", "room 4"),)),
        ("book Blue on Monday", (("room", "Blue"), ("day", "Monday"))),
        ("I'd like to  book   Blue", (("room", "Blue"),)),
    ],
)
def test_what_stands_in_a_phrase_is_taken_word_for_word(
    text: str, given: tuple[tuple[str, str], ...]
):
    [act] = understood(text)
    assert isinstance(act, Use)
    assert (act.tool, act.shown, act.given) == ("rooms__book", "rooms.book", given)


@pytest.mark.parametrize(
    "text", ["How do I book a room?", "rebook blue", "I need to be a Figma editor"]
)
def test_other_sentences_are_understood_as_before(text: str):
    assert not any(isinstance(act, Use) for act in understood(text))


def test_an_odd_name_is_found_on_the_wire():
    [act] = understood("What is Blue like?")
    assert isinstance(act, Use)
    assert act.tool.startswith("rooms__look_at_")
    assert act.agents == ("hardware",)
