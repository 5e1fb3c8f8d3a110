"""The diagram and the lists of the turn's page are the code's."""

import re
from datetime import UTC, datetime
from typing import get_args

from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent
from bot.protocol.ids import PersonId, TenantId, TurnId
from bot.protocol.inbound import Address
from bot.protocol.values import Requester
from bot.turn.decide import Action
from bot.turn.reduce import advance
from bot.turn.state import Phase, TurnState
from tests.support.pages import blocks_in, code_of, page, rows_in, sections_in

TEXT = page("docs/turn-engine.md")
NOW = datetime(2026, 11, 20, tzinfo=UTC)
STARTED = ev.TurnStarted(
    tenant_id=TenantId("t"),
    requester=Requester(person_id=PersonId("p"), name="P"),
    address=Address(platform="slack", workspace="T", channel="C"),
    text="hello",
)
OF_TURN: tuple[TurnEvent, ...] = (
    STARTED,
    ev.TurnSteered(text="more"),
    ev.TurnParked(waiting_for=()),
    ev.TurnResumed(because="decision"),
    ev.TurnCompleted(),
    ev.TurnFailed(code="model"),
    ev.TurnCancelled(by=PersonId("p"), by_name="P"),
)


def then(state: TurnState, event: TurnEvent) -> TurnState:
    seq = state.seq + 1
    return advance(state, Recorded(turn_id=TurnId("u"), seq=seq, at=NOW, event=event))


def changes_of_phase() -> set[tuple[str, str, str]]:
    """Return every change of phase that the reducer makes, with its event."""
    started = then(TurnState(), STARTED)
    states = [TurnState(), *(then(started, event) for event in OF_TURN)]
    assert {state.phase for state in states} == set(Phase)
    return {
        (state.phase.value, after.phase.value, event.type)
        for state in states
        # A log begins with the start of its turn.
        for event in (OF_TURN if state.seq else (STARTED,))
        if (after := then(state, event)).phase != state.phase
    }


def test_the_diagram_has_every_phase_and_every_change_of_phase() -> None:
    [diagram] = blocks_in(TEXT, "mermaid")
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+): (\S+)$", diagram, re.MULTILINE))
    assert drawn == changes_of_phase()


def test_the_table_has_every_action() -> None:
    listed = [code_of(row[0]) for row in rows_in(TEXT, "action")]
    assert sorted(listed) == sorted(action.__name__ for action in get_args(Action))


def test_the_list_has_every_event() -> None:
    listed = re.findall(r"`(\w+\.\w+)`", sections_in(TEXT)["Events"])
    union, _ = get_args(TurnEvent)
    types = [model.model_fields["type"].default for model in get_args(union)]
    assert sorted(listed) == sorted(types)
