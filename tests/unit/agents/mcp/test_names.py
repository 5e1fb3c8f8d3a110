"""A tool's two names, from the company file and the tool alone."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from agents.mcp.names import LONGEST, server_of, shown_name, wire_name

servers = st.from_regex(r"[a-z][a-z0-9-]{0,23}", fullmatch=True)
tools = st.text(min_size=1, max_size=128)


def test_people_and_models_see_what_the_tool_is_called():
    assert shown_name("rooms", "book") == "rooms.book"
    assert wire_name("rooms", "book") == "rooms__book"
    assert server_of("rooms__book") == "rooms"
    assert server_of("grant_access") == ""


@given(servers, tools)
def test_every_tool_has_a_name_that_models_take(server: str, tool: str):
    wire = wire_name(server, tool)
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", wire)
    assert len(wire) <= LONGEST
    assert server_of(wire) == server


@given(servers, tools, tools)
def test_two_tools_of_a_server_have_two_names(server: str, one: str, other: str):
    assume(one != other)
    assert wire_name(server, one) != wire_name(server, other)


def test_names_that_only_look_alike_stay_apart():
    names = [wire_name("rooms", tool) for tool in ("a.b", "a/b", "a_b", "a" * 100)]
    assert len(set(names)) == 4
    assert wire_name("rooms", "a" * 99 + "b") != wire_name("rooms", "a" * 99 + "c")
