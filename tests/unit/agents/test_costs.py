"""What Claude's adapter tells of what requests take, also of those that break off."""

import json

from bot.ports.agent import Counted
from bot.protocol.values import Usage
from tests.support.claude import ended, refused, sse, start, streamed, text
from tests.support.claude_api import HELLO, OFFER, PROMPT, QUESTION, Api

CUT = streamed(sse(start(), *text(0, "Hel")[:1]))
"""Breaks off before the first word."""


async def counted(api: Api) -> list[Counted]:
    asked = api.model.ask(PROMPT, [OFFER], QUESTION)
    return [part async for part in asked if isinstance(part, Counted)]


def taken(inputs: int, outputs: int) -> Usage:
    return Usage(input_tokens=inputs, output_tokens=outputs)


async def test_what_a_question_takes_is_known_when_its_reply_begins(api: Api):
    first = start(input_tokens=7, cache_creation_input_tokens=3)
    first["message"]["usage"]["cache_read_input_tokens"] = 90
    api.answers = [streamed(sse(first, *text(0, "a"), *ended("end_turn", 5)))]
    begun, done = await counted(api)
    assert begun == Counted(
        model="claude-test",
        usage=Usage(input_tokens=10, output_tokens=1, cache_read_tokens=90),
        begins=True,
    )
    assert (done.usage.output_tokens, done.begins) == (5, False)


async def test_each_request_that_was_begun_is_told(api: Api):
    api.answers = [CUT, refused(529, "overloaded_error"), streamed(HELLO)]
    assert await counted(api) == [
        Counted(model="claude-test", usage=taken(25, 1), begins=True),
        Counted(model="claude-test", usage=taken(25, 1), begins=True),
        Counted(model="claude-test", usage=taken(25, 15)),
    ]


async def test_a_request_that_another_model_took_over_is_told(api: Api):
    api.answers = [CUT, *[refused(529, "overloaded_error")] * 3, streamed(HELLO)]
    begun = [part.model for part in await counted(api) if part.begins]
    assert begun == ["claude-test", "claude-other"]


async def test_a_question_is_about_as_long_as_what_is_sent(api: Api):
    api.answers = [streamed(HELLO)]
    await counted(api)
    [body] = api.sent
    sent = len(json.dumps([body["system"], body["tools"], body["messages"]]))
    about = api.model.tokens_of(PROMPT, [OFFER], QUESTION)
    assert sent / 3.2 < about < sent / 2.8
