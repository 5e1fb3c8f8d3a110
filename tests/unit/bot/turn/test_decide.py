from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent
from bot.protocol.ids import ApprovalId, CallId, FrameId, ItemId, PersonId
from bot.protocol.values import (
    Approver,
    CallBlock,
    Effect,
    Stage,
    TextBlock,
)
from bot.turn.decide import (
    Action,
    Ask,
    CloseFrame,
    Expire,
    Finish,
    HandOff,
    OpenRoot,
    Park,
    Probe,
    Resume,
    Rule,
    Run,
    Salvage,
    Settle,
    TakeBack,
    decide,
    wake_at,
)
from bot.turn.reduce import apply
from tests.support.turns import NOW, STARTED, TURN, fold, logs, record

ROOT = FrameId("f1")
CALL = CallId("f1-1-1")
OPENED = ev.FrameOpened(frame_id=ROOT, agent="coordinator", task="please")
ASKED = ev.ModelAsked(frame_id=ROOT, ask=1, model="m")


def requested(effect: Effect = "idempotent", handoff: str = "") -> ev.ToolRequested:
    return ev.ToolRequested(
        call_id=CALL,
        frame_id=ROOT,
        item_id=ItemId(CALL),
        name="grant_access",
        arguments={},
        effect=effect,
        title="Granting",
        handoff_to=handoff,
    )


REPLIED = ev.ModelReplied(
    frame_id=ROOT,
    ask=1,
    blocks=(CallBlock(call_id=CALL, name="grant_access", arguments={}),),
    stop_reason="tool_use",
)
SAID = ev.ModelReplied(
    frame_id=ROOT, ask=1, blocks=(TextBlock(text="Hi"),), stop_reason="end_turn"
)
AUTHORIZED = ev.ToolAuthorized(call_id=CALL)
BEGUN = ev.ToolStarted(call_id=CALL, key="k")
FINISHED = ev.ToolFinished(call_id=CALL, outcome="done")
WANTED = ev.ApprovalRequested(
    approval_id=ApprovalId("a1"),
    call_id=CALL,
    subject="Editor",
    facts=(),
    args_hash="h",
    policy="p",
    requester_id=PersonId("p0"),
    stages=(
        Stage(
            label="manager",
            approvers=(Approver(person_id=PersonId("p1"), name="P1"),),
            within=3600,
        ),
    ),
    expires_at=NOW + timedelta(hours=1),
)
APPROVED = ev.ApprovalDecided(
    approval_id=ApprovalId("a1"),
    stage=0,
    verdict="approved",
    by=PersonId("p1"),
    by_name="P1",
)
PARKED = ev.TurnParked(waiting_for=(ApprovalId("a1"),))
CHILD = ev.FrameOpened(
    frame_id=FrameId(CALL), parent_id=ROOT, call_id=CALL, agent="software", task="t"
)
ASKING = [STARTED, OPENED, ASKED]
CALLING = [*ASKING, requested()]


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
