from collections import defaultdict
from typing import get_args

import pytest
from hypothesis import assume, given

from bot.protocol import events as ev
from bot.protocol.codec import decode
from bot.protocol.events import Recorded, TurnEvent, UnknownEvent
from bot.protocol.ids import FrameId
from bot.turn.decide import Expire, GiveUp, Overrun
from bot.turn.lifecycle import (
    BELIEVED,
    CALL_TRANSITIONS,
    TRANSITIONS,
    hears,
    is_blocked,
    team_of,
)
from bot.turn.reduce import apply
from bot.turn.state import CallStatus, Phase, TurnState
from tests.support.plays import Play, plays
from tests.support.record_events import GOLDEN
from tests.support.turns import (
    APPROVED,
    ASKING,
    AUTHORIZED,
    BEGUN,
    CALL,
    CALLING,
    CHILD,
    FINISHED,
    NOW,
    OPENED,
    PARKED,
    QUEUED,
    REPLIED,
    RESUMED,
    ROOT,
    STARTED,
    STEERED,
    TURN,
    WANTED,
    fold,
    logs,
    record,
    requested,
)

CANCELLED = ev.TurnCancelled.model_validate({"by": "p0", "by_name": "Asker"})
IN_PHASE: dict[Phase, list[TurnEvent]] = {
    Phase.NEW: [],
    Phase.QUEUED: [QUEUED],
    Phase.RUNNING: [STARTED],
    Phase.PARKED: [*CALLING, WANTED, REPLIED, PARKED],
    Phase.COMPLETED: [STARTED, ev.TurnCompleted()],
    Phase.FAILED: [STARTED, ev.TurnFailed(code="model")],
    Phase.CANCELLED: [STARTED, CANCELLED],
}
IN_STATUS: dict[str, list[TurnEvent]] = {
    "requested": CALLING,
    "waiting": [*CALLING, WANTED],
    "authorized": [*CALLING, AUTHORIZED],
    "started": [*CALLING, AUTHORIZED, BEGUN],
    "finished": [*CALLING, AUTHORIZED, BEGUN, FINISHED],
    "denied": [*CALLING, ev.ToolDenied(call_id=CALL, reason="no")],
}


def recorded_events() -> list[TurnEvent]:
    """Return every shape of every event that was ever recorded."""
    found = [decode(path.read_text("utf-8")) for path in GOLDEN.glob("*.json")]
    return [event for event in found if not isinstance(event, UnknownEvent)]


def then(state: TurnState, event: TurnEvent) -> TurnState:
    return apply(state, event, turn_id=TURN, at=NOW)


def status_of(state: TurnState) -> str:
    [call] = state.calls
    return call.status


# ------------------------------------------------------------------------- phases


def test_the_table_has_every_change_of_phase_and_no_other() -> None:
    found: defaultdict[tuple[Phase, str], set[Phase]] = defaultdict(set)
    for phase, log in IN_PHASE.items():
        state = fold(record(log))
        assert state.phase is phase
        for event in recorded_events():
            if (after := then(state, event).phase) is not phase:
                found[phase, event.type].add(after)
    assert found == {key: set(phases) for key, phases in TRANSITIONS.items()}


@given(logs)
def test_the_phase_changes_as_the_table_says(log: list[Recorded]) -> None:
    for n, recorded in enumerate(log):
        before, after = fold(log[:n]).phase, fold(log[: n + 1]).phase
        event = recorded.event
        assert after is before or after in TRANSITIONS[before, event.type]


# -------------------------------------------------------------------------- calls


def test_the_table_has_every_change_of_a_call_and_no_other() -> None:
    assert set(IN_STATUS) == set(get_args(CallStatus))
    found: dict[tuple[str, str], str] = {}
    for status, log in IN_STATUS.items():
        state = fold(record(log))
        assert status_of(state) == status
        for event in recorded_events():
            ours = event.model_copy(update=_about_this_call(event))
            if (after := status_of(then(state, ours))) != status:
                assert found.setdefault((status, event.type), after) == after
    assert found == {**CALL_TRANSITIONS, **BELIEVED}
    assert not CALL_TRANSITIONS.keys() & BELIEVED.keys()


def _about_this_call(event: TurnEvent) -> dict[str, str]:
    return {"call_id": CALL} if "call_id" in type(event).model_fields else {}


@given(plays())
def test_what_the_engine_can_write_of_a_call_is_in_the_table(play: Play) -> None:
    for n, recorded in enumerate(play.log):
        for call in play.steps[n].calls:
            after = play.steps[n + 1].call(call.call_id)
            assert after
            if after.status != call.status:
                change = (call.status, recorded.event.type)
                assert CALL_TRANSITIONS.get(change) == after.status


# ------------------------------------------------------------------- who hears


def test_a_team_is_a_frame_and_all_who_work_for_it() -> None:
    inner, other = FrameId("inner"), FrameId("other")
    below = CHILD.model_copy(update={"frame_id": inner, "parent_id": CHILD.frame_id})
    beside = CHILD.model_copy(update={"frame_id": other})
    state = fold(record([STARTED, OPENED, CHILD, below, beside]))
    teams = {
        frame.frame_id: {f.frame_id for f in team_of(state, frame)}
        for frame in state.frames
    }
    assert teams == {
        ROOT: {ROOT, CHILD.frame_id, inner, other},
        CHILD.frame_id: {CHILD.frame_id, inner},
        inner: {inner},
        other: {other},
    }


@given(logs)
def test_a_team_ends_whoever_opened_whom(log: list[Recorded]) -> None:
    state = fold(log)
    for frame in state.frames:
        team = [member.frame_id for member in team_of(state, frame)]
        assert team[0] == frame.frame_id
        assert len(team) == len(set(team))


OTHER = FrameId("other")
SPLIT = [*ASKING, requested("read", "software"), AUTHORIZED, REPLIED, BEGUN, CHILD]
IN_CHILD = [
    *SPLIT,
    requested().model_copy(update={"call_id": "c2", "frame_id": CHILD.frame_id}),
    WANTED.model_copy(update={"call_id": "c2"}),
]
BESIDE = CHILD.model_copy(update={"frame_id": OTHER, "call_id": "c3"})
CLOSED_ROOT = ev.FrameClosed(frame_id=ROOT, outcome="failed")


@pytest.mark.parametrize(
    ("log", "heard"),
    [
        ([], False),
        ([STARTED], True),
        ([QUEUED], True),
        (ASKING, True),
        ([*CALLING, REPLIED], True),
        ([*CALLING, WANTED], False),
        ([*CALLING, WANTED, REPLIED], False),
        ([*CALLING, WANTED, REPLIED, PARKED], False),
        ([*CALLING, WANTED, REPLIED, PARKED, APPROVED], False),
        ([*CALLING, WANTED, REPLIED, PARKED, APPROVED, RESUMED], True),
        ([*CALLING, WANTED, REPLIED, APPROVED], True),
        (IN_CHILD, False),
        ([*IN_CHILD, BESIDE], True),
        ([*IN_CHILD, ev.FrameClosed(frame_id=CHILD.frame_id, outcome="failed")], True),
        (
            [*IN_CHILD, BESIDE, ev.FrameClosed(frame_id=OTHER, outcome="done")],
            False,
        ),
        ([*SPLIT, CLOSED_ROOT], False),
        ([*ASKING, CLOSED_ROOT], False),
        ([STARTED, ev.TurnCompleted()], False),
    ],
    ids=[
        "not begun",
        "begun",
        "queued",
        "asked",
        "calls a tool",
        "waits for people while the model writes",
        "waits for people",
        "parked",
        "decided but not resumed",
        "resumed",
        "decided before it parked",
        "the specialist waits for people",
        "another specialist works",
        "the specialist that waited is closed",
        "the specialist that worked is closed",
        "only a specialist is left",
        "closed",
        "ended",
    ],
)
def test_who_hears_a_message(log: list[TurnEvent], *, heard: bool) -> None:
    assert hears(fold(record(log))) is heard


def test_a_frame_is_blocked_by_what_waits_below_it() -> None:
    state = fold(record([*IN_CHILD, BESIDE]))
    blocked = {f.frame_id for f in state.frames if is_blocked(state, f)}
    assert blocked == {ROOT, CHILD.frame_id}


OF_THE_CLOCK = GiveUp | Overrun | Expire


@given(plays())
def test_a_message_is_heard_before_people_decide_exactly_if_it_is_said_to_be(
    play: Play,
) -> None:
    """Play on: nobody decides, no time passes, policy asks nobody.

    But for one who is about to be opened: whoever is handed over to hears as well.
    """
    assume(not any(isinstance(a, OF_THE_CLOCK) for a in play.enabled()))
    before = len(play.state.steers)
    about_to_open = any(
        c.handoff_to and not (c.settled or play.state.frame_of_call(c.call_id))
        for c in play.state.calls
    )
    promised = hears(play.state)
    if play.state.phase is Phase.QUEUED:
        play.say(RESUMED)
    play.say(STEERED)
    play.draw = lambda options: options[0]
    while not play.state.parked and (enabled := play.enabled()):
        play.act(enabled[0])
    heard = any(f.asked_steers > before for f in play.state.frames)
    assert promised is heard or (heard and about_to_open)
