"""The diagrams, lists and limits of the turn's pages are the code's."""

import re
from typing import get_args

from bot.protocol.events import TurnEvent
from bot.turn.deadlines import FRAME_LIMIT, TURN_LIMIT
from bot.turn.decide import Action
from tests.support.pages import blocks_in, code_of, page, rows_in, sections_in
from tests.support.turn_diagrams import call_diagram, turn_diagram

TEXT = page("docs/turn-engine.md")
LIFE = page("docs/turn-life.md")


def test_the_diagrams_are_the_codes() -> None:
    assert blocks_in(LIFE, "mermaid") == [turn_diagram(), call_diagram()]


def test_the_table_has_every_action() -> None:
    listed = [code_of(row[0]) for row in rows_in(TEXT, "action")]
    assert sorted(listed) == sorted(action.__name__ for action in get_args(Action))


def test_the_list_has_every_event() -> None:
    listed = re.findall(r"`(\w+\.\w+)`", sections_in(TEXT)["Events"])
    union, _ = get_args(TurnEvent)
    types = [model.model_fields["type"].default for model in get_args(union)]
    assert sorted(listed) == sorted(types)


def test_the_limits_are_the_codes() -> None:
    listed = {row[0]: row[1] for row in rows_in(LIFE, "what")}
    for what, limit in (("a turn", TURN_LIMIT), ("a specialist's frame", FRAME_LIMIT)):
        assert listed[what] == f"{limit.seconds // 60} minutes of running"
