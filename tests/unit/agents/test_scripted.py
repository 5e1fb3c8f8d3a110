"""The scripted model's pace and honesty."""

from agents.brief import prompt_for
from agents.models.port import ToolOffer
from agents.models.scripted import ScriptedModel
from agents.roster import ROOT, roster_of
from agents.toolbox import toolbox_of
from agents.vocabulary import vocabulary_of
from bot.ports.agent import CallReady, Message, Part, Question, TextDelta, ToolAnswer
from bot.protocol.ids import CallId, FrameId, PersonId, TurnId
from bot.protocol.values import CallBlock, Requester, TextBlock
from tests.support.agent_turns import TENANT
from tests.support.companies import SAMPLE, company_at
from tests.support.patient_clock import PatientClock

SAID = TextBlock(text="design system repo and a laptop please")


async def reply(
    words_per_second: float, *later: Message
) -> tuple[list[Part], list[float]]:
    company, clock = company_at(SAMPLE), PatientClock()
    model = ScriptedModel(clock, words_per_second=words_per_second)
    question = Question(
        tenant_id=TENANT,
        turn_id=TurnId("t"),
        frame_id=FrameId("f1"),
        ask=1,
        agent="coordinator",
        requester=Requester(person_id=PersonId("maya.chen"), name="Maya Chen"),
        open_requests=(),
        messages=(Message(role="user", blocks=(SAID,)), *later),
    )
    roster = roster_of(company)
    prompt = prompt_for(company, vocabulary_of(company, roster), roster, question)
    offers = [
        ToolOffer(name=t.name, description=t.description, schema=t.schema())
        for t in toolbox_of(company, roster).offered[ROOT]
    ]
    parts = [part async for part in model.ask(prompt, offers, question)]
    return parts, clock.slept


async def test_words_come_one_by_one_before_the_calls():
    parts, _ = await reply(0)
    kinds = [type(part) for part in parts]
    words = kinds.count(TextDelta)
    assert words > 8
    assert kinds[:words] == [TextDelta] * words
    assert kinds[words : words + 2] == [CallReady, CallReady]


async def test_call_ids_are_made_of_frame_ask_and_number():
    parts, _ = await reply(0)
    ids = [part.call_id for part in parts if isinstance(part, CallReady)]
    assert ids == ["f1-1-1", "f1-1-2"]


async def test_the_pace_is_set_in_words_per_second():
    parts, slept = await reply(10)
    words = sum(isinstance(part, TextDelta) for part in parts)
    assert min(slept) == 0.1
    assert sum(slept) >= words * 0.1
    _, at_once = await reply(0)
    assert at_once == []


def cut_off(*names: str) -> tuple[Message, Message]:
    """A reply that made these calls and no more, and what they brought."""
    calls = [
        CallBlock(call_id=CallId(name), name=name, arguments={"task": "x"})
        for name in names
    ]
    answers = [ToolAnswer(call_id=call.call_id, content="Done.") for call in calls]
    text = TextBlock(text="Let me see about both.")
    return (
        Message(role="assistant", blocks=(text, *calls)),
        Message(role="user", answers=tuple(answers)),
    )


async def test_what_a_reply_never_came_to_ask_is_asked_by_the_next_one():
    parts, _ = await reply(0, *cut_off("ask_software"))
    assert [p.name for p in parts if isinstance(p, CallReady)] == ["ask_hardware"]


async def test_what_was_asked_is_not_asked_again():
    parts, _ = await reply(0, *cut_off("ask_software", "ask_hardware"))
    assert not any(isinstance(part, CallReady) for part in parts)
