from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given

from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent
from bot.protocol.ids import FrameId
from bot.turn.deadlines import (
    FRAME_LIMIT,
    TURN_LIMIT,
    frame_deadline,
    overrun_frames,
    turn_deadline,
)
from bot.turn.reduce import apply
from bot.turn.state import Phase, TurnState
from tests.support.plays import Play, plays
from tests.support.turns import (
    APPROVED,
    ASKING,
    AUTHORIZED,
    BEGUN,
    CALL,
    CHILD,
    NOW,
    PARKED,
    QUEUED,
    REPLIED,
    RESUMED,
    ROOT,
    STARTED,
    TURN,
    WANTED,
    fold,
    logs,
    record,
    requested,
)

SPECIALIST = FrameId(CALL)
WAITS = [
    *ASKING,
    requested("read", "software"),
    AUTHORIZED,
    REPLIED,
    BEGUN,
    CHILD,
    requested().model_copy(update={"call_id": "c2", "frame_id": SPECIALIST}),
    WANTED.model_copy(update={"call_id": "c2"}),
]


def deadline_of(state: TurnState, frame_id: FrameId) -> datetime | None:
    frame = state.frame(frame_id)
    assert frame
    return frame_deadline(state, frame)


def at(log: Sequence[TurnEvent]) -> datetime:
    """Return when the last event of a log came."""
    return NOW + timedelta(seconds=len(log))


def then(state: TurnState, event: TurnEvent, when: datetime) -> TurnState:
    return apply(state, event, turn_id=TURN, at=when)


def test_a_turns_time_is_counted_from_its_start() -> None:
    assert turn_deadline(fold(record([*ASKING]))) == at([STARTED]) + TURN_LIMIT


def test_a_turn_that_does_not_run_has_no_deadline() -> None:
    for log in ([], [QUEUED], [STARTED, PARKED], [STARTED, ev.TurnCompleted()]):
        state = fold(record(log))
        assert state.phase is not Phase.RUNNING
        assert turn_deadline(state) is None


def test_a_turn_that_goes_on_has_its_whole_time_again() -> None:
    monday = NOW + timedelta(days=3)
    for log in ([STARTED, PARKED], [QUEUED]):
        state = then(fold(record(log)), RESUMED, monday)
        assert turn_deadline(state) == monday + TURN_LIMIT


def test_a_turn_that_runs_cannot_be_given_more_time() -> None:
    state = fold(record(ASKING))
    resumed = then(state, RESUMED, NOW + timedelta(minutes=19))
    assert turn_deadline(resumed) == turn_deadline(state)


def test_a_specialists_time_is_counted_from_its_opening() -> None:
    state = fold(record(WAITS[:-1]))
    assert deadline_of(state, SPECIALIST) == at(WAITS[:-2]) + FRAME_LIMIT
    assert deadline_of(state, ROOT) == turn_deadline(state)


def test_a_closed_frame_has_no_deadline() -> None:
    closed = ev.FrameClosed(frame_id=SPECIALIST, outcome="done")
    assert deadline_of(fold(record([*WAITS[:-2], closed])), SPECIALIST) is None


def test_a_specialist_that_waits_for_people_has_no_deadline() -> None:
    state = fold(record(WAITS))
    assert deadline_of(state, SPECIALIST) is None
    assert deadline_of(state, ROOT) == turn_deadline(state)


def test_whoever_handed_over_to_one_who_waits_has_no_deadline_either() -> None:
    outer = FrameId("outer")
    log = record(WAITS)
    opened = log[-3].event
    assert isinstance(opened, ev.FrameOpened)
    between = [
        opened.model_copy(update={"frame_id": outer, "call_id": "c0"}),
        opened.model_copy(update={"parent_id": outer}),
    ]
    state = fold(record([*WAITS[:-3], *between, *WAITS[-2:]]))
    assert deadline_of(state, outer) is None


def test_the_time_that_people_took_is_not_the_specialists() -> None:
    late = NOW + timedelta(minutes=15)
    approved = then(fold(record(WAITS)), APPROVED, late)
    assert deadline_of(approved, SPECIALIST) == late + FRAME_LIMIT


def test_a_decision_for_somebody_else_gives_a_specialist_no_time() -> None:
    beside = FrameId("beside")
    opened = CHILD.model_copy(update={"frame_id": beside, "call_id": "c9"})
    state = fold(record([*WAITS, opened]))
    approved = then(state, APPROVED, NOW + timedelta(minutes=5))
    assert deadline_of(approved, beside) == deadline_of(state, beside)
    assert deadline_of(state, beside) == at([*WAITS, opened]) + FRAME_LIMIT


def test_a_specialist_of_a_turn_that_goes_on_has_its_time_again() -> None:
    parked = fold(record([*WAITS, PARKED]))
    assert deadline_of(parked, SPECIALIST) is None
    friday, monday = NOW, NOW + timedelta(days=3)  # nobody was running meanwhile
    went_on = then(then(parked, APPROVED, friday), RESUMED, monday)
    assert deadline_of(went_on, SPECIALIST) == monday + FRAME_LIMIT


def test_the_root_is_never_overrun() -> None:
    state = fold(record(WAITS))
    assert overrun_frames(state, NOW + timedelta(days=1)) == (frozenset(), ())


def test_a_turn_of_the_release_before_runs_since_its_newest_decision() -> None:
    """Its snapshots do not say since when it runs."""
    old = replace(fold(record(ASKING)), running_since=None)
    assert turn_deadline(old) == at([STARTED]) + TURN_LIMIT
    late = NOW + timedelta(days=2)
    decided = then(replace(fold(record(WAITS)), running_since=None), APPROVED, late)
    assert turn_deadline(decided) == late + TURN_LIMIT


@given(logs)
def test_every_frame_that_must_stop_is_open_and_somebody_is_first(
    log: list[Recorded],
) -> None:
    state = fold(log)
    late, first = overrun_frames(state, NOW + timedelta(days=1))
    assert set(first) <= late
    for frame in state.frames:
        assert frame.frame_id not in late or frame.outcome is None


@given(plays())
def test_whoever_must_stop_has_someone_to_be_closed_first(play: Play) -> None:
    late, first = overrun_frames(play.state, play.now + timedelta(minutes=15))
    assert bool(late) == bool(first)
    for frame in play.state.frames:
        if frame.parent_id in first:
            assert frame.outcome


@given(plays())
def test_only_a_turn_that_runs_has_deadlines(play: Play) -> None:
    for state in play.steps:
        runs = state.phase is Phase.RUNNING
        assert bool(turn_deadline(state)) is runs
        for frame in state.frames:
            assert runs or frame_deadline(state, frame) is None
