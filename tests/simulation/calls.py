"""Calls of one bot to one simulated platform, and every way in which one goes wrong."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from bot.errors import AmbiguousSendError, PlatformError, RateLimitedError
from bot.pacing.lanes import Lane
from bot.ports.surface import Payload
from bot.protocol.ids import SurfaceId
from tests.simulation.halls import Arrival, Change, Hall, Message
from tests.simulation.network import Wire
from tests.simulation.process import SimProcess
from tests.simulation.recipe import PlatformTrouble

TIMEOUT = 8.0
"""Seconds after which a bot gives up on a call."""
LATE = 3.0
"""Seconds after which a call that was given up on may still arrive."""

_T = TypeVar("_T")
_Fate: TypeAlias = PlatformTrouble | Literal["fine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Generic[_T]):
    """What one call asks for."""

    operation: Change
    surface: SurfaceId
    payload: Payload | None
    carry_out: Callable[[], _T]
    """Called on the platform's side, perhaps later than anybody waits for it."""
    lanes: tuple[Lane, ...]
    message: Message | None = None
    """What it is about; ``None`` for a new one."""
    refusal: type[PlatformError] = PlatformError
    """What it means that the platform never takes this content."""

    @property
    def words(self) -> str:
        """What it is, for the diary."""
        about = self.message.receipt.message_id if self.message else self.surface
        return f"{self.operation} {about}"


class Calls:
    """What one bot asks of one platform."""

    def __init__(self, hall: Hall, process: SimProcess) -> None:
        self._hall = hall
        self._process = process
        self.wire = Wire(hall.loop, 0.03, 0.3)

    def arrive(self, request: Request[Any]) -> None:
        """Tell everybody that a call is carried out."""
        arrival = Arrival(
            process=self._process,
            operation=request.operation,
            surface=request.surface,
            payload=request.payload,
            message=request.message,
        )
        for tell in self._hall.watchers:
            tell(arrival)

    async def send(self, request: Request[_T]) -> _T:
        """Make a call and return its answer, or raise what went wrong."""
        loop = self._hall.loop
        fate: _Fate = "fine"
        if loop.chance(self._hall.trouble):
            fate = loop.random.choice(self._hall.recipe.platform_troubles)
            loop.happened[f"platform: {fate}"] += 1
            self._hall.troubled_at = loop.time()
        self._hall.under_way += 1
        name, diary = self._process.name, self._hall.diary
        lane = request.lanes[-1].key if request.lanes else "no lane"
        diary.write(name, "{} on {} ({})", request.words, lane, fate)

        async def serve() -> _T:
            try:
                for tell in self._hall.callers:
                    tell(self._process, request.lanes)
                return await self._serve(fate, request)
            finally:
                self._hall.under_way -= 1

        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self.wire.call(serve)
        except PlatformError as error:
            diary.write(name, "{} failed: {}", request.words, error)
            raise
        except TimeoutError:
            diary.write(name, "{} was given up", request.words)
            raise AmbiguousSendError(self._hall.name, "no_answer") from None
        diary.write(name, "{} done: {}", request.words, answer)
        return answer

    async def _serve(self, fate: _Fate, request: Request[_T]) -> _T:
        """Take a call in, on the platform's side."""
        loop, hall = self._hall.loop, self._hall
        if fate == "throttle":
            wait = loop.random.choice((1.0, 5.0, 30.0))
            raise RateLimitedError(hall.name, retry_after=wait)
        if fate in ("error", "lost"):
            if fate == "lost":
                await loop.delay(1.0, 20.0)
            raise AmbiguousSendError(hall.name, "internal_error")
        if request.payload is not None and hall.refuses(request.payload):
            loop.happened["platform: content refused"] += 1
            hall.troubled_at = loop.time()
            hall.refused[request.surface] = None
            if request.message is not None:
                request.message.refused = True
            raise request.refusal(hall.name, "invalid_blocks")
        if fate == "late":
            loop.world.spawn(self._late(request))
            raise AmbiguousSendError(hall.name, "reset")
        answer = request.carry_out()
        if fate == "answer lost":
            raise AmbiguousSendError(hall.name, "no_answer")
        return answer

    async def _late(self, request: Request[Any]) -> None:
        """Carry out what the bot has given up on."""
        self._hall.under_way += 1
        await asyncio.sleep(self._hall.loop.random.uniform(0.1, LATE))
        self._hall.under_way -= 1
        with suppress(PlatformError):
            request.carry_out()
            self._hall.diary.write("world", "{} changed late", request.words)
