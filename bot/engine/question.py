"""What a model is asked: a pure function of a turn's state."""

from pydantic import JsonValue

from bot.ports.agent import Message, Question, ToolAnswer
from bot.protocol.ids import FrameId
from bot.protocol.values import Requester, TextBlock
from bot.turn.replies import is_cut_off, is_empty
from bot.turn.state import Call, Frame, Reply, TurnState

GO_ON = (
    "(Your reply was cut off because it reached its length limit. "
    "Go on exactly where it stopped, and repeat nothing.)"
)
SAY_SOMETHING = "(Your reply was empty. Answer what was asked, or say what you need.)"


def question_for(state: TurnState, frame_id: FrameId) -> Question:
    """Return the question of the frame's newest `ModelAsked`."""
    frame = state.frame(frame_id)
    assert frame is not None, "only an open frame is asked"
    assert state.requester is not None, "a turn starts with who asks"
    return Question(
        tenant_id=state.tenant_id,
        turn_id=state.turn_id,
        frame_id=frame_id,
        ask=len(frame.replies) + 1,
        agent=frame.agent,
        requester=Requester.model_validate(state.requester),
        open_requests=state.open_requests,
        messages=_transcript(state, frame),
    )


def _transcript(state: TurnState, frame: Frame) -> tuple[Message, ...]:
    messages: list[Message] = []
    if frame.parent_id is None:
        for past in state.history:
            messages.append(_said("user", past.asked))
            messages.append(_said("assistant", past.answered))
    opening = [frame.task]
    seen = frame.steers_before
    previous: Reply | None = None
    for reply in frame.replies:
        steers = [s.text for s in state.steers[seen : reply.steers_seen]]
        messages.append(_user(state, previous, [*opening, *steers]))
        messages.append(Message(role="assistant", blocks=reply.blocks))
        opening, seen, previous = [], reply.steers_seen, reply
    steers = [s.text for s in state.steers[seen : frame.asked_steers]]
    messages.append(_user(state, previous, [*opening, *steers]))
    return tuple(messages)


def _said(role: str, text: str) -> Message:
    block = TextBlock(text=text)
    return Message(role="user" if role == "user" else "assistant", blocks=(block,))


def _user(state: TurnState, reply: Reply | None, texts: list[str]) -> Message:
    calls = [state.call(call_id) for call_id in reply.calls] if reply else []
    return Message(
        role="user",
        blocks=tuple(TextBlock(text=text) for text in (*_asked_again(reply), *texts)),
        answers=tuple(answer_of(call) for call in calls if call),
    )


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
