"""What requests share with those before them, counted by a stand-in for the cache.

Whole turns of the sample company: the scripted model thinks, what it says comes back as
Claude's stream over HTTP, and what `AnthropicModel` sent for it is counted.
"""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from typing_extensions import override

from adapters.simulator.bench.prompt_cache import Counted, PromptCache
from agents.loop import AgentsOf
from agents.models.anthropic import AnthropicModel
from agents.models.port import Model, Prompt, ToolOffer
from agents.models.scripted import draft_for
from agents.models.wire import messages_for
from bot.ports.agent import Message, Part, Question, Replied, ToolAnswer
from bot.protocol.ids import CallId
from bot.protocol.values import CallBlock, TextBlock
from tests.support.agent_turns import Desk
from tests.support.claude import ended, sse, start, streamed, text, tool
from tests.support.companies import ROOT, SAMPLE, records_of
from tests.support.patient_clock import PatientClock


@dataclass(slots=True)
class Relayed(Model):
    """Lets the scripted model's replies come from a server, as Claude's would."""

    claude: AnthropicModel
    cache: PromptCache = field(default_factory=PromptCache)
    counted: list[Counted] = field(default_factory=list[Counted])
    sent: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    next: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Events of the reply to come."""
    _known: dict[tuple[str, ...], list[Part]] = field(
        default_factory=dict[tuple[str, ...], list[Part]]
    )

    @override
    def name_for(self, declared: str) -> str:
        return self.claude.name_for(declared)

    @override
    def footer(self) -> str:
        return ""

    @override
    async def ask(
        self, prompt: Prompt, tools: Sequence[ToolOffer], question: Question
    ) -> AsyncGenerator[Part]:
        # A `Desk` asks everything twice; only the first time is sent.
        who = question.requester.person_id
        key = (who, question.turn_id, question.frame_id, str(question.ask))
        if key not in self._known:
            draft = draft_for(prompt, tools, question)
            calls = [
                tool(n, call.name, json_of(call.arguments))
                for n, call in enumerate(draft.calls, start=1)
            ]
            said = text(0, draft.text) if draft.text else []
            stop = "tool_use" if calls else "end_turn"
            self.next = [*said, *(e for call in calls for e in call), *ended(stop)]
            parts = [p async for p in self.claude.ask(prompt, tools, question)]
            self._known[key] = parts
        for part in self._known[key]:
            yield part

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as the API does, with what the cache would say."""
        body = await request.json()
        counted = self.cache.count(body)
        self.sent.append(body)
        self.counted.append(counted)
        events = sse(start(**counted.usage), *self.next)
        return await streamed(events)(request)

    @property
    def share(self) -> float:
        """The part of all tokens that was found in the cache."""
        return sum(c.read for c in self.counted) / sum(c.total for c in self.counted)


def json_of(arguments: object) -> str:
    return json.dumps(arguments)


@pytest.fixture
async def relay() -> AsyncIterator[Relayed]:
    async def answer(request: web.Request) -> web.StreamResponse:
        return await relayed.answer(request)

    app = web.Application(client_max_size=2**24)
    app.router.add_post("/v1/messages", answer)
    server = TestServer(app)
    await server.start_server()
    claude = AnthropicModel(
        api_key="k", base_url=str(server.make_url("")), model="m", clock=PatientClock()
    )
    relayed = Relayed(claude)
    yield relayed
    await claude.close()
    await server.close()


def desk(relay: Relayed, person: str) -> Desk:
    records = records_of(SAMPLE)
    agents = AgentsOf(records.company, records, model=relay)
    return Desk(agents=agents, records=records, person=person)


ONBOARDING = "I start on Monday: design system repo, a Figma seat and a monitor please"


async def test_within_a_turn_nearly_all_of_a_question_was_sent_before(relay: Relayed):
    await desk(relay, "maya.chen").say(ONBOARDING)
    roots = [
        counted
        for body, counted in zip(relay.sent, relay.counted, strict=True)
        if any(t["name"].startswith("ask_") for t in body["tools"])
    ]
    first, *later = roots
    assert first.read == 0
    assert later
    assert all(counted.read > 0.8 * counted.total for counted in later)


async def test_a_turn_finds_what_was_said_in_the_turns_before_the_last(relay: Relayed):
    maya = desk(relay, "maya.chen")
    long = f"How do I connect to the VPN? {'It says nothing. ' * 200}"
    for words in (long, "And who is my manager?"):
        await maya.say(words)
    before = len(relay.counted)
    await maya.say("Is a keyboard in stock?")
    opening, first = relay.counted[0], relay.counted[before]
    assert first.read > opening.total > first.total - first.read


async def test_what_is_asked_by_somebody_else_finds_what_lasts(relay: Relayed):
    maya, omar = desk(relay, "maya.chen"), desk(relay, "omar.haddad")
    await maya.say("How do I connect to the VPN?")
    before = len(relay.counted)
    await omar.say("How do I connect to the VPN?")
    assert relay.counted[before].read > 0.7 * relay.counted[before].total


async def test_what_the_cache_says_is_what_the_log_is_told(relay: Relayed):
    told = await desk(relay, "maya.chen").say("How do I connect to the VPN?")
    uses = [part.usage for part in told.parts if isinstance(part, Replied)]
    assert [use.cache_read_tokens for use in uses] == [c.read for c in relay.counted]
    assert [use.input_tokens for use in uses] == [
        c.written + c.fresh for c in relay.counted
    ]


async def test_the_share_is_what_the_page_says(relay: Relayed):
    for person in ("maya.chen", "omar.haddad", "noah.kim"):
        one = desk(relay, person)
        for words in (ONBOARDING, "How do I connect to the VPN?", "Thanks"):
            await one.say(words)
    page = (ROOT / "docs/context.md").read_text("utf-8")
    [stated] = re.findall(r"\*\*(\d+) %\*\* of the tokens", page)
    print(f"{len(relay.counted)} requests, {relay.share:.1%}")  # noqa: T201 - a figure
    assert round(relay.share * 100) == pytest.approx(int(stated), abs=3)


def test_a_reply_with_many_calls_does_not_hide_what_was_sent_before_it():
    """Nothing is looked for further than 20 blocks before a mark."""
    calls = [
        CallBlock(call_id=CallId(f"c{n}"), name="look", arguments={}) for n in range(25)
    ]
    answers = [ToolAnswer(call_id=call.call_id, content="it") for call in calls]
    messages = [
        Message(role="user", blocks=(TextBlock(text="please " * 1000),)),
        Message(role="assistant", blocks=tuple(calls)),
        Message(role="user", answers=tuple(answers)),
    ]
    cache = PromptCache()
    sent = [
        {"model": "m", "system": [], "messages": messages_for(messages[:end])}
        for end in (1, 3)
    ]
    first, second = map(cache.count, sent)
    assert second.read == first.total > 1024
