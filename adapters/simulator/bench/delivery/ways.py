"""How others show a turn, as people write it, whatever the platform.

Each way is told the turn as it is said (`Speech`) and shows it through what a platform
offers. An error of the client ends that turn, as it ends the task that shows it.
"""

from bisect import bisect_right
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from adapters.simulator.bench.delivery.answers import Answer
from adapters.simulator.bench.pacing.traces import Trace
from bot.clock import Clock

WAITING = "Thinking…"
"""What a message says until there is an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """One turn as it is said, at the trace's pace whatever becomes of it."""

    trace: Trace
    answer: Answer
    begun: float
    """Monotonic seconds."""
    clock: Clock

    @property
    def end(self) -> float:
        """When the last token is said, in monotonic seconds."""
        return self.begun + self.trace.end

    async def until(self, at: float) -> None:
        """Return then, or at once if that is past."""
        if (early := at - self.clock.monotonic()) > 0:
            await self.clock.sleep(early)

    async def token(self, number: int) -> str:
        """Return a token when it is said."""
        await self.until(self.begun + self.trace.said[number][0])
        return self.answer.tokens[number]

    def so_far(self) -> str:
        """Return what has been said by now."""
        now = self.clock.monotonic() - self.begun
        count = bisect_right(self.trace.said, now, key=lambda said: said[0])
        return "".join(self.answer.tokens[:count])


class Message(Protocol):
    """One message of ours on a platform."""

    async def show(self, text: str) -> None:
        """Let it say ``text``, and post it first if it is not there."""
        ...


class Growing(Protocol):
    """One message that grows."""

    async def append(self, text: str) -> None:
        """Let it say more."""
        ...

    async def stop(self) -> None:
        """Let it be whole."""
        ...


Way = Callable[[Speech], Awaitable[None]]


async def at_the_end(speech: Speech, message: Message) -> None:
    """Post the answer when it is whole."""
    await speech.until(speech.end)
    await message.show(speech.answer.text)


async def by_tokens(speech: Speech, message: Growing) -> None:
    """Hand every token on when it is said."""
    for number in range(len(speech.answer.tokens)):
        await message.append(await speech.token(number))
    await message.stop()


async def by_edits(speech: Speech, message: Message, every: float) -> None:
    """Post at once, edit at a fixed interval if there is more, and when it is whole."""
    await message.show(WAITING)
    due, last = speech.begun, ""
    while speech.clock.monotonic() < speech.end:
        due = max(due + every, speech.clock.monotonic())
        await speech.until(min(due, speech.end))
        text = speech.so_far()
        if text.strip() and text != last and speech.clock.monotonic() < speech.end:
            last = text
            await message.show(text)
    await message.show(speech.answer.text)
