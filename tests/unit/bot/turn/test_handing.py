"""Hand-offs end, whatever agents ask for."""

from dataclasses import replace
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.company.limits import HandOffs
from bot.protocol import events as ev
from bot.protocol.events import TurnEvent
from bot.protocol.ids import CallId, FrameId, ItemId
from bot.protocol.values import CallBlock
from bot.turn.handing import (
    Bound,
    bound_in,
    bound_of,
    policy_of,
    with_why,
    without_why,
)
from bot.turn.reduce import apply
from bot.turn.state import Call, TurnState
from tests.support.turns import ASKED, NOW, OPENED, ROOT, STARTED, TURN

AGENTS = ("hardware", "security", "software")
LIMITS = HandOffs(depth=3, frames=12)


def then(state: TurnState, *events: TurnEvent) -> TurnState:
    return reduce(lambda s, e: apply(s, e, turn_id=TURN, at=NOW), events, state)


BEGUN = then(TurnState(), STARTED, OPENED)


def wants(
    state: TurnState, frame_id: FrameId, to: str, task: str
) -> tuple[TurnState, Call]:
    """Let a frame's model ask for a hand-off."""
    call_id = CallId(f"{frame_id}-{len(state.calls) + 1}")
    after = then(
        state,
        ev.ToolRequested(
            call_id=call_id,
            frame_id=frame_id,
            item_id=ItemId(call_id),
            name=f"ask_{to}",
            arguments={"task": task},
            why="they know",
            effect="read",
            title=f"{to}: {task}",
            handoff_to=to,
        ),
    )
    call = after.call(call_id)
    assert call
    return after, call


def ruled(state: TurnState, call: Call, limits: HandOffs = LIMITS) -> TurnState:
    """Rule on a hand-off as the engine does, and open its frame."""
    if bound := bound_of(state, call, limits):
        return then(
            state,
            ev.ToolDenied(call_id=call.call_id, policy=policy_of(bound), reason="no"),
        )
    return then(
        state,
        ev.ToolAuthorized(call_id=call.call_id),
        ev.ToolStarted(call_id=call.call_id, key="k"),
        ev.FrameOpened(
            frame_id=FrameId(call.call_id),
            parent_id=call.frame_id,
            call_id=call.call_id,
            agent=call.handoff_to,
            task=str(call.arguments["task"]),
        ),
    )


def handed(state: TurnState, frame_id: FrameId, to: str, task: str) -> TurnState:
    return ruled(*wants(state, frame_id, to, task))


def refused(state: TurnState) -> Bound | None:
    return bound_in(state.calls[-1])


def newest(state: TurnState) -> FrameId:
    return state.frames[-1].frame_id


def test_a_specialist_is_not_given_the_same_task_twice():
    state = handed(BEGUN, ROOT, "software", "Give Figma to me.")
    assert refused(state) is None
    assert refused(handed(state, ROOT, "software", "  give figma  to me")) == "twice"
    assert refused(handed(state, ROOT, "security", "Give Figma to me.")) is None
    assert refused(handed(state, ROOT, "software", "Give Miro to me.")) is None


def test_the_same_task_is_another_one_once_the_requester_has_said_more():
    state = handed(then(BEGUN, ASKED), ROOT, "software", "Figma")
    call = CallBlock(call_id=state.calls[-1].call_id, name="ask", arguments={})
    replied = ev.ModelReplied(
        frame_id=ROOT, ask=1, blocks=(call,), stop_reason="tool_use"
    )
    asked = ev.ModelAsked(frame_id=ROOT, ask=2, model="m", steers_seen=1)
    more = then(state, replied, ev.TurnSteered(text="try again"), asked)
    again = handed(more, ROOT, "software", "Figma")
    assert refused(again) is None
    assert refused(handed(again, ROOT, "software", "Figma")) == "twice"


def test_nobody_hands_back_to_who_waits_for_the_answer():
    state = handed(BEGUN, ROOT, "software", "Figma")
    state = handed(state, newest(state), "security", "may they?")
    for back in ("software", "coordinator", "security"):
        assert refused(handed(state, newest(state), back, "you do it")) == "circle"


def test_a_request_is_handed_on_as_often_as_it_may_and_no_more():
    state = BEGUN
    for agent in ("a", "b", "c"):
        state = handed(state, newest(state), agent, f"for {agent}")
        assert refused(state) is None
    assert refused(handed(state, newest(state), "d", "for d")) == "depth"
    assert refused(handed(state, ROOT, "d", "for d")) is None


def test_so_many_agents_work_on_a_turn_and_no_more():
    state = BEGUN
    for number in range(LIMITS.frames - 1):
        state = handed(state, ROOT, "software", f"thing {number}")
    assert len(state.frames) == LIMITS.frames
    assert refused(handed(state, ROOT, "hardware", "a screen")) == "frames"


def test_two_that_are_asked_for_at_once_are_not_both_the_last_one():
    two = HandOffs(frames=2)
    state, first = wants(BEGUN, ROOT, "software", "Figma")
    state, second = wants(state, ROOT, "hardware", "a screen")
    assert bound_of(state, first, two) is None
    assert bound_of(state, second, two) == "frames"


def test_a_call_that_was_denied_for_another_reason_went_too_far_nowhere():
    state, call = wants(BEGUN, ROOT, "software", "Figma")
    denied = then(state, ev.ToolDenied(call_id=call.call_id, reason="no", policy="x"))
    assert refused(denied) is None
    assert refused(handed(denied, ROOT, "software", "Figma")) is None


wishes = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from((*AGENTS, "coordinator")),
        st.sampled_from(["one", "two", "three"]),
        st.booleans(),
    ),
    max_size=40,
)


@given(wishes, st.integers(1, 4), st.integers(1, 8))
def test_hand_offs_stay_within_all_limits_whoever_asks_for_what(
    asked: list[tuple[int, str, str, bool]], depth: int, most: int
):
    limits = HandOffs(depth=depth, frames=most)
    state, waiting = BEGUN, list[Call]()
    for place, to, task, at_once in asked:
        frame = state.frames[place % len(state.frames)]
        state, call = wants(state, frame.frame_id, to, task)
        waiting.append(call)
        if not at_once:  # else it is ruled on beside the next ones, in any order
            for late in reversed(waiting):
                state = ruled(state, late, limits)
            waiting.clear()
    assert len(state.frames) <= most
    given_out = [(f.agent, f.task) for f in state.frames if f.parent_id]
    assert len(given_out) == len(set(given_out))
    for frame in state.frames:
        above = [frame.agent]
        parent = frame
        while parent.parent_id:
            parent = next(f for f in state.frames if f.frame_id == parent.parent_id)
            above.append(parent.agent)
        assert len(above) - 1 <= depth
        assert len(above) == len(set(above))


def test_the_reason_is_no_argument_that_is_ruled_on() -> None:
    """The release before had none, and refuses arguments that it does not know."""
    said: dict[str, JsonValue] = {"task": "a seat", "why": "they give seats"}
    assert without_why(said) == ({"task": "a seat"}, "they give seats")
    assert without_why({"task": "a seat"}) == ({"task": "a seat"}, "")


def test_a_reason_that_is_no_text_is_ruled_on_and_so_refused() -> None:
    assert without_why({"why": 7}) == ({"why": 7}, "")


def test_a_model_is_told_its_call_as_it_made_it() -> None:
    _, call = wants(BEGUN, ROOT, "software", "a seat")
    assert with_why(call) == {"task": "a seat", "why": "they know"}
    assert with_why(replace(call, why="")) == {"task": "a seat"}
