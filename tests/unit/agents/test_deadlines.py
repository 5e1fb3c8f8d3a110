"""Claude's adapter: retries, waits and silence end with the time that there is."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web

from agents.models.anthropic import AnthropicModel
from agents.models.breaker import FAILURES
from bot.clock import Clock, SystemClock
from bot.errors import ModelError
from bot.ports.agent import Question
from tests.support.claude import Answering, refused, sse, start, streamed, text
from tests.support.claude_api import HELLO, QUESTION, Api, last, reply

WAIT_SEVEN = refused(429, "rate_limit_error", retry_after="7")


def in_time(seconds: float) -> Question:
    return replace(QUESTION, within=seconds)


@asynccontextmanager
async def alone(api: Api, clock: Clock | None = None) -> AsyncGenerator[Api]:
    """Give the same server a model that has no other beside it."""
    model = AnthropicModel(
        api_key="k",
        base_url=str(api.model._client.base_url),
        model="claude-test",
        clock=clock or api.clock,
        silence=30.0,
    )
    yield Api(model, api.clock, api.answers, api.sent)
    await model.close()


def silent(*said: bytes) -> Answering:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = await streamed(*said)(request)
        await asyncio.sleep(60)  # the client hangs up before
        return response

    return answer


async def test_a_wait_that_fits_is_waited(api: Api):
    api.answers += [WAIT_SEVEN, streamed(HELLO)]
    async with alone(api) as only:
        await reply(only, in_time(7.5))
    assert api.clock.slept == [7.0]


async def test_a_wait_that_would_end_too_late_is_not_begun(api: Api):
    api.answers += [WAIT_SEVEN]
    async with alone(api) as only:
        with pytest.raises(ModelError) as caught:
            await reply(only, in_time(6.5))
    assert caught.value.transient
    assert api.clock.slept == []


async def test_the_other_model_is_asked_while_there_is_time_for_it(api: Api):
    api.answers = [WAIT_SEVEN, streamed(HELLO)]
    assert last(await reply(api, in_time(13))).model == "claude-other"
    assert api.clock.slept == []


@pytest.mark.parametrize("said", [(), (sse(start()),)], ids=["nothing", "begun"])
async def test_silence_ends_with_the_time(api: Api, said: tuple[bytes, ...]):
    api.answers += [silent(*said)]
    began = time.monotonic()
    async with alone(api, SystemClock()) as only:
        with pytest.raises(ModelError, match="nothing for"):
            await reply(only, in_time(0.3))
    assert time.monotonic() - began < 10
    assert len(api.sent) == 1


async def test_a_model_that_got_too_little_time_is_not_left_alone_for_it(api: Api):
    api.answers += [*[silent()] * FAILURES, streamed(HELLO)]
    async with alone(api, SystemClock()) as only:
        for _ in range(FAILURES):
            with pytest.raises(ModelError, match="nothing for"):
                await reply(only, in_time(0.1))
        assert last(await reply(only, in_time(5))).model == "claude-test"


async def test_a_reply_that_has_begun_may_take_all_the_time_there_is(api: Api):
    """Half of it is kept for the other model only until there is a first word."""

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(sse(start(), *text(0, "Hel", "lo")[:2]))
        await asyncio.sleep(0.1)
        await response.write(HELLO.split(b"\n\n", 2)[2])
        return response

    api.answers = [slow]
    said = last(await reply(api, in_time(0.15)))
    assert said.model == "claude-test"
