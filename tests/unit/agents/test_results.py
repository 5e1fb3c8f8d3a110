"""Results as cards for people, and in words for the model."""

from datetime import UTC, datetime

from agents.tools import results
from agents.tools.tool import Setting
from bot.ports.agent import ToolResult
from bot.protocol.values import Fact
from tests.support.companies import SAMPLE, desk_of


def setting() -> Setting:
    desk = desk_of(SAMPLE, "maya.chen")
    person = desk.records.company.person("maya.chen")
    assert person is not None
    call = desk.call("any", {})
    return Setting(
        company=desk.records.company, records=desk.records, call=call, person=person
    )


def facts_of(result: ToolResult) -> tuple[Fact, ...]:
    [card] = result.cards
    return card.facts


def test_what_was_given_names_whom_and_until_when():
    ends = datetime(2026, 12, 1, 17, 0, tzinfo=UTC)
    given = results.access_granted(setting(), "Badge", ends_at=ends, reference="B-1")
    assert [f.value for f in facts_of(given)] == [
        "Maya Chen",
        "Badge",
        "2026-12-01 17:00 UTC",
    ]
    assert (given.reference, given.cards[0].tone) == ("B-1", "good")


def test_an_order_and_a_ticket_have_their_numbers():
    order = results.ordered(setting(), "A lamp", reference="ORD-1", price="12 EUR")
    assert [f.label for f in facts_of(order)] == ["Order", "For", "Price"]
    ticket = results.ticket("It flickers", reference="IT-1")
    assert ticket.cards[0].title == "Ticket IT-1"
    assert isinstance(ticket.content, dict)
    assert ticket.content["reference"] == "IT-1"


def test_a_ticket_elsewhere_is_called_as_it_is_there_and_has_its_address():
    there = "https://desk.example/browse/DESK-7"
    ticket = results.ticket("x", reference="IT-1", key="DESK-7", link=there)
    [card] = ticket.cards
    assert (card.title, card.link, ticket.reference) == (
        "Ticket DESK-7",
        there,
        "DESK-7",
    )
    assert Fact(label="Reference", value="IT-1") in card.facts
    assert isinstance(ticket.content, dict)
    assert ticket.content["link"] == there


def test_a_ticket_whose_address_is_none_is_open_all_the_same():
    ticket = results.ticket("x", reference="IT-1", link="javascript:alert(1)")
    assert (ticket.outcome, ticket.cards[0].link) == ("done", "")
    assert isinstance(ticket.content, dict)
    assert "link" not in ticket.content


def test_a_table_and_steps_are_a_card_and_words():
    table = results.table(
        "Rooms", ("Room", "Seats"), [("Lisbon", "4")], step="Found a room"
    )
    assert table.cards[0].rows == (("Lisbon", "4"),)
    assert isinstance(table.content, dict)
    assert table.content["rows"] == [{"Room": "Lisbon", "Seats": "4"}]
    steps = results.steps_to_follow("Set it up", ["Plug it in"], step="Found how")
    assert steps.cards[0].steps == ("Plug it in",)
