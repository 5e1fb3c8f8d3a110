"""Who wants to know when turns may have become settled."""

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.protocol.ids import TurnId


@dataclass(frozen=True, slots=True, eq=False)
class _Watcher:
    turns: frozenset[TurnId]
    tell: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Watchers:
    """They are told in the order in which they came."""

    _all: dict[_Watcher, None] = field(default_factory=dict[_Watcher, None])

    @contextmanager
    def watching(
        self, turns: Collection[TurnId], tell: Callable[[], None]
    ) -> Generator[None]:
        """Call ``tell`` whenever something happened to one of ``turns``."""
        watcher = _Watcher(frozenset(turns), tell)
        self._all[watcher] = None
        try:
            yield
        finally:
            del self._all[watcher]

    def tell(self, turn_id: TurnId) -> None:
        """Tell those who watch this turn."""
        for watcher in tuple(self._all):
            if turn_id in watcher.turns:
                watcher.tell()
