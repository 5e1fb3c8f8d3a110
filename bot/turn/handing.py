"""How far hand-offs may go in one turn, so that no two agents keep each other busy. Pure.

Whether a hand-off may happen follows from the calls that were asked for before it, in
the order of the log: two that are asked for at the same moment cannot both be the last
one. Calls that were denied count for nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias, get_args

from pydantic import JsonValue

from bot.company.limits import HandOffs
from bot.turn.state import Call, Frame, TurnState

Bound: TypeAlias = Literal["circle", "twice", "depth", "frames"]
"""``circle``: whom it would go to waits for this very answer.
``twice``: the same agent was given the same task before.
``depth``: it was handed on too often. ``frames``: too many agents were at work."""
_POLICY = "hand-offs: "
_WHY = "why"


def bound_of(state: TurnState, call: Call, limits: HandOffs) -> Bound | None:
    """Return what forbids a hand-off that was asked for; ``None``: nothing does."""
    chain = tuple(_chain(state, call))
    before = _handed_before(state, call)
    if call.handoff_to in {frame.agent for frame in chain}:
        return "circle"
    if any(_is_same(state, call, other) for other in before):
        return "twice"
    if len(chain) > limits.depth:
        return "depth"
    # The coordinator's frame is the first one.
    return "frames" if len(before) + 1 >= limits.frames else None


def without_why(
    arguments: dict[str, JsonValue],
) -> tuple[dict[str, JsonValue], str]:
    """Return what a hand-off's call is ruled on, and why it is handed over.

    The reason is for people; a release before it was there refuses to rule on it. What
    is no text stays an argument, so that this one refuses it.
    """
    why = arguments.get(_WHY, "")
    if not isinstance(why, str):
        return arguments, ""
    return {name: said for name, said in arguments.items() if name != _WHY}, why


def with_why(call: Call) -> dict[str, JsonValue]:
    """Return a call's arguments as its model said them."""
    return {**call.arguments, _WHY: call.why} if call.why else call.arguments


def policy_of(bound: Bound) -> str:
    """Return what the log names as the policy that denied a hand-off."""
    return f"{_POLICY}{bound}"


def bound_in(call: Call) -> Bound | None:
    """Return what forbade a hand-off that was denied; ``None``: something else."""
    if call.status != "denied" or not call.policy.startswith(_POLICY):
        return None
    name = call.policy.removeprefix(_POLICY)
    return next((bound for bound in get_args(Bound) if bound == name), None)


def _chain(state: TurnState, call: Call) -> Iterator[Frame]:
    """Yield the frame that hands over, whoever handed over to it, and so on."""
    frame = state.frame(call.frame_id)
    seen: set[str] = set()
    while frame is not None and frame.frame_id not in seen:
        seen.add(frame.frame_id)
        yield frame
        frame = state.frame(frame.parent_id) if frame.parent_id else None


def _handed_before(state: TurnState, call: Call) -> Sequence[Call]:
    found: list[Call] = []
    for other in state.calls:
        if other.call_id == call.call_id:
            break
        if other.handoff_to and other.status != "denied":
            found.append(other)
    return found


def _is_same(state: TurnState, call: Call, other: Call) -> bool:
    """Return whether two hand-offs are one: nothing was said that would tell them apart.

    What a requester adds may well be why the same is worth another try.
    """
    return (
        call.handoff_to == other.handoff_to
        and _task(state, call) == _task(state, other)
        and _heard(state, call) <= _heard(state, other)
    )


def _task(state: TurnState, call: Call) -> str:
    task = str(call.arguments.get("task", state.text))
    return " ".join(task.casefold().split()).rstrip(".!?… ")


def _heard(state: TurnState, call: Call) -> int:
    """Return how many steers the model had seen when it asked for a call."""
    frame = state.frame(call.frame_id)
    if frame is None:
        return 0
    for reply in frame.replies:
        if call.call_id in reply.calls:
            return reply.steers_seen
    return frame.asked_steers
