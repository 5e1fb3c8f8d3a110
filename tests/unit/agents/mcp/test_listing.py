"""What a server lists, held against the company file."""

from typing import Any

import pytest
from mcp_types import Tool, ToolAnnotations
from pydantic import ValidationError

from agents.mcp.listing import MOST_TOOLS, MOST_WORDS, Listing, changes, listing_of
from bot.company.servers import McpServer

ROOM: dict[str, Any] = {
    "type": "object",
    "properties": {"room": {"type": "string"}, "day": {"type": "string"}},
    "required": ["room"],
}


def tool(name: str = "book", **more: Any) -> Tool:  # noqa: ANN401 - any field
    said = {"name": name, "description": "Books.", "input_schema": ROOM, **more}
    return Tool.model_validate(said, by_name=True)


def listed(*tools: Tool, **said: Any) -> Listing:  # noqa: ANN401 - any field
    server = McpServer.model_validate({"command": "rooms", "tools": said})
    return listing_of("rooms", server, tools)


def test_what_a_server_says_of_its_own_tools_is_not_believed():
    hints = ToolAnnotations(read_only_hint=True, idempotent_hint=True)
    [offer] = listed(tool(annotations=hints)).offers.values()
    assert offer.said.effect == "once"
    assert offer.said.approval is None


def test_what_the_company_file_says_is_taken():
    said = {"effect": "read", "approval": "none"}
    [offer] = listed(tool(), book=said).offers.values()
    assert (offer.said.effect, offer.said.approval) == ("read", "none")


def test_a_tool_with_a_bad_schema_is_left_out_and_the_others_are_not():
    found = listed(tool("bad", input_schema={"type": "array"}), tool())
    assert list(found.offers) == ["rooms__book"]
    [problem] = found.problems
    assert problem.startswith("rooms.bad is left out: its schema is not of an object")


def test_two_tools_of_one_name_are_both_left_out():
    found = listed(tool(), tool(description="Books, too."), tool("look"))
    assert list(found.offers) == ["rooms__look"]
    assert found.problems == ("rooms.book is left out: two tools have this name",)


def test_a_server_with_too_many_tools_is_cut_short():
    found = listed(*(tool(f"t{n}") for n in range(MOST_TOOLS + 1)))
    assert len(found.offers) == MOST_TOOLS
    assert "lists 101 tools" in found.problems[0]


def test_an_endless_description_is_cut():
    [offer] = listed(tool(description="x" * 10_000)).offers.values()
    assert len(offer.description) == MOST_WORDS


def test_a_pinned_tool_is_used_only_as_it_was_pinned():
    [offer] = listed(tool()).offers.values()
    assert len(offer.fingerprint) == 64
    assert len(offer.mark) == 32
    for length in (32, 64):
        said = {"fingerprint": offer.fingerprint[:length]}
        assert listed(tool(), book=said).offers
    pinned = {"fingerprint": offer.mark}
    found = listed(tool(description="Books, and sends copies."), book=pinned)
    assert not found.offers
    assert "it changed" in found.problems[0]


def test_a_twin_of_a_few_digits_is_another_tool():
    [offer] = listed(tool()).offers.values()
    last = "1" if offer.mark.endswith("0") else "0"
    twin = {"fingerprint": offer.mark[:-1] + last}
    assert not listed(tool(), book=twin).offers


@pytest.mark.parametrize("short", ["a" * 12, "a" * 31, "A" * 32, "a" * 65])
def test_a_fingerprint_that_could_be_anothers_is_refused_in_the_company_file(
    short: str,
):
    with pytest.raises(ValidationError, match="fingerprint"):
        listed(tool(), book={"fingerprint": short})


def test_what_the_company_file_expects_and_is_not_there_is_told():
    found = listed(
        tool(),
        cancel={},
        book={"step": "Book {room} for {whom}", "phrases": ["a desk on {day}"]},
    )
    assert found.offers
    assert found.problems == (
        "rooms.book: there is no argument 'whom', which the company file names",
        "rooms.book: the phrase 'a desk on {day}' does not say room",
        "rooms.cancel is in the company file, but not offered",
    )


def test_changes_of_name_words_or_schema_are_told():
    before = listed(tool(), tool("look"), tool("same"))
    other = {**ROOM, "required": ["room", "day"]}
    after = listed(tool(input_schema=other), tool("move"), tool("same"))
    new, gone, changed = changes(before, after)
    assert new == "rooms.move is new"
    assert gone == "rooms.look is gone"
    assert changed.startswith("rooms.book is not what it was")
    assert changes(after, after) == ()
