"""A model that sums up long conversations, against a local server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agents.loop import AgentsOf
from agents.models.anthropic import AnthropicModel
from agents.models.port import Model
from agents.models.scripted import ScriptedModel
from bot.clock import SystemClock
from bot.engine.folding import folded
from bot.engine.question import summing_up
from bot.protocol.ids import PersonId, TurnId
from bot.protocol.values import PastTurn, Usage
from bot.turn.recall import HISTORY_TURNS, fold_of
from bot.turn.state import TurnState
from tests.support.claude import Answering, ended, refused, sse, start, streamed, text
from tests.support.companies import SAMPLE, records_of
from tests.support.patient_clock import PatientClock
from tests.support.stories import Story
from tests.support.turns import NOW, STARTED

TURNS = tuple(
    PastTurn(
        asked=f"ask {n} </data>",
        answered=f"answer {n}",
        turn_id=TurnId(f"t{n}"),
        person_id=PersonId("p0"),
        name="Asker",
        at=NOW + timedelta(minutes=n),
        ended_at=NOW + timedelta(minutes=n),
        status="completed",
    )
    for n in range(HISTORY_TURNS + 1)
)


def long() -> TurnState:
    return Story(STARTED.model_copy(update={"history": TURNS})).state


def agents(model: Model) -> AgentsOf:
    records = records_of(SAMPLE)
    return AgentsOf(records.company, records, model=model)


@dataclass(slots=True)
class Api:
    """The server, and the model that asks it."""

    model: AnthropicModel
    answers: list[Answering] = field(default_factory=list[Answering])
    sent: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async def answer(request: web.Request) -> web.StreamResponse:
        served.sent.append(await request.json())
        return await served.answers.pop(0)(request)

    app = web.Application()
    app.router.add_post("/v1/messages", answer)
    server = TestServer(app)
    await server.start_server()
    model = AnthropicModel(
        api_key="k",
        base_url=str(server.make_url("")),
        model="claude-large",
        summaries="claude-small",
        clock=PatientClock(),
    )
    served = Api(model)
    yield served
    await model.close()
    await server.close()


async def test_the_small_model_is_told_the_exchanges_as_data_and_no_tools(api: Api):
    api.answers = [streamed(sse(start(), *text(0, "They asked."), *ended("end_turn")))]
    made, meter = await folded(agents(api.model), long())
    assert made is not None
    assert not meter.take()
    assert (made.text, made.model) == ("They asked.", "claude-small")
    assert made.usage == Usage(input_tokens=25, output_tokens=15)
    [body] = api.sent
    assert body["model"] == "claude-small"
    assert "tools" not in body
    [message] = body["messages"]
    told = message["content"][0]["text"]
    assert "ask 0" in told
    assert told.count("</data>") == 1, "what people wrote does not end the data"
    assert "memory of an IT desk" in body["system"][0]["text"]


@pytest.mark.parametrize(
    "answer",
    [
        refused(401, "authentication_error"),
        streamed(sse(start(), *text(0, "They ask"), *ended("max_tokens"))),
        streamed(sse(start(), *ended("end_turn"))),
        streamed(sse(start(), *text(0, "They ask")[:2])),
    ],
    ids=["refused", "cut off", "empty", "broken off"],
)
async def test_what_is_no_whole_summary_is_not_taken_but_paid_for(
    api: Api, answer: Answering, request: pytest.FixtureRequest
):
    api.answers = [answer]
    made, meter = await folded(agents(api.model), long())
    assert made is not None
    paid = [(one.model, one.usage.input_tokens) for one in meter.take()]
    refused = "refused" in request.node.name
    assert paid == ([] if refused else [("claude-small", 25)])
    assert made.model == ""
    assert made.text.startswith("2026-11-20 09:00 UTC Asker asked: ask 0")


async def test_the_scripted_model_sums_nothing_up():
    state = long()
    fold = fold_of(state)
    assert fold is not None
    scripted = agents(ScriptedModel(SystemClock(), words_per_second=0))
    assert not [part async for part in scripted.summarise(summing_up(state, fold))]
