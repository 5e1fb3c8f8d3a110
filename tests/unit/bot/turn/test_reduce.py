from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SequenceGapError
from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent, UnknownEvent
from bot.protocol.ids import PersonId
from bot.turn.reduce import advance, apply
from bot.turn.snapshot import checksum_of, freeze, thaw
from bot.turn.state import Phase, TurnState
from tests.support.turns import NOW, STARTED, TURN, endings, events, fold, logs, record


@given(logs)
def test_an_applied_event_changes_nothing(log: list[Recorded]) -> None:
    state = fold(log)
    assert all(advance(state, old) == state for old in log)


@given(logs, st.data())
def test_a_snapshot_is_as_good_as_the_log_before_it(
    log: list[Recorded], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(log)))
    body, checksum = freeze(fold(log[:cut]))
    assert checksum_of(body) == checksum
    assert reduce(advance, log[cut:], thaw(body)) == fold(log)


@given(logs, endings, events)
def test_a_finished_turn_never_changes(
    log: list[Recorded], ending: TurnEvent, later: TurnEvent
) -> None:
    finished = apply(fold(log), ending, turn_id=TURN, at=NOW)
    assert finished.ending
    assert apply(finished, later, turn_id=TURN, at=NOW) == finished


@given(logs, endings)
def test_nothing_stays_open_when_a_turn_ends(
    log: list[Recorded], ending: TurnEvent
) -> None:
    finished = apply(fold(log), ending, turn_id=TURN, at=NOW)
    assert all(frame.outcome for frame in finished.frames)
    assert all(item.status != "open" for item in finished.items)
    assert not finished.open_approvals
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


def test_the_phase_follows_from_the_facts() -> None:
    state = TurnState()
    assert state.phase is Phase.NEW
    state = fold(record([STARTED]))
    assert state.phase is Phase.RUNNING
    state = fold(record([STARTED, ev.TurnParked(waiting_for=())]))
    assert state.phase is Phase.PARKED
    cancelled = ev.TurnCancelled(by=PersonId("p0"), by_name="Asker")
    assert fold(record([STARTED, cancelled])).phase is Phase.CANCELLED
