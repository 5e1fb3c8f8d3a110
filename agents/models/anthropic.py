"""Claude behind the model port: streamed, with tools, through Anthropic's SDK.

The SDK's own retries are off. Before the first part, this module asks again with
back-off when that may help; after it, the engine does, because only the engine can
take back what was already shown.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import httpx2
from anthropic import APIConnectionError, APIError, APIStatusError, AsyncAnthropic
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)
from typing_extensions import override

from agents.models.port import Model, Prompt, ToolOffer
from agents.models.wire import Assembly, messages_for, system_for, tools_for
from bot.clock import Clock
from bot.errors import ModelError
from bot.ports.agent import Part, Question

MAX_TOKENS = 4096
"""Tokens of one reply; a chat message is far below it."""
ATTEMPTS = 4
"""Requests for one reply, before its first part."""
LONGEST_WAIT = 30.0
"""Seconds to wait before asking again, whatever the API suggests."""
SILENCE = 60.0
"""Seconds without a byte after which a request has failed."""

_MAY_HELP = frozenset({408, 409, 429})
_LASTING = frozenset(
    {
        "invalid_request_error",
        "authentication_error",
        "permission_error",
        "not_found_error",
        "request_too_large",
        "billing_error",
    }
)
"""Error types that the same request gets again.

Source: https://docs.anthropic.com/en/api/errors
"""


class AnthropicModel(Model):
    """Asks Claude.

    Args:
        api_key: From Anthropic's console.
        base_url: Where the API is; empty: Anthropic's own.
        model: Used by agents that declare none.
        clock: Whose sleep separates attempts.
    """

    def __init__(
        self, *, api_key: str, base_url: str, model: str, clock: Clock
    ) -> None:
        self._client = AsyncAnthropic(
            api_key=api_key,
            base_url=base_url or None,
            max_retries=0,
            timeout=SILENCE,
        )
        self._model = model
        self._clock = clock

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    @override
    def name_for(self, declared: str) -> str:
        return declared or self._model

    @override
    def footer(self) -> str:
        return ""

    @override
    async def ask(
        self, prompt: Prompt, tools: Sequence[ToolOffer], question: Question
    ) -> AsyncGenerator[Part]:
        try:
            first, rest = await self._begin(prompt, tools, question)
            async with aclosing(rest):
                yield first
                async for part in rest:
                    yield part
        except (APIError, httpx2.HTTPError) as error:
            raise _model_error(error) from error

    async def _begin(
        self, prompt: Prompt, tools: Sequence[ToolOffer], question: Question
    ) -> tuple[Part, AsyncGenerator[Part]]:
        """Return the first part and the rest, asking again until there is a first."""
        attempts = AsyncRetrying(
            sleep=self._clock.sleep,
            wait=_wait,
            stop=stop_after_attempt(ATTEMPTS),
            retry=retry_if_exception(_may_help),
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                parts = self._parts(prompt, tools, question)
                return await anext(parts), parts
        raise AssertionError("tenacity returns or raises")

    async def _parts(
        self, prompt: Prompt, tools: Sequence[ToolOffer], question: Question
    ) -> AsyncGenerator[Part]:
        assembly = Assembly(question=question)
        stream = await self._client.messages.create(
            model=self.name_for(prompt.model),
            max_tokens=MAX_TOKENS,
            system=system_for(prompt),
            tools=tools_for(tools),
            messages=messages_for(question.messages),
            stream=True,
        )
        async with stream:
            async for event in stream:
                for part in assembly.take(event):
                    yield part
        if not assembly.finished:
            raise ModelError("the stream ended before the reply did", transient=True)


def _may_help(error: BaseException) -> bool:
    match error:
        case ModelError():
            return error.transient
        case APIStatusError():
            if error.type in _LASTING:
                return False
            # An error inside a stream comes with the stream's own status, 200.
            status = error.status_code
            return status in _MAY_HELP or status >= 500 or status < 400  # noqa: PLR2004
        case APIConnectionError() | httpx2.HTTPError():
            return True
        case _:
            return False


_backoff = wait_random_exponential(multiplier=0.5, max=8.0)


def _wait(state: RetryCallState) -> float:
    """Return how long to wait: what the API asks for, or a random back-off."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, APIStatusError):
        said = error.response.headers.get("retry-after", "")
        if said.replace(".", "", 1).isdigit():
            return min(float(said), LONGEST_WAIT)
    return _backoff(state)


def _model_error(error: Exception) -> ModelError:
    return ModelError(
        f"{type(error).__name__}: {str(error)[:300]}", transient=_may_help(error)
    )
