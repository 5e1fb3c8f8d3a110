"""What a model is asked: a pure function of a turn's state."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Literal

from pydantic import JsonValue

from bot.engine.shortening import all_shortened, shortened
from bot.ports.agent import Message, Question, ToolAnswer
from bot.protocol.ids import FrameId
from bot.protocol.values import PastTurn, Requester, Summary, TextBlock
from bot.turn.recall import Fold, in_brief, outcome_of, told, when
from bot.turn.replies import is_cut_off, is_empty
from bot.turn.state import Call, Frame, Reply, TurnState

GO_ON = (
    "(Your reply was cut off because it reached its length limit. "
    "Go on exactly where it stopped, and repeat nothing.)"
)
SAY_SOMETHING = "(Your reply was empty. Answer what was asked, or say what you need.)"

SUM_UP = "Sum up what is noted here."
SUMMING_UP = FrameId("summary")
"""In place of a frame: a summary is asked for before there is one to answer."""
LONG = timedelta(hours=1)
"""After calls that took longer, a model is told what time it is."""


def question_for(state: TurnState, frame_id: FrameId) -> Question:
    """Return the question of the frame's newest `ModelAsked`."""
    frame = state.frame(frame_id)
    assert frame is not None, "only an open frame is asked"
    assert state.requester is not None, "a turn starts with who asks"
    past, notes = ((), ()) if frame.parent_id else _history(state, brief=frame.brief)
    own = _transcript(state, frame, notes)
    return Question(
        tenant_id=state.tenant_id,
        turn_id=state.turn_id,
        frame_id=frame_id,
        ask=len(frame.replies) + 1,
        agent=frame.agent,
        requester=Requester.model_validate(state.requester),
        open_requests=state.open_requests,
        messages=(*past, *(all_shortened(own) if frame.brief else shortened(own))),
        earlier=len(past),
        now=state.started_at,
    )


def summing_up(state: TurnState, fold: Fold) -> Question:
    """Return the question that asks for a summary of older turns."""
    assert state.requester is not None, "a turn starts with who asks"
    notes: list[JsonValue] = [_recalled(fold.before)] if fold.before else []
    notes += [_noted(past) for past in fold.turns]
    return Question(
        tenant_id=state.tenant_id,
        turn_id=state.turn_id,
        frame_id=SUMMING_UP,
        ask=1,
        agent="",
        requester=state.requester,
        open_requests=(),
        messages=(_said("user", SUM_UP, *notes),),
    )


# ------------------------------------------------------------------- earlier turns


def _history(
    state: TurnState, *, brief: bool
) -> tuple[tuple[Message, ...], tuple[JsonValue, ...]]:
    """Return the earlier turns as messages, and what is still to be noted after them.

    Only what the requester wrote is told as said by a user, because a model acts on
    that in the requester's name; what others wrote in the same thread is noted.
    """
    messages: list[Message] = []
    notes: list[JsonValue] = []
    if state.summary:
        notes.append(_recalled(state.summary))
    for past in map(in_brief, told(state)) if brief else told(state):
        if _is_others(state, past):
            notes.append({"written by somebody else": _noted(past)})
            continue
        if past.at:
            notes.append({"written": when(past.at)})
        messages.append(_said("user", past.asked, *notes))
        messages.append(_said("assistant", past.answered))
        became = _became(past)
        notes = [{"what came of that": became}] if became else []
    return tuple(messages), tuple(notes)


def _is_others(state: TurnState, past: PastTurn) -> bool:
    assert state.requester is not None, "a turn starts with who asks"
    return bool(past.person_id) and past.person_id != state.requester.person_id


def _recalled(summary: Summary) -> JsonValue:
    return {"summary of what was before": summary.text}


def _noted(past: PastTurn) -> dict[str, JsonValue]:
    return {
        "by": past.name,
        "at": when(past.at),
        "asked": past.asked,
        "you answered": past.answered,
        **_became(past),
    }


def _became(past: PastTurn) -> dict[str, JsonValue]:
    return {how: [*what] for how, what in outcome_of(past).items()}


def _said(role: Literal["user", "assistant"], text: str, *notes: JsonValue) -> Message:
    return Message(role=role, blocks=(TextBlock(text=text),), notes=notes)


# ----------------------------------------------------------------------- this turn


def _transcript(
    state: TurnState, frame: Frame, notes: tuple[JsonValue, ...]
) -> list[Message]:
    messages: list[Message] = []
    opening = [frame.task]
    seen = frame.steers_before
    previous: Reply | None = None
    for reply in frame.replies:
        steers = [s.text for s in state.steers[seen : reply.steers_seen]]
        messages.append(_user(state, previous, [*opening, *steers], notes))
        messages.append(Message(role="assistant", blocks=reply.blocks))
        opening, notes, seen, previous = [], (), reply.steers_seen, reply
    steers = [s.text for s in state.steers[seen : frame.asked_steers]]
    messages.append(_user(state, previous, [*opening, *steers], notes))
    return messages


def _user(
    state: TurnState,
    reply: Reply | None,
    texts: list[str],
    notes: tuple[JsonValue, ...],
) -> Message:
    found = [state.call(call_id) for call_id in reply.calls] if reply else []
    calls = [call for call in found if call]
    return Message(
        role="user",
        blocks=tuple(TextBlock(text=text) for text in (*_asked_again(reply), *texts)),
        answers=tuple(map(answer_of, calls)),
        notes=(*notes, *_waited(calls)),
    )


def _waited(calls: Sequence[Call]) -> Iterator[JsonValue]:
    """Yield the time where calls took so long that the model may think it is before."""
    settled = max((call.settled_at for call in calls if call.settled_at), default=None)
    if settled and settled - min(call.requested_at for call in calls) > LONG:
        yield {"it is now": when(settled)}


def _asked_again(reply: Reply | None) -> tuple[str, ...]:
    """Return what is said about a reply that was no end; a paused one just goes on."""
    if reply and is_cut_off(reply):
        return (GO_ON,)
    return (SAY_SOMETHING,) if reply and is_empty(reply) else ()


def answer_of(call: Call) -> ToolAnswer:
    """Return what the model is told of a settled call."""
    if call.status == "denied":
        content: JsonValue = {"denied": call.reason, "by": call.denied_by}
        return ToolAnswer(call_id=call.call_id, content=content, is_error=True)
    return ToolAnswer(
        call_id=call.call_id, content=call.result, is_error=call.outcome != "done"
    )
