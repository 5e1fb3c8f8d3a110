from collections.abc import Mapping

import pytest
from hypothesis import given

from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent
from bot.protocol.ids import CallId
from bot.protocol.values import Effect, Ledger, LedgerEntry
from bot.turn.ledger import ledger_of
from bot.turn.state import TurnState
from tests.support.plays import Play, plays
from tests.support.turns import (
    APPROVED,
    ASKING,
    AUTHORIZED,
    BEGUN,
    CALL,
    CALLING,
    FINISHED,
    WANTED,
    fold,
    logs,
    record,
    requested,
)

DENIED = ev.ToolDenied(call_id=CALL, reason="no")
FAILED = ev.ToolFinished(call_id=CALL, outcome="failed")
UNKNOWN = ev.ToolFinished(call_id=CALL, outcome="unknown")


def side_of(state: TurnState, *, damaged: bool = False) -> list[str]:
    """Return the lists that the only call is in."""
    ledger = ledger_of(state, damaged=damaged)
    return [side for side, entries in ledger if entries]


@pytest.mark.parametrize(
    ("after", "side"),
    [
        ([], "did_not"),
        ([DENIED], "did_not"),
        ([WANTED], "did_not"),
        ([WANTED, APPROVED], "did_not"),
        ([AUTHORIZED], "did_not"),
        ([AUTHORIZED, BEGUN], "unknown"),
        ([AUTHORIZED, BEGUN, FINISHED], "did"),
        ([AUTHORIZED, BEGUN, FAILED], "did_not"),
        ([AUTHORIZED, BEGUN, UNKNOWN], "unknown"),
    ],
)
@pytest.mark.parametrize("effect", ["idempotent", "once"])
@pytest.mark.parametrize("end", [[], [ev.TurnFailed(code="deadline")]])
def test_a_call_is_done_not_done_or_unknown(
    after: list[TurnEvent], side: str, effect: Effect, end: list[TurnEvent]
) -> None:
    state = fold(record([*ASKING, requested(effect), *after, *end]))
    assert side_of(state) == [side]


@pytest.mark.parametrize(
    ("after", "side"),
    [
        ([], "unknown"),
        ([AUTHORIZED], "unknown"),
        ([DENIED], "did_not"),
        ([AUTHORIZED, BEGUN, FINISHED], "did"),
        ([AUTHORIZED, BEGUN, FAILED], "did_not"),
    ],
)
def test_where_events_are_lost_what_was_not_settled_is_unknown(
    after: list[TurnEvent], side: str
) -> None:
    assert side_of(fold(record([*CALLING, *after])), damaged=True) == [side]


@pytest.mark.parametrize("call", [requested("read"), requested("once", "software")])
@pytest.mark.parametrize("damaged", [True, False])
def test_reading_and_handing_over_are_not_in_the_ledger(
    call: ev.ToolRequested, *, damaged: bool
) -> None:
    state = fold(record([*ASKING, call, AUTHORIZED, BEGUN, FINISHED]))
    assert ledger_of(state, damaged=damaged) == Ledger()


def test_an_entry_says_what_its_step_says_and_what_people_can_quote() -> None:
    finished = FINISHED.model_copy(update={"title": "Granted", "reference": "REQ-7"})
    ledger = ledger_of(fold(record([*CALLING, AUTHORIZED, BEGUN, finished])))
    entry = LedgerEntry(
        call_id=CALL, tool="grant_access", title="Granted", reference="REQ-7"
    )
    assert ledger.did == (entry,)


def sides(ledger: Ledger) -> Mapping[CallId, str]:
    """Return the list that each call is in."""
    found = [(e.call_id, side) for side, entries in ledger for e in entries]
    assert len(found) == len(dict(found)), "a call is in one list only"
    return dict(found)


@given(logs)
def test_every_effect_is_in_exactly_one_list_in_the_order_of_the_requests(
    log: list[Recorded],
) -> None:
    state = fold(log)
    effects = [
        c.call_id for c in state.calls if c.effect != "read" and not c.handoff_to
    ]
    ledger = ledger_of(state)
    assert sorted(sides(ledger)) == sorted(effects)
    for _, entries in ledger:
        ids = [entry.call_id for entry in entries]
        assert ids == [call_id for call_id in effects if call_id in ids]


@given(plays())
def test_what_was_started_is_never_said_to_be_not_done_without_a_result(
    play: Play,
) -> None:
    """Judged by the log alone, which knows nothing of states."""
    intents = {r.event.call_id for r in play.log if isinstance(r.event, ev.ToolStarted)}
    results = {
        r.event.call_id: r.event.outcome
        for r in play.log
        if isinstance(r.event, ev.ToolFinished)
    }
    truth = {"done": "did", "failed": "did_not", "unknown": "unknown"}
    for call_id, side in sides(ledger_of(play.state)).items():
        if call_id not in intents:
            assert side == "did_not"
        else:
            assert side == truth[results.get(call_id, "unknown")]


@given(plays())
def test_a_cut_log_with_a_damaged_ledger_promises_nothing_that_came_later(
    play: Play,
) -> None:
    whole = sides(ledger_of(play.state))
    for state in play.steps:
        for call_id, side in sides(ledger_of(state, damaged=True)).items():
            assert side in {"unknown", whole[call_id]}
