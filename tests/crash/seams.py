"""The seams of a worker with a fuse in each: store, platforms, agents.

Platforms and agents are passed through by name, not method by method, so that a
call which a port gains is crossed like the others.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from typing_extensions import override

from bot.app.build import Seams
from bot.errors import AmbiguousSendError, StoreUnavailableError
from bot.ports.agent import Agents, Part, Question, Replied
from bot.ports.store import Point, Store, Transaction
from bot.ports.surface import Platform
from bot.protocol.ids import ConversationId
from tests.crash.fuse import AGENT_CALLS, AGENT_STREAMS, PLATFORM_CALLS, Fuse


def seams_with(fuse: Fuse) -> Seams:
    """Return seams that cross ``fuse`` at every place."""
    return Seams(
        store=lambda store: CrashingStore(store, fuse),
        platform=lambda platform: cast("Platform", _Platform(platform, fuse)),
        agents=lambda agents: cast("Agents", _Agents(agents, fuse)),
    )


class CrashingStore(Store):
    """A store whose transactions can be the last thing that a process does."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse

    @override
    @asynccontextmanager
    async def begin(self, point: Point) -> AsyncGenerator[Transaction]:
        async with self._store.begin(point) as tx:
            yield tx
            self._fuse.reach(point, "before")  # all is written, nothing committed
        self._fuse.reach(point, "after")
        if self._fuse.loses(point):
            raise StoreUnavailableError(f"the answer to {point} was lost")

    @override
    async def listen(
        self,
        hear: Callable[[ConversationId], None],
        *,
        on_connect: Callable[[], None],
    ) -> None:
        await self._store.listen(hear, on_connect=on_connect)


class _Platform:
    """A platform whose calls can be the last thing that a process does."""

    def __init__(self, platform: Platform, fuse: Fuse) -> None:
        self._platform = platform
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._platform, name)
        if name not in PLATFORM_CALLS:
            return found
        lost = AmbiguousSendError(self._platform.name, "lost", f"the answer to {name}")
        return _crossing(found, self._fuse, f"platform.{name}", lost)


class _Agents:
    """Agents whose calls can be the last thing that a process does."""

    def __init__(self, agents: Agents, fuse: Fuse) -> None:
        self._agents = agents
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._agents, name)
        if name not in AGENT_CALLS:
            return found
        if name in AGENT_STREAMS:
            return _told(found, self._fuse, f"agents.{name}")
        lost = ConnectionResetError(f"the answer to {name} was lost")
        return _crossing(found, self._fuse, f"agents.{name}", lost)


def _told(
    ask: Callable[[Question], AsyncIterator[Part]], fuse: Fuse, place: str
) -> Callable[[Question], AsyncIterator[Part]]:
    """Pass the parts on; the answer is there when the last of them is."""

    async def told(question: Question) -> AsyncIterator[Part]:
        fuse.reach(place, "before")
        async for part in ask(question):
            if isinstance(part, Replied):
                fuse.reach(place, "after")
                if fuse.loses(place):
                    raise ConnectionResetError("the last part was lost")
            yield part

    return told


def _crossing(
    call: Callable[..., Awaitable[Any]], fuse: Fuse, place: str, lost: Exception
) -> Callable[..., Awaitable[Any]]:
    async def crossed(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any call
        with fuse.crossing(place, lambda: lost):
            return await call(*args, **kwargs)

    return crossed
