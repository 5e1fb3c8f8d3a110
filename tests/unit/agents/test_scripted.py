"""The scripted model's pace and honesty."""

from agents.brief import prompt_for
from agents.models.port import ToolOffer
from agents.models.scripted import ScriptedModel
from agents.roster import COORDINATOR, tools_of
from agents.vocabulary import vocabulary_of
from bot.ports.agent import CallReady, Message, Part, Question, TextDelta
from bot.protocol.ids import FrameId, PersonId, TurnId
from bot.protocol.values import Requester, TextBlock
from tests.support.agent_turns import TENANT
from tests.support.companies import SAMPLE, company_at
from tests.support.patient_clock import PatientClock


async def reply(words_per_second: float) -> tuple[list[Part], list[float]]:
    company, clock = company_at(SAMPLE), PatientClock()
    model = ScriptedModel(clock, words_per_second=words_per_second)
    said = TextBlock(text="design system repo and a laptop please")
    question = Question(
        tenant_id=TENANT,
        turn_id=TurnId("t"),
        frame_id=FrameId("f1"),
        ask=1,
        agent="coordinator",
        requester=Requester(person_id=PersonId("maya.chen"), name="Maya Chen"),
        open_requests=(),
        messages=(Message(role="user", blocks=(said,)),),
    )
    prompt = prompt_for(company, vocabulary_of(company), COORDINATOR, question)
    offers = [
        ToolOffer(name=t.name, description=t.description, schema=t.schema())
        for t in tools_of(company, COORDINATOR)
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
