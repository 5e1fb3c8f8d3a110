"""What a model is asked is a pure function of the log."""

from hypothesis import given
from hypothesis import strategies as st

from bot.engine.question import question_for
from bot.ports.agent import Message, Question
from bot.protocol import events as ev
from bot.protocol.ids import CallId, FrameId
from bot.protocol.values import CallBlock, PastTurn, StopReason, TextBlock
from bot.turn.state import ROOT
from tests.support.stories import Story
from tests.support.turns import STARTED, fold, record

CHILD = FrameId("f-c1")


def asked(story: Story, frame: FrameId = ROOT) -> Question:
    return question_for(story.state, frame)


def ask(story: Story, number: int, *, frame: FrameId = ROOT, steers: int = 0) -> Story:
    return story.tell(
        ev.ModelAsked(frame_id=frame, ask=number, model="m", steers_seen=steers)
    )


def reply(
    story: Story, number: int, text: str, *calls: str, frame: FrameId = ROOT
) -> Story:
    blocks = [CallBlock(call_id=CallId(c), name="tool", arguments={}) for c in calls]
    stop: StopReason = "tool_use" if calls else "end_turn"
    return story.tell(
        ev.ModelReplied(
            frame_id=frame,
            ask=number,
            blocks=(TextBlock(text=text), *blocks),
            stop_reason=stop,
        )
    )


def texts(message: Message) -> list[str]:
    return [block.text for block in message.blocks if isinstance(block, TextBlock)]


def test_the_first_question_is_what_was_said() -> None:
    question = asked(ask(Story(), 1))
    [message] = question.messages
    assert (message.role, texts(message)) == ("user", ["please"])
    assert (question.ask, question.agent) == (1, "coordinator")
    assert question.requester == STARTED.requester


def test_a_result_is_told_with_its_call() -> None:
    story = ask(Story(), 1).wants("c1", "Looking", effect="read")
    story = reply(story, 1, "Let me look.", "c1").starts("c1")
    story = story.finishes("c1", result={"found": "it"})
    question = asked(ask(story, 2))
    user, assistant, results = question.messages
    assert (user.role, assistant.role, results.role) == ("user", "assistant", "user")
    assert texts(assistant) == ["Let me look."]
    [answer] = results.answers
    assert (answer.call_id, answer.content, answer.is_error) == (
        *("c1", {"found": "it"}),
        False,
    )
    assert question.ask == 2


def test_a_denial_is_an_error_with_its_reason_and_who_denied() -> None:
    story = ask(Story(), 1).wants("c1", "Granting")
    story = reply(story, 1, "", "c1").denies("c1", "Not allowed.", by="person")
    [answer] = asked(ask(story, 2)).messages[-1].answers
    assert answer.is_error
    assert answer.content == {"denied": "Not allowed.", "by": "person"}


def test_what_is_added_is_told_once_where_it_was_heard() -> None:
    story = reply(ask(Story(), 1), 1, "Read access.")
    story = story.tell(ev.TurnSteered(text="write"))
    story = reply(ask(story, 2, steers=1), 2, "Write access.")
    story = story.tell(ev.TurnSteered(text="for a day"))
    story = reply(ask(story, 3, steers=2), 3, "For a day.")
    story = story.tell(ev.TurnSteered(text="or two"))
    question = asked(ask(story, 4, steers=3))
    said = [texts(m) for m in question.messages if m.role == "user"]
    assert said == [["please"], ["write"], ["for a day"], ["or two"]]


def test_what_came_after_the_question_is_not_in_it() -> None:
    story = ask(Story(), 1).tell(ev.TurnSteered(text="write"))
    assert [texts(m) for m in asked(story).messages] == [["please"]]


def test_a_specialist_is_told_its_task_and_not_the_history() -> None:
    started = STARTED.model_copy(
        update={"history": (PastTurn(asked="before", answered="then"),)}
    )
    opened = ev.FrameOpened(
        frame_id=CHILD,
        parent_id=ROOT,
        call_id=CallId("c1"),
        agent="software",
        task="the seat",
    )
    root = ev.FrameOpened(frame_id=ROOT, agent="coordinator", task="please")
    questions = [
        ev.ModelAsked(frame_id=frame, ask=1, model="m") for frame in (ROOT, CHILD)
    ]
    state = fold(record([started, root, opened, *questions]))
    assert [texts(m) for m in question_for(state, CHILD).messages] == [["the seat"]]
    whole = question_for(state, ROOT).messages
    assert [(m.role, texts(m)) for m in whole] == [
        ("user", ["before"]),
        ("assistant", ["then"]),
        ("user", ["please"]),
    ]


@given(st.lists(st.sampled_from(["reply", "call", "steer"]), max_size=8))
def test_a_transcript_alternates_and_answers_every_call(steps: list[str]) -> None:
    """Whatever happens, in whatever order: providers insist on both."""
    story, number, steers = ask(Story(), 1), 1, 0
    for step in steps:
        match step:
            case "steer":
                story, steers = story.tell(ev.TurnSteered(text="more")), steers + 1
            case "call":
                call = f"c{number}"
                story = reply(story.wants(call, "It"), number, "So:", call)
                story = story.starts(call).finishes(call)
                number += 1
                story = ask(story, number, steers=steers)
            case _:
                story = reply(story, number, "Well.")
                number += 1
                story = ask(story, number, steers=steers)
    messages = asked(story).messages
    roles = [m.role for m in messages]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
    for said, answered in zip(messages[1::2], messages[2::2], strict=True):
        calls = [b.call_id for b in said.blocks if isinstance(b, CallBlock)]
        assert [a.call_id for a in answered.answers] == calls
