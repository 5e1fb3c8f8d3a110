from datetime import datetime, timedelta

import pytest
from hypothesis import example, given

from bot.errors import SequenceGapError
from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent, UnknownEvent
from bot.protocol.ids import PersonId
from bot.protocol.values import Ledger
from bot.turn.reduce import advance, apply
from bot.turn.state import Phase, TurnState
from tests.support.turns import (
    AUTHORIZED,
    BEGUN,
    CALL,
    CALLING,
    CHILD,
    FINISHED,
    NOW,
    OPENED,
    QUEUED,
    RESUMED,
    STARTED,
    STEERED,
    TURN,
    WANTED,
    endings,
    events,
    fold,
    ledgers,
    logs,
    record,
)

DENIED = ev.ToolDenied(call_id=CALL, reason="no")


@given(logs)
def test_an_applied_event_changes_nothing(log: list[Recorded]) -> None:
    state = fold(log)
    assert all(advance(state, old) == state for old in log)


@given(logs, endings, events)
def test_a_finished_turn_never_changes(
    log: list[Recorded], ending: TurnEvent, later: TurnEvent
) -> None:
    finished = apply(fold(log), ending, turn_id=TURN, at=NOW)
    assert finished.ending
    assert apply(finished, later, turn_id=TURN, at=NOW) == finished


@given(logs, endings)
@example(record([QUEUED]), ev.TurnCompleted())
def test_nothing_stays_open_when_a_turn_ends(
    log: list[Recorded], ending: TurnEvent
) -> None:
    finished = apply(fold(log), ending, turn_id=TURN, at=NOW)
    assert all(frame.outcome for frame in finished.frames)
    assert all(item.status != "open" for item in finished.items)
    assert not (finished.open_approvals or finished.parked or finished.queued)
    assert finished.phase in {Phase.COMPLETED, Phase.FAILED, Phase.CANCELLED}


@given(logs, events)
def test_only_a_decision_the_clock_or_the_end_closes_an_approval(
    log: list[Recorded], event: TurnEvent
) -> None:
    before = fold(log)
    after = apply(before, event, turn_id=TURN, at=NOW)
    closing = (
        ev.ApprovalDecided
        | ev.ApprovalExpired
        | ev.TurnCompleted
        | ev.TurnFailed
        | ev.TurnCancelled
    )
    if not isinstance(event, closing):
        assert len(after.open_approvals) >= len(before.open_approvals)


@given(logs, events)
def test_a_settled_call_never_changes(log: list[Recorded], event: TurnEvent) -> None:
    before = fold(log)
    after = apply(before, event, turn_id=TURN, at=NOW)
    for call in before.calls:
        if call.settled:
            assert after.call(call.call_id) == call


@given(logs)
def test_an_approval_needs_as_many_as_its_stage_says(log: list[Recorded]) -> None:
    for approval in fold(log).approvals:
        if approval.status == "approved":
            for index, stage in enumerate(approval.stages):
                yes = {
                    r.by
                    for r in approval.rulings
                    if r.stage == index and r.verdict == "approved"
                }
                assert len(yes) >= stage.need


@given(logs)
def test_every_prefix_has_a_state(log: list[Recorded]) -> None:
    for cut in range(len(log) + 1):
        assert fold(log[:cut]).seq == cut


def test_a_gap_is_refused() -> None:
    log = record([STARTED, ev.TurnSteered(text="a"), ev.TurnSteered(text="b")])
    with pytest.raises(SequenceGapError) as raised:
        fold([log[0], log[2]])
    assert (raised.value.expected, raised.value.got) == (2, 3)


def test_an_event_of_a_newer_release_is_skipped_and_remembered() -> None:
    newer = Recorded(
        turn_id=TURN, seq=2, at=NOW, event=UnknownEvent(type="turn.danced", body="{}")
    )
    state = fold([*record([STARTED]), newer])
    assert (state.seq, state.unknown_types) == (2, ("turn.danced",))


def test_a_frame_is_not_done_before_its_model_has_heard_everything() -> None:
    log = record(
        [
            STARTED,
            ev.FrameOpened(frame_id="f1", agent="coordinator", task="please"),  # pyright: ignore[reportArgumentType] - ids are strings
            ev.ModelAsked(frame_id="f1", ask=1, model="m", steers_seen=0),  # pyright: ignore[reportArgumentType] - as above
            ev.TurnSteered(text="write, not read"),
            ev.FrameClosed(frame_id="f1", outcome="done"),  # pyright: ignore[reportArgumentType] - as above
        ]
    )
    assert fold(log).frames[0].outcome is None


def at_second(seq: int) -> datetime:
    return NOW + timedelta(seconds=seq)


def test_a_turn_behind_another_waits_until_it_is_resumed() -> None:
    queued = fold(record([QUEUED, STEERED]))
    assert (queued.phase, queued.queued_behind) == (Phase.QUEUED, "Other")
    assert (queued.queue_place, queued.running_since) == (1, None)
    running = fold(record([QUEUED, STEERED, RESUMED]))
    assert running.phase is Phase.RUNNING
    assert running.running_since == at_second(3)
    assert running.started_at == at_second(1)


def test_the_release_before_queues_begins_a_queued_turn_by_working_on_it() -> None:
    state = fold(record([QUEUED, OPENED]))
    assert state.phase is Phase.RUNNING
    assert state.running_since == at_second(2)


def test_a_second_frame_gives_a_turn_no_time() -> None:
    state = fold(record([STARTED, OPENED, CHILD]))
    assert state.running_since == at_second(1)


def test_a_call_remembers_when_it_was_started_and_what_people_can_quote() -> None:
    again = BEGUN.model_copy(update={"attempt": 2})
    finished = FINISHED.model_copy(update={"reference": "REQ-7"})
    log = record([*CALLING, AUTHORIZED, BEGUN, again, finished])
    [call] = fold(log).calls
    assert (call.started_at, call.reference) == (log[-2].at, "REQ-7")


@pytest.mark.parametrize("event", [AUTHORIZED, WANTED, DENIED])
def test_nothing_but_its_result_moves_a_call_that_was_started(
    event: TurnEvent,
) -> None:
    log = [*CALLING, AUTHORIZED, BEGUN]
    state = fold(record([*log, event]))
    assert state.calls == fold(record(log)).calls
    assert state.items == fold(record(log)).items
    assert not state.approvals


@pytest.mark.parametrize(
    "ending",
    [
        ev.TurnCompleted(),
        ev.TurnFailed(code="model"),
        ev.TurnCancelled(by=PersonId("p0"), by_name="Asker"),
    ],
)
@given(log=logs, ledger=ledgers)
def test_an_ending_leaves_calls_alone_and_keeps_its_ledger(
    log: list[Recorded], ledger: Ledger | None, ending: TurnEvent
) -> None:
    before = fold(log)
    said = ending.model_copy(update={"ledger": ledger})
    after = apply(before, said, turn_id=TURN, at=NOW)
    assert after.calls == before.calls
    assert after.ending
    assert before.ending or after.ending.ledger == ledger


def test_the_phase_follows_from_the_facts() -> None:
    state = TurnState()
    assert state.phase is Phase.NEW
    state = fold(record([STARTED]))
    assert state.phase is Phase.RUNNING
    state = fold(record([STARTED, ev.TurnParked(waiting_for=())]))
    assert state.phase is Phase.PARKED
    cancelled = ev.TurnCancelled(by=PersonId("p0"), by_name="Asker")
    assert fold(record([STARTED, cancelled])).phase is Phase.CANCELLED
