"""Claude's adapter: a question that is too long is told as that, whoever says it how."""

import pytest
from aiohttp import web

from bot.errors import ModelError, QuestionTooLongError
from bot.ports.agent import Counted
from tests.support.claude import Answering, ended, sse, start, streamed, text
from tests.support.claude_api import OFFER, PROMPT, QUESTION, Api, reply


def refuses(status: int, kind: str, message: str) -> Answering:
    async def answer(_request: web.Request) -> web.StreamResponse:
        error = {"type": kind, "message": message}
        return web.json_response({"type": "error", "error": error}, status=status)

    return answer


def wrong(message: str) -> Answering:
    return refuses(400, "invalid_request_error", message)


TOO_LONG: dict[str, Answering] = {
    "prompt": wrong("prompt is too long: 200251 tokens > 200000 maximum"),
    "both": wrong(
        "input length and `max_tokens` exceed context limit: 197000 + 4096 > 200000, "
        "decrease input length or `max_tokens` and try again"
    ),
    "bytes": refuses(413, "request_too_large", "Request exceeds the maximum size"),
    "stop reason": streamed(
        sse(start(), *text(0, "Hel"), *ended("model_context_window_exceeded"))
    ),
}


@pytest.mark.parametrize("how", TOO_LONG)
async def test_a_question_that_is_too_long_is_told_as_that(api: Api, how: str):
    api.answers = [TOO_LONG[how]]
    with pytest.raises(QuestionTooLongError):
        await reply(api)
    assert len(api.sent) == 1, "asking the same again, or another, cannot help"


async def test_what_the_full_window_took_is_told(api: Api):
    api.answers = [TOO_LONG["stop reason"]]
    taken: list[int] = []

    async def listen() -> None:
        async for part in api.model.ask(PROMPT, [OFFER], QUESTION):
            match part:
                case Counted(usage=usage):
                    taken.append(usage.output_tokens)
                case _:
                    pass

    with pytest.raises(QuestionTooLongError):
        await listen()
    assert taken == [1, 15]


async def test_another_mistake_in_a_request_is_not_taken_for_that(api: Api):
    api.answers = [wrong("tools.0.name: String should match pattern")]
    with pytest.raises(ModelError) as caught:
        await reply(api)
    assert not isinstance(caught.value, QuestionTooLongError)
