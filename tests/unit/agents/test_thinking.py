"""Claude's adapter where the model thinks: what is asked, what is kept, what goes back.

Whole request bodies are recorded, as the real SDK sent them.
"""

from dataclasses import replace

from agents.brief import prompt_for
from agents.models.port import Prompt
from agents.roster import roster_of
from agents.vocabulary import vocabulary_of
from bot.company.model import AgentEntry
from bot.ports.agent import Message, Part, Question, Replied, ThoughtDelta, ToolAnswer
from bot.protocol.ids import CallId
from bot.protocol.values import CallBlock, ThoughtBlock
from tests.support.claude import (
    closed,
    delta,
    ended,
    opened,
    sse,
    start,
    streamed,
    text,
    tool,
)
from tests.support.claude_api import HELLO, OFFER, PROMPT, QUESTION, Api, said
from tests.support.companies import SAMPLE, company_at
from tests.support.golden import assert_golden

THINKS = replace(PROMPT, thinking="medium")
THOUGHTS = [
    opened(0, type="thinking", thinking="", signature=""),
    delta(0, type="thinking_delta", thinking="They want "),
    delta(0, type="thinking_delta", thinking="the **VPN**."),
    delta(0, type="signature_delta", signature="EqQBCgIYAhIM"),
    delta(0, type="signature_delta", signature="1gbcDa9GJwZA2b3h=="),
    closed(0),
    opened(1, type="redacted_thinking", data="EmwKAhgBEgy3va3pzix"),
    closed(1),
]
LOOKS = sse(
    start(),
    *THOUGHTS,
    *text(2, "Let me look."),
    *tool(3, "look", '{"query": "VPN"}'),
    *ended("tool_use", 120),
)


async def ask(api: Api, prompt: Prompt, question: Question = QUESTION) -> list[Part]:
    return [part async for part in api.model.ask(prompt, [OFFER], question)]


async def test_the_model_is_told_to_think_as_much_as_its_agent_says(api: Api):
    api.answers = [streamed(HELLO)]
    await ask(api, THINKS)
    assert_golden("requests/thinking.json", api.sent[0])


async def test_without_a_word_about_it_nothing_is_said_of_thinking(api: Api):
    api.answers = [streamed(HELLO)]
    await ask(api, PROMPT)
    assert_golden("requests/plain.json", api.sent[0])
    assert not {"thinking", "output_config"} & api.sent[0].keys()


async def test_thoughts_go_back_unchanged_with_the_results_of_their_calls(api: Api):
    api.answers = [streamed(LOOKS), streamed(HELLO)]
    parts = await ask(api, THINKS)
    replied = parts[-1]
    assert isinstance(replied, Replied)
    assert replied.blocks[:2] == (
        ThoughtBlock(
            text="They want the **VPN**.", signature="EqQBCgIYAhIM1gbcDa9GJwZA2b3h=="
        ),
        ThoughtBlock(text="", redacted="EmwKAhgBEgy3va3pzix"),
    )
    spoken = [part.text for part in parts if isinstance(part, ThoughtDelta)]
    assert spoken == ["They want ", "the **VPN**."]
    [call] = [b for b in replied.blocks if isinstance(b, CallBlock)]
    answer = ToolAnswer(call_id=CallId(call.call_id), content={"found": "it"})
    answered = Message(role="user", answers=(answer,))
    replies = Message(role="assistant", blocks=replied.blocks)
    later = replace(QUESTION, ask=4, messages=(said("hi"), replies, answered))
    await ask(api, THINKS, later)
    assert_golden("requests/thinking-with-tools.json", api.sent[1])
    thought, hidden, *_ = api.sent[1]["messages"][1]["content"]
    assert thought == {
        "type": "thinking",
        "thinking": "They want the **VPN**.",
        "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3h==",
    }
    assert hidden == {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix"}


def test_a_company_says_which_of_its_agents_think():
    company = company_at(SAMPLE)
    agents = {
        "software": AgentEntry(thinking="high"),
        "hardware": AgentEntry(thinking="off"),
    }
    changed = company.model_copy(update={"agents": {**company.agents, **agents}})
    roster = roster_of(changed)
    told = {
        name: prompt_for(
            changed,
            vocabulary_of(changed, roster),
            roster,
            replace(QUESTION, agent=name),
        ).thinking
        for name in ("software", "hardware", "coordinator")
    }
    assert told == {"software": "high", "hardware": "", "coordinator": ""}
