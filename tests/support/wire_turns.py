"""One turn on a real platform, in three parts with a tool, and what may befall each of its requests."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from structlog.testing import capture_logs

from bot.ports.agent import Question
from tests.support.fake_platform import Gate
from tests.support.scripted_agents import Reply, Tool, Use
from tests.support.wire_house import Spot, WireHouse
from tests.support.workshop import OMAR

FILL = "word " * 60
"""Enough to be worth a refresh at once."""
ENDS = "That is all."
FIRST, SECOND = f"The first part {FILL}", f"The second part {FILL}{ENDS}"
MAYAS, OMARS = "please", "and me"
HELLO = "Hello Omar."


@dataclass(slots=True, kw_only=True)
class Told:
    """What happened to a turn of Maya's."""

    house: WireHouse
    logs: list[Any] = field(default_factory=list[Any])
    more: Gate = field(default_factory=Gate)
    rest: Gate = field(default_factory=Gate)
    steps: bool = True
    """Whether a tool runs in between."""
    asked: bool = False

    @property
    def fates(self) -> list[str]:
        """What delivery made of each failure, in order."""
        return [e["then"] for e in self.logs if e["event"] == "surface.not_shown"]

    @property
    def abandoned(self) -> list[str]:
        """The surfaces that were given up."""
        found = [e for e in self.logs if e["event"] == "surface.abandoned"]
        return [entry["surface"] for entry in found]

    @property
    def reasons(self) -> str:
        """What the log says of the failures."""
        failures = [e for e in self.logs if e["event"] == "surface.not_shown"]
        return " ".join(entry["error"] for entry in failures)

    @property
    def grants(self) -> int:
        """How often the tool ran that may run once."""
        return len(self.house.agents.ran)

    def whole(self) -> bool:
        """Whether the newest of the messages to Maya has all of the answer, once."""
        return is_whole(self.house.words("maya"))

    def _answer(self, question: Question) -> Reply:
        if question.requester.person_id == OMAR:
            return (HELLO,)
        if not self.steps:
            return (FIRST, self.more, SECOND, self.rest)
        if not self.asked:
            self.asked = True
            return (FIRST, self.more, Use("grant"))
        return (SECOND, self.rest)

    async def until(self, spot: Spot, *, streams: bool) -> None:
        """Go on to just before the request at ``spot``."""
        self.house.agents.answer = self._answer
        self.house.agents.tools["grant"] = Tool(effect="once")
        self.house.works(streams=streams)
        if spot != "first":
            await self.house.writes("maya", MAYAS)
            await self.house.reads("maya", "The first")
        if spot == "last":
            self.more.open()
            await self.house.reads("maya", "The second")

    async def go_on(self, spot: Spot) -> None:
        """Let the request at ``spot`` be made."""
        match spot:
            case "first":
                await self.house.writes("maya", MAYAS)
            case "progress":
                self.more.open()
            case "last":
                self.rest.open()

    async def somebody_else_asks(self) -> None:
        """Let Omar ask meanwhile, and be answered."""
        await self.house.writes("omar", OMARS)
        await self.house.reads("omar", HELLO)

    async def ends(self) -> None:
        """Return when all of it is shown."""
        self.more.open()
        await self.rest.reached.wait()
        self.rest.open()
        await self.house.idle(within=200)


def is_whole(messages: Sequence[str]) -> bool:
    """Whether the newest of these messages has all of the answer, once."""
    words = messages[-1] if messages else ""
    return all(words.count(part) == 1 for part in ("The first", "The second", ENDS))


@asynccontextmanager
async def turn_in(house: WireHouse) -> AsyncGenerator[Told]:
    """Keep the log for the block."""
    told = Told(house=house)
    with capture_logs() as told.logs:
        yield told


async def befalls(
    told: Told,
    spot: Spot,
    trouble: Callable[[], None],
    *,
    streams: bool = False,
    pause: float = 0.0,
    together: bool = True,
) -> None:
    """Let a whole turn happen with one trouble in it.

    Args:
        told: The turn.
        spot: Before which request.
        trouble: Prepares what befalls it.
        streams: Whether messages grow by themselves.
        pause: Seconds to let pass once the request has been made.
        together: Whether somebody else asks meanwhile and must be answered at once;
            if not, they ask when it is over.
    """
    await told.until(spot, streams=streams)
    house = told.house
    trouble()
    await told.go_on(spot)
    if together:
        await told.somebody_else_asks()
    await house.journal.until(
        lambda: house.failures("maya"), within=200, awaited="the trouble"
    )
    if pause:
        await asyncio.sleep(0.5)  # of the quick loop: until its answer has come
        house.passes(pause)
    await told.ends()
    if not together:
        await told.somebody_else_asks()
        await house.idle(within=200)
