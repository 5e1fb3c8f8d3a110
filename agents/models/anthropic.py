"""Claude behind the model port: streamed, with tools, through Anthropic's SDK.

The SDK's own retries are off. Before the first part, this module asks again with
back-off when that may help; after it, the engine does, because only the engine can
take back what was already shown. Where that does not help, another model is asked, and
a model that keeps failing is left alone for a while: `agents.models.breaker`.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from math import inf

import httpx2
import structlog
from anthropic import APIConnectionError, APIError, APIStatusError, AsyncAnthropic, omit
from anthropic.types import (
    MessageParam,
    RawMessageStreamEvent,
    ThinkingConfigAdaptiveParam,
)
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    wait_random_exponential,
)
from typing_extensions import override

from agents.models.breaker import Breaker
from agents.models.port import Model, Prompt, ToolOffer
from agents.models.wire import Assembly, messages_for, system_for, tools_for
from bot.clock import Clock
from bot.errors import ModelError, QuestionTooLongError
from bot.ports.agent import Counted, Part, Question
from bot.turn.recall import tokens_in

log = structlog.get_logger()

MAX_TOKENS = 4096
"""Tokens of one reply; a chat message is far below it."""
THINKING_TOKENS = 16_000
"""The same where the model thinks: its thoughts are among them."""
_THINKING: ThinkingConfigAdaptiveParam = {"type": "adaptive", "display": "summarized"}
"""The model decides how much, by effort. A fixed budget is refused by newer models.

Source: https://platform.claude.com/docs/en/build-with-claude/thinking
"""
ATTEMPTS = 4
"""Requests for one reply, before its first part."""
LONGEST_WAIT = 30.0
"""Seconds to wait before asking again, whatever the API suggests."""
SILENCE = 45.0
"""Seconds in which a request gets nothing but pings, after which it has failed."""

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


_TOO_LARGE = 413
"""More bytes than a request may have."""
_TOO_LONG = (
    "prompt is too long",
    "exceed context limit",
    "input is too long for requested model",
)


class AnthropicModel(Model):
    """Asks Claude.

    Args:
        api_key: From Anthropic's console.
        base_url: Where the API is; empty: Anthropic's own.
        model: Used by agents that declare none.
        fallback: Asked where an agent's own model fails; empty: nobody is.
        summaries: Asked to sum up what is too long; empty: ``model``.
        clock: Whose sleep separates attempts.
        silence: Seconds without progress after which a request has failed.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        model: str,
        clock: Clock,
        fallback: str = "",
        summaries: str = "",
        silence: float = SILENCE,
    ) -> None:
        self._client = AsyncAnthropic(
            api_key=api_key,
            base_url=base_url or None,
            max_retries=0,
            timeout=silence,
        )
        self._model = model
        self._fallback = fallback
        self._summaries = summaries
        self._clock = clock
        self._silence = silence
        self._breakers: dict[str, Breaker] = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    @override
    def name_for(self, declared: str) -> str:
        return declared or self._model

    @override
    def summaries(self) -> str:
        return self._summaries or self._model

    @override
    def footer(self) -> str:
        return ""

    @override
    def tokens_of(
        self, prompt: Prompt, tools: Sequence[ToolOffer], question: Question
    ) -> int:
        sent = (system_for(prompt), tools_for(tools), _messages(prompt, question))
        return tokens_in(json.dumps(sent, ensure_ascii=False))

    @override
    async def ask(
        self, prompt: Prompt, tools: Sequence[ToolOffer], question: Question
    ) -> AsyncGenerator[Part]:
        within = inf if question.within is None else question.within
        asking = _Asking(
            prompt=prompt,
            tools=tools,
            question=question,
            until=self._clock.monotonic() + within,
        )
        try:
            async with aclosing(self._first_of(asking)) as parts:
                async for part in parts:
                    yield part
        except _BrokenOffError as broken:
            raise _model_error(broken.error) from broken.error
        except (APIError, httpx2.HTTPError) as error:
            raise _model_error(error) from error

    # ------------------------------------------------------------------ whom to ask

    async def _first_of(self, asking: "_Asking") -> AsyncGenerator[Part]:
        """Yield the reply of the first model that begins one."""
        *others, last = self._models_for(asking)
        for name in others:
            if self._known(name).wait(self._clock.monotonic()):
                continue
            try:
                half = self._half(asking)  # the rest is for who is asked after it
                async with aclosing(self._again_and_again(name, half)) as parts:
                    async for part in parts:
                        yield part
            except (APIError, httpx2.HTTPError, ModelError) as error:
                if not _another_may_help(error):
                    raise
                log.warning("model.fell_back", model=name, error=str(error)[:300])
            else:
                return
        async with aclosing(self._again_and_again(last, asking)) as parts:
            async for part in parts:
                yield part

    def _half(self, asking: "_Asking") -> "_Asking":
        now = self._clock.monotonic()
        return replace(asking, until=now + (asking.until - now) / 2)

    def _models_for(self, asking: "_Asking") -> list[str]:
        """Return whom to ask, in order; who failed before is asked last in the end."""
        prompt = asking.prompt
        names = [self.name_for(prompt.model), prompt.fallback or self._fallback]
        found = [*dict.fromkeys(name for name in names if name)]
        return found[::-1] if asking.question.last_attempt else found

    async def _again_and_again(
        self, name: str, asking: "_Asking"
    ) -> AsyncGenerator[Part]:
        """Yield one model's reply, asking again until there is a first word of it.

        Raises:
            _BrokenOffError: There were words before it failed.
        """

        def too_late(state: RetryCallState) -> bool:
            late = self._clock.monotonic() + state.upcoming_sleep >= asking.until
            return late or state.attempt_number >= ATTEMPTS

        attempts = AsyncRetrying(
            sleep=self._clock.sleep,
            wait=_wait,
            stop=too_late,
            retry=retry_if_exception(_may_help),
            reraise=True,
        )
        async for attempt in attempts:
            failure, spoke = None, False
            try:
                async with aclosing(self._parts(name, asking)) as parts:
                    async for part in parts:
                        spoke = spoke or not isinstance(part, Counted)
                        yield part
            except (APIError, httpx2.HTTPError, ModelError) as error:
                if spoke:
                    raise _BrokenOffError(error) from error
                failure = error
            with attempt:  # around what is over: no `yield` may be in there
                if failure:
                    raise failure

    def _known(self, name: str) -> Breaker:
        return self._breakers.get(name, _UNTRIED)

    # ----------------------------------------------------------------- one question

    async def _parts(self, name: str, asking: "_Asking") -> AsyncGenerator[Part]:
        now = self._clock.monotonic()
        if rest := self._known(name).wait(now):
            raise ModelError(f"{name} is left alone", transient=True, retry_after=rest)
        self._breakers[name] = self._known(name).asking(now)
        try:
            async with aclosing(self._events(name, asking)) as events:
                assembly = Assembly(question=asking.question, model=name)
                async for event in events:
                    if event.type == "message_stop":
                        self._breakers[name] = self._known(name).succeeded()
                    for part in assembly.take(event):
                        yield part
        except (APIError, httpx2.HTTPError, ModelError) as error:
            if _may_help(error) and not isinstance(error, _TimeIsUpError):
                self._breakers[name] = self._known(name).failed(
                    self._clock.monotonic(), retry_after=_retry_after(error)
                )
            raise

    async def _events(
        self, name: str, asking: "_Asking"
    ) -> AsyncGenerator[RawMessageStreamEvent]:
        """Yield what the API says; pings, which the SDK keeps to itself, are silence.

        Raises:
            ModelError: There was nothing for too long, or not all.
        """
        effort = asking.prompt.thinking
        silence = min(self._silence, asking.until - self._clock.monotonic())
        try:
            async with asyncio.timeout(silence):
                stream = await self._client.messages.create(
                    model=name,
                    max_tokens=THINKING_TOKENS if effort else MAX_TOKENS,
                    thinking=_THINKING if effort else omit,
                    output_config={"effort": effort} if effort else omit,
                    system=system_for(asking.prompt),
                    tools=tools_for(asking.tools) or omit,
                    messages=_messages(asking.prompt, asking.question),
                    stream=True,
                )
            async with stream:
                events: AsyncIterator[RawMessageStreamEvent] = aiter(stream)
                while True:
                    async with asyncio.timeout(silence):
                        event = await anext(events, None)
                    if event is None:
                        raise ModelError("the stream ended early", transient=True)
                    yield event
                    if event.type == "message_stop":
                        return
                    if event.type == "content_block_start":
                        silence = self._silence  # it writes, and may take all there is
        except TimeoutError as error:
            kind = _TimeIsUpError if silence < self._silence else ModelError
            raise kind(f"nothing for {silence:.3g} s", transient=True) from error


_UNTRIED = Breaker()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """One question with all that is sent for it."""

    prompt: Prompt
    tools: Sequence[ToolOffer]
    question: Question
    until: float
    """Of the clock: when there must be a first word."""


class _TimeIsUpError(ModelError):
    """Nobody can wait any longer: that says nothing about the model."""


class _BrokenOffError(Exception):
    """A reply failed after its first word: only the engine can take that back."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _messages(prompt: Prompt, question: Question) -> list[MessageParam]:
    return messages_for(
        question.messages, earlier=question.earlier, current=prompt.current
    )


def _another_may_help(error: BaseException) -> bool:
    """Return whether another model may answer what this one did not."""
    unknown = isinstance(error, APIStatusError) and error.type == "not_found_error"
    return unknown or _may_help(error)


def _is_too_long(error: Exception) -> bool:
    """Return whether a question is refused because there is too much of it.

    The type is that of any wrong request, so only the message tells. Where both fit
    but not together, newer models begin and end with a stop reason of its own.

    Source: https://platform.claude.com/docs/en/build-with-claude/context-windows and
    https://platform.claude.com/docs/en/api/errors
    """
    if not isinstance(error, APIStatusError):
        return False
    if error.status_code == _TOO_LARGE:
        return True
    said = str(error).lower()
    return error.type == "invalid_request_error" and any(
        words in said for words in _TOO_LONG
    )


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
    asked = _retry_after(error) if error else 0.0
    return min(asked, LONGEST_WAIT) if asked else _backoff(state)


def _retry_after(error: BaseException) -> float:
    """Return for how many seconds we are to be silent; 0: it does not say."""
    match error:
        case ModelError():
            return error.retry_after
        case APIStatusError():
            said = error.response.headers.get("retry-after", "")
            return float(said) if said.replace(".", "", 1).isdigit() else 0.0
        case _:
            return 0.0


def _model_error(error: Exception) -> ModelError:
    if isinstance(error, ModelError):
        return error
    if _is_too_long(error):
        return QuestionTooLongError(str(error)[:300])
    return ModelError(
        f"{type(error).__name__}: {str(error)[:300]}", transient=_may_help(error)
    )
