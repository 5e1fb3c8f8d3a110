from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent, UnknownEvent
from bot.protocol.ids import ApprovalId, CallId, FrameId, ItemId
from bot.protocol.values import CallBlock, StopReason, TextBlock
from bot.turn.deadlines import FRAME_LIMIT, TURN_LIMIT
from bot.turn.decide import (
    Action,
    Ask,
    CloseFrame,
    Expire,
    Finish,
    GiveUp,
    HandOff,
    OpenRoot,
    Overrun,
    Park,
    Probe,
    Reconsider,
    Resume,
    Rule,
    Run,
    Salvage,
    Settle,
    TakeBack,
    decide,
    wake_at,
)
from bot.turn.reduce import advance, apply
from bot.turn.state import Phase, TurnState
from tests.support.plays import Play, plays
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
    SAID,
    STARTED,
    STEERED,
    TURN,
    WANTED,
    fold,
    logs,
    record,
    requested,
)


def replied(ask: int, text: str = "", stop: StopReason = "end_turn") -> list[TurnEvent]:
    """Return a question and a reply that makes no calls."""
    blocks = (TextBlock(text=text),) if text else ()
    return [
        ev.ModelAsked(frame_id=ROOT, ask=ask, model="m"),
        ev.ModelReplied(frame_id=ROOT, ask=ask, blocks=blocks, stop_reason=stop),
    ]


def cut_off(times: int) -> list[TurnEvent]:
    """Return replies that their length ended, one after the other."""
    asks = range(1, times + 1)
    return [e for ask in asks for e in replied(ask, "and so", "max_tokens")]


def makes_no_sense(ask: int) -> list[TurnEvent]:
    """Return a reply whose call is denied because it makes no sense."""
    call = CallId(f"c{ask}")
    wanted = requested().model_copy(update={"call_id": call, "item_id": ItemId(call)})
    block = CallBlock(call_id=call, name="grant_access", arguments={})
    return [
        ev.ModelAsked(frame_id=ROOT, ask=ask, model="m"),
        wanted,
        ev.ModelReplied(
            frame_id=ROOT, ask=ask, blocks=(block,), stop_reason="tool_use"
        ),
        ev.ToolDenied(call_id=call, reason="no such grant", malformed=True),
    ]


AT_WORK: list[TurnEvent] = [STARTED, OPENED]
SPECIALIST = FrameId(CALL)
HANDED_OVER = [
    *ASKING,
    requested("read", "software"),
    AUTHORIZED,
    REPLIED,
    BEGUN,
    CHILD,
]


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ([STARTED], [OpenRoot()]),
        ([STARTED, OPENED], [Ask(ROOT, 1)]),
        (ASKING, [Ask(ROOT, 1)]),
        ([*ASKING, SAID], [CloseFrame(ROOT)]),
        (CALLING, [Rule(CALL), Salvage(ROOT, 1)]),
        ([*CALLING, REPLIED], [Rule(CALL)]),
        ([*CALLING, AUTHORIZED, REPLIED], [Run(CALL)]),
        ([*CALLING, AUTHORIZED, BEGUN, REPLIED], [Run(CALL)]),
        ([*CALLING, AUTHORIZED, BEGUN, FINISHED, REPLIED], [Ask(ROOT, 2)]),
        ([*CALLING, WANTED, REPLIED], [Park()]),
        ([*CALLING, WANTED, REPLIED, PARKED], []),
        ([*CALLING, WANTED, REPLIED, PARKED, APPROVED], [Resume()]),
        ([*CALLING, WANTED, REPLIED, APPROVED], [Settle(CALL)]),
        (
            [*ASKING, requested("once"), AUTHORIZED, BEGUN, REPLIED],
            [Probe(CALL)],
        ),
        (
            [*ASKING, requested("read", "software"), AUTHORIZED, REPLIED],
            [HandOff(CALL)],
        ),
        (
            [
                *ASKING,
                requested("read", "software"),
                AUTHORIZED,
                REPLIED,
                BEGUN,
                CHILD,
                ev.FrameClosed(frame_id=FrameId(CALL), outcome="done"),
            ],
            [TakeBack(CALL)],
        ),
        (
            [*ASKING, SAID, ev.FrameClosed(frame_id=ROOT, outcome="done")],
            [Finish()],
        ),
        ([*ASKING, SAID, ev.TurnSteered(text="no")], [Ask(ROOT, 2)]),
    ],
    ids=lambda value: ",".join(
        getattr(x, "type", type(x).__name__) for x in value[-2:]
    ),
)
def test_what_comes_next(log: list[TurnEvent], expected: list[Action]) -> None:
    assert sorted(map(repr, decide(fold(record(log)), NOW))) == sorted(
        map(repr, expected)
    )


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (cut_off(1), Ask(ROOT, 2)),
        (cut_off(3), Ask(ROOT, 4)),
        (cut_off(4), CloseFrame(ROOT, "length")),
        ([*cut_off(3), *replied(4, "all.")], CloseFrame(ROOT)),
        (replied(1, "wait", "pause_turn"), Ask(ROOT, 2)),
        (replied(1, "no", "refusal"), CloseFrame(ROOT, "refusal")),
        (replied(1), Ask(ROOT, 2)),
        (replied(1, " \n"), Ask(ROOT, 2)),
        ([*replied(1), *replied(2)], CloseFrame(ROOT, "empty")),
        ([*replied(1), *replied(2, "Here."), *replied(3)], Ask(ROOT, 4)),
        ([*replied(1), *replied(2, "", "max_tokens")], Ask(ROOT, 3)),
        (makes_no_sense(1), Ask(ROOT, 2)),
        ([*makes_no_sense(1), *makes_no_sense(2)], CloseFrame(ROOT, "arguments")),
        ([*cut_off(4), STEERED], Ask(ROOT, 5)),
        ([*replied(1, "no", "refusal"), STEERED], Ask(ROOT, 2)),
    ],
)
def test_a_reply_that_is_no_end_is_followed_by_a_question_or_by_the_truth(
    log: list[TurnEvent], expected: Action
) -> None:
    assert decide(fold(record([*AT_WORK, *log])), NOW) == (expected,)


def test_what_was_cut_off_and_what_went_on_is_one_answer() -> None:
    log = [*AT_WORK, *replied(1, "no"), *replied(2, "This is ", "max_tokens")]
    [frame] = fold(record([*log, *replied(3, "all.")])).frames
    assert frame.answer == "This is all."


def test_a_running_tool_is_left_alone() -> None:
    state = fold(record([*CALLING, AUTHORIZED, BEGUN, REPLIED]))
    assert decide(state, NOW, {Run(CALL)}) == ()


def test_a_question_that_is_out_is_not_asked_again_while_its_calls_run() -> None:
    state = fold(record(CALLING))
    assert decide(state, NOW, {Ask(ROOT, 1)}) == (Rule(CALL),)


def test_a_parked_turn_wakes_when_its_time_has_run_out() -> None:
    state = fold(record([*CALLING, WANTED, REPLIED, PARKED]))
    assert wake_at(state) == NOW + timedelta(hours=1)
    assert decide(state, NOW + timedelta(hours=1)) == (Resume(),)
    at = NOW + timedelta(hours=1)
    resumed = apply(state, ev.TurnResumed(because="time"), turn_id=TURN, at=at)
    assert decide(resumed, at) == (Expire(ApprovalId("a1"), 0),)


@given(logs, st.data())
def test_what_runs_is_never_started_again(
    log: list[Recorded], data: st.DataObject
) -> None:
    state = fold(log)
    first = decide(state, NOW)
    running = data.draw(st.sets(st.sampled_from(first)) if first else st.just(set()))
    assert not running & set(decide(state, NOW, running))


@given(logs)
def test_what_is_done_is_never_started(log: list[Recorded]) -> None:
    state = fold(log)
    for action in decide(state, NOW):
        match action:
            case Rule(call_id) | Run(call_id) | HandOff(call_id) | Probe(call_id):
                call = state.call(call_id)
                assert call and not call.settled
            case Ask(frame_id, ask) | Salvage(frame_id, ask):
                frame = state.frame(frame_id)
                assert frame and not frame.outcome
                assert ask == len(frame.replies) + 1
            case Expire(approval_id):
                approval = state.approval(approval_id)
                assert approval and approval.status == "open"
            case _:
                pass


@given(logs)
def test_an_ended_turn_wants_nothing(log: list[Recorded]) -> None:
    state = fold(log)
    assert bool(state.ending) <= (decide(state, NOW) == ())


@given(logs)
def test_only_an_authorized_call_is_run(log: list[Recorded]) -> None:
    state = fold(log)
    for action in decide(state, NOW):
        if isinstance(action, Run | HandOff):
            call = state.call(action.call_id)
            assert call and call.status in {"authorized", "started"}


# ------------------------------------------------------------------ second thoughts


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ([*CALLING, REPLIED, STEERED], [Reconsider(CALL)]),
        ([*CALLING, AUTHORIZED, REPLIED, STEERED], [Reconsider(CALL)]),
        ([*CALLING, STEERED], [Reconsider(CALL), Salvage(ROOT, 1)]),
        ([*CALLING, AUTHORIZED, BEGUN, REPLIED, STEERED], [Run(CALL)]),
        ([*ASKING, requested("read"), REPLIED, STEERED], [Rule(CALL)]),
        ([*ASKING, requested("once", "software"), REPLIED, STEERED], [Rule(CALL)]),
        ([*CALLING, WANTED, REPLIED, STEERED], [Park()]),
        ([*CALLING, WANTED, REPLIED, STEERED, APPROVED], [Settle(CALL)]),
        ([*CALLING, WANTED, REPLIED, STEERED, APPROVED, AUTHORIZED], [Run(CALL)]),
        (
            [
                STARTED,
                OPENED,
                STEERED,
                ev.ModelAsked(frame_id=ROOT, ask=1, model="m", steers_seen=1),
                requested(),
                REPLIED,
            ],
            [Rule(CALL)],
        ),
    ],
    ids=[
        "requested",
        "authorized",
        "of a reply that was cut off",
        "started",
        "only reads",
        "hands over",
        "waits for people",
        "decided",
        "approved",
        "asked for after the message",
    ],
)
def test_what_is_not_started_is_reconsidered_when_the_requester_says_more(
    log: list[TurnEvent], expected: list[Action]
) -> None:
    found = decide(fold(record(log)), NOW)
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


@pytest.mark.parametrize("running", [Rule(CALL), Run(CALL)])
def test_a_call_that_is_being_seen_to_is_not_reconsidered(running: Action) -> None:
    log = [*CALLING, *([AUTHORIZED] if running == Run(CALL) else []), REPLIED, STEERED]
    assert decide(fold(record(log)), NOW, {running}) == ()


def test_a_call_that_is_being_reconsidered_is_not_run() -> None:
    state = fold(record([*CALLING, AUTHORIZED, REPLIED, STEERED]))
    assert decide(state, NOW, {Reconsider(CALL)}) == ()
    asked = ev.ModelAsked(frame_id=ROOT, ask=2, model="m", steers_seen=1)
    heard = apply(state, asked, turn_id=TURN, at=NOW)
    assert decide(heard, NOW, {Reconsider(CALL)}) == (Ask(ROOT, 2),)


@given(plays())
def test_nothing_that_was_not_approved_starts_behind_the_requesters_back(
    play: Play,
) -> None:
    for before, recorded in zip(play.steps, play.log, strict=False):
        match recorded.event:
            case ev.ToolStarted(call_id=call_id):
                call = before.call(call_id)
                frame = call and before.frame(call.frame_id)
                assert call and frame
                heard = frame.asked_steers == len(before.steers)
                spared = call.effect == "read" or before.approval_of(call_id)
                assert heard or spared or call.attempt
            case _:
                pass


# -------------------------------------------------------------- deadlines, endings


def later(log: list[TurnEvent], **passed: float) -> tuple[Action, ...]:
    """Return what is decided some time after the last event."""
    state = fold(record(log))
    return decide(state, NOW + timedelta(seconds=len(log), **passed))


def test_a_turn_past_its_deadline_gives_up_whatever_runs() -> None:
    state = fold(record([*CALLING, AUTHORIZED, REPLIED]))
    late = NOW + timedelta(seconds=1) + TURN_LIMIT
    assert decide(state, late - timedelta(seconds=1)) == (Run(CALL),)
    assert decide(state, late) == (GiveUp("deadline"),)
    assert decide(state, late, {Run(CALL)}) == (GiveUp("deadline"),)


def test_a_turn_that_gives_up_starts_nothing_more() -> None:
    state = fold(record([*CALLING, AUTHORIZED, REPLIED]))
    late = NOW + timedelta(hours=1)
    assert decide(state, late, {GiveUp("deadline"), Ask(ROOT, 1)}) == ()


def test_a_turn_whose_frames_are_all_closed_finishes_however_late() -> None:
    closed = ev.FrameClosed(frame_id=ROOT, outcome="done")
    log = [*ASKING, SAID, closed]
    assert later(log, hours=1) == (Finish(),)
    assert decide(fold(record(log)), NOW + timedelta(hours=1), {Finish()}) == ()


def test_a_turn_that_only_people_can_move_parks_however_late() -> None:
    state = fold(record([*CALLING, WANTED, REPLIED]))
    late = NOW + timedelta(minutes=50)
    assert decide(state, late) == (Park(),)
    assert decide(state, late, {Park()}) == ()
    assert decide(state, late, {Ask(ROOT, 2)}) == (GiveUp("deadline"),)


def test_a_turn_that_is_resumed_has_its_time_before_it_again() -> None:
    log = record([*CALLING, WANTED, REPLIED, PARKED, APPROVED])
    state = fold(log)
    at = NOW + timedelta(days=2)
    assert decide(state, at) == (Resume(),)
    resumed = apply(state, RESUMED, turn_id=TURN, at=at)
    assert decide(resumed, at + TURN_LIMIT / 2) == (Settle(CALL),)
    assert decide(resumed, at + TURN_LIMIT) == (GiveUp("deadline"),)


def test_a_specialist_past_its_deadline_is_stopped_and_its_turn_goes_on() -> None:
    log = record(HANDED_OVER)
    state = fold(log)
    at = log[-1].at + FRAME_LIMIT
    assert decide(state, at - timedelta(seconds=1)) == (Ask(SPECIALIST, 1),)
    assert decide(state, at) == (Overrun(SPECIALIST),)
    assert decide(state, at, {Ask(SPECIALIST, 1)}) == (Overrun(SPECIALIST),)
    assert decide(state, at, {Overrun(SPECIALIST)}) == ()
    closed = ev.FrameClosed(frame_id=SPECIALIST, outcome="failed")
    assert decide(apply(state, closed, turn_id=TURN, at=at), at) == (TakeBack(CALL),)


def test_what_a_closed_specialist_left_behind_is_not_run() -> None:
    call = requested().model_copy(update={"call_id": "c2", "frame_id": SPECIALIST})
    log = [
        *HANDED_OVER,
        call,
        ev.ToolAuthorized(call_id=call.call_id),
        ev.FrameClosed(frame_id=SPECIALIST, outcome="failed"),
    ]
    assert decide(fold(record(log)), NOW) == (TakeBack(CALL),)


def test_who_works_for_a_frame_that_overran_is_closed_before_it() -> None:
    inner = FrameId("inner")
    log = record(
        [
            *HANDED_OVER,
            CHILD.model_copy(
                update={"frame_id": inner, "parent_id": SPECIALIST, "call_id": "c2"}
            ),
        ]
    )
    state = fold(log)
    at = log[-2].at + FRAME_LIMIT
    assert decide(state, at) == (Overrun(inner),)
    closed = ev.FrameClosed(frame_id=inner, outcome="failed")
    after = apply(state, closed, turn_id=TURN, at=at)
    assert decide(after, at) == (Overrun(SPECIALIST),)


def test_a_queued_turn_waits_for_its_conversation() -> None:
    state = fold(record([QUEUED, STEERED]))
    assert decide(state, NOW + timedelta(days=1)) == ()
    assert wake_at(state) is None
    at = NOW + timedelta(days=1)
    resumed = apply(state, RESUMED, turn_id=TURN, at=at)
    assert decide(resumed, at) == (OpenRoot(),)
    assert wake_at(resumed) == at + TURN_LIMIT


def test_a_turn_with_an_event_of_a_newer_release_is_left_to_a_newer_worker() -> None:
    log = record(CALLING)
    newer = log[-1].model_copy(
        update={
            "seq": len(log) + 1,
            "event": UnknownEvent(type="turn.danced", body="{}"),
        }
    )
    state = advance(fold(log), newer)
    assert decide(state, NOW) == ()
    assert decide(state, NOW + timedelta(days=1)) == ()


# ---------------------------------------------------------------------- the alarm


def test_a_running_turn_is_looked_at_when_the_first_of_its_deadlines_comes() -> None:
    log = record(HANDED_OVER)
    assert wake_at(fold(log[:3])) == log[0].at + TURN_LIMIT
    assert wake_at(fold(log)) == log[-1].at + FRAME_LIMIT


def test_an_ended_turn_is_never_looked_at() -> None:
    assert wake_at(fold(record([*HANDED_OVER, ev.TurnCompleted()]))) is None
    assert wake_at(TurnState()) is None


minutes = st.integers(0, 300).map(lambda n: timedelta(minutes=n))


@given(plays(), minutes)
def test_time_alone_enables_nothing_before_the_alarm(
    play: Play, passed: timedelta
) -> None:
    enabled = play.enabled()
    then = play.now + passed
    if set(decide(play.state, then, enabled)) - set(enabled):
        alarm = wake_at(play.state)
        assert alarm and alarm <= then


@given(plays(), minutes)
def test_the_alarm_never_rings_for_nothing(play: Play, passed: timedelta) -> None:
    alarm = wake_at(play.state)
    if alarm and alarm <= play.now + passed:
        assert decide(play.state, play.now + passed)


@given(plays())
def test_every_turn_comes_to_its_end(play: Play) -> None:
    """Provided that people decide, and that time goes on."""
    for _ in range(400):
        if play.state.ending:
            break
        if play.state.phase is Phase.QUEUED:
            play.say(RESUMED)
        if enabled := play.enabled():
            play.act(enabled[0])
        elif play.state.open_approvals:
            play.decides("approved")
    assert play.state.ending


@given(plays())
def test_only_who_can_be_given_something_to_do_is_late(play: Play) -> None:
    """Running time is limited, and people's is not."""
    for before, recorded in zip(play.steps, play.log, strict=False):
        if isinstance(recorded.event, ev.TurnFailed):
            assert before.phase is Phase.RUNNING
            assert before.running_since
            assert recorded.at - before.running_since >= TURN_LIMIT
