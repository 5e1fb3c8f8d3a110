"""One turn in Teams, in three parts, and what may befall each of its requests."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from structlog.testing import capture_logs

from adapters.simulator.teams.faults import Fault
from adapters.simulator.teams.limits import Operation
from bot.ports.agent import Question
from tests.support.fake_platform import Gate
from tests.support.scripted_agents import Reply
from tests.support.teams_house import TeamsHouse
from tests.support.workshop import OMAR

Spot = Literal["first", "progress", "last"]
"""Which message of a turn: the one that is new, a refresh, the last word."""

FILL = "word " * 60
"""Enough to be worth a refresh at once."""
ENDS = "That is all."
FIRST, SECOND = f"The first part {FILL}", f"The second part {FILL}{ENDS}"
MAYAS, OMARS = "please", "and me"
HELLO = "Hello Omar."


@dataclass(slots=True, kw_only=True)
class Told:
    """What happened to a turn of Maya's."""

    house: TeamsHouse
    logs: list[Any] = field(default_factory=list[Any])
    more: Gate = field(default_factory=Gate)
    rest: Gate = field(default_factory=Gate)

    @property
    def fates(self) -> list[str]:
        """What delivery made of each failure, in order."""
        return [e["then"] for e in self.logs if e["event"] == "surface.not_shown"]

    @property
    def abandoned(self) -> list[str]:
        """The surfaces that were given up."""
        found = [e for e in self.logs if e["event"] == "surface.abandoned"]
        return [entry["surface"] for entry in found]

    def whole(self) -> bool:
        """Whether the newest of the messages to Maya has all of the answer, once."""
        words = self.house.words("maya")[-1]
        return all(words.count(part) == 1 for part in ("The first", "The second", ENDS))

    def _answer(self, question: Question) -> Reply:
        if question.requester.person_id == OMAR:
            return (HELLO,)
        return (FIRST, self.more, SECOND, self.rest)

    async def until(self, spot: Spot, *, streams: bool) -> None:
        """Go on to just before the request at ``spot``."""
        self.house.agents.answer = self._answer
        self.house.works(streams=streams)
        if spot != "first":
            await self.house.writes("maya", MAYAS)
            await self.house.reads("maya", "The first")
        if spot == "last":
            self.more.open()
            await self.house.reads("maya", "The second")

    async def go_on(self, spot: Spot) -> None:
        """Let the request at ``spot`` be made; others go on meanwhile."""
        match spot:
            case "first":
                await self.house.writes("maya", MAYAS)
            case "progress":
                self.more.open()
            case "last":
                self.rest.open()
        await self.house.writes("omar", OMARS)
        await self.house.reads("omar", HELLO)

    async def ends(self) -> None:
        """Return when all of it is shown."""
        self.more.open()
        await self.rest.reached.wait()
        self.rest.open()
        await self.house.idle(within=200)


@asynccontextmanager
async def turn_in(house: TeamsHouse) -> AsyncGenerator[Told]:
    """Keep the log for the block."""
    told = Told(house=house)
    with capture_logs() as told.logs:
        yield told


async def befalls(
    told: Told,
    spot: Spot,
    fault: Callable[[], Fault],
    *,
    streams: bool = False,
    operation: Operation | None = None,
    pause: float = 0.0,
) -> None:
    """Let a whole turn happen with one fault in it.

    Args:
        told: The turn.
        spot: To which request.
        fault: What befalls it.
        streams: Whether messages grow by themselves.
        operation: The kind of request; if not given, the one that is usual there.
        pause: Seconds to let pass once the request has been made.
    """
    await told.until(spot, streams=streams)
    house = told.house
    usual: Operation = "send" if spot == "first" else "update"
    kind = operation or ("stream" if streams else usual)
    chat = house.chat("maya")
    house.world.fail_next(kind, fault(), chat=chat)
    await told.go_on(spot)
    await house.world.journal.until(lambda: any(map(_failed, house.calls("maya"))))
    if pause:
        await asyncio.sleep(0.5)  # of the quick loop: until its answer has come
        house.passes(pause)
    await told.ends()


def _failed(call: Any) -> bool:  # noqa: ANN401 - JSON
    return bool(call["fault"])
