"""Claude's adapter in front of a local server that answers as a test tells it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from agents.models.anthropic import AnthropicModel
from agents.models.port import Prompt, ToolOffer
from agents.vocabulary import Vocabulary
from bot.ports.agent import (
    CallGrows,
    Counted,
    Message,
    Part,
    Question,
    Replied,
    ToolAnswer,
)
from bot.protocol.ids import FrameId, PersonId, TenantId, TurnId
from bot.protocol.values import Requester, TextBlock
from tests.support.claude import Answering, ended, sse, start, text
from tests.support.patient_clock import PatientClock


@dataclass(slots=True)
class Api:
    """The server: answers in order, remembers what it was sent."""

    model: AnthropicModel
    clock: PatientClock
    answers: list[Answering] = field(default_factory=list[Answering])
    sent: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])


@asynccontextmanager
async def serving() -> AsyncGenerator[Api]:
    """Serve, with a model in front that waits for nothing."""

    async def answer(request: web.Request) -> web.StreamResponse:
        served.sent.append(await request.json())
        served.headers.append(dict(request.headers))
        return await served.answers.pop(0)(request)

    app = web.Application()
    app.router.add_post("/v1/messages", answer)
    server = TestServer(app)
    await server.start_server()
    clock = PatientClock()
    model = AnthropicModel(
        api_key="k-test",
        base_url=str(server.make_url("")),
        model="claude-test",
        fallback="claude-other",
        clock=clock,
        silence=0.2,
    )
    served = Api(model, clock)
    try:
        yield served
    finally:
        await model.close()
        await server.close()


HELLO = sse(start(), *text(0, "Hel", "lo"), *ended("end_turn"))


PROMPT = Prompt(
    lasting="You are the desk.",
    current="The requester is Ada.",
    vocabulary=Vocabulary(
        company="Tiny", help_channel="", greeting="", things=(), people=()
    ),
)
OFFER = ToolOffer(name="look", description="Looks.", schema={"type": "object"})


def said(*texts: str, answers: tuple[ToolAnswer, ...] = ()) -> Message:
    blocks = tuple(TextBlock(text=t) for t in texts)
    return Message(role="user", blocks=blocks, answers=answers)


QUESTION = Question(
    tenant_id=TenantId("t1"),
    turn_id=TurnId("turn-1"),
    frame_id=FrameId("f2"),
    ask=3,
    agent="software",
    requester=Requester(person_id=PersonId("ada"), name="Ada"),
    open_requests=(),
    messages=(said("hi"),),
)


async def reply(
    api: Api, question: Question = QUESTION, *, seen: list[Part] | None = None
) -> list[Part]:
    """Return all parts but those of calls that still grow, and of what they take."""
    parts = [] if seen is None else seen
    async for part in api.model.ask(PROMPT, [OFFER], question):
        if not isinstance(part, CallGrows | Counted):
            parts.append(part)
    return parts


def last(parts: list[Part]) -> Replied:
    assert isinstance(parts[-1], Replied)
    return parts[-1]
