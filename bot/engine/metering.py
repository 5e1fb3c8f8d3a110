"""What requests to a model took of which there is no reply.

A request that breaks off is paid for: what it was asked, and what was written until
then. Whoever answers says how much the question was when the reply begins, and how
much was written when it ends; in between it is guessed from what was written.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pydantic import JsonValue

from bot.ports.agent import (
    CallGrows,
    CallReady,
    Counted,
    Part,
    Replied,
    TextDelta,
    ThoughtDelta,
)
from bot.protocol.values import Lost
from bot.turn.recall import tokens_in


class Meter:
    """Listens to the parts of replies to one question."""

    def __init__(self) -> None:
        self._open: Counted | None = None
        self._written = ""
        self._growing = ""
        self._lost: list[Lost] = []

    def hear(self, part: Part) -> None:
        """Take note of what a part says or is."""
        match part:
            case Counted(begins=begins):
                if begins:
                    self._break_off()
                self._open, self._written, self._growing = part, "", ""
            case TextDelta(text=text) | ThoughtDelta(text=text):
                self._written += text
            case CallGrows(arguments=arguments):
                self._growing = _json(arguments)
            case CallReady(arguments=arguments):
                self._written += _json(arguments)
                self._growing = ""
            case _:  # the reply, which says itself what it took
                self._open = None

    def in_vain(self, reply: Replied) -> None:
        """Take note of a reply that is of no use."""
        self._lost.append(Lost(model=reply.model, usage=reply.usage))

    def take(self) -> tuple[Lost, ...]:
        """Return what was lost since the last time; nothing more comes of it."""
        self._break_off()
        lost, self._lost = tuple(self._lost), []
        return lost

    def _break_off(self) -> None:
        if self._open is None:
            return
        usage = self._open.usage
        guessed = tokens_in(self._written + self._growing)
        written = usage.output_tokens + guessed
        self._lost.append(
            Lost(
                model=self._open.model,
                usage=usage.model_copy(update={"output_tokens": written}),
                estimated=guessed > 0,
            )
        )
        self._open, self._written, self._growing = None, "", ""


@asynccontextmanager
async def closing(parts: AsyncIterator[Part]) -> AsyncGenerator[AsyncIterator[Part]]:
    """End the stream with the block, so that a stopped turn hangs up at once."""
    try:
        yield parts
    finally:
        if isinstance(parts, AsyncGenerator):
            await parts.aclose()


def _json(arguments: Mapping[str, JsonValue]) -> str:
    return json.dumps(arguments, ensure_ascii=False)
