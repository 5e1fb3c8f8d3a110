"""Where newer states of turns come from, for who is about to show one.

Text is committed a little at a time. Whoever sends a message lets what was said until
now be committed first, so that what is shown is as new as it can be.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.protocol.ids import TurnId

CatchUp: TypeAlias = Callable[[], Awaitable[None]]
"""Commits and applies what was said until now; takes a moment at most."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The turns that run in this process."""

    _all: dict[TurnId, CatchUp] = field(default_factory=dict[TurnId, CatchUp])

    @contextmanager
    def running(self, turn_id: TurnId, catch_up: CatchUp) -> Generator[None]:
        """Let a turn be asked for what is new while the block runs."""
        self._all[turn_id] = catch_up
        try:
            yield
        finally:
            del self._all[turn_id]

    async def catch_up(self, turn_id: TurnId) -> None:
        """Return when what was said until now is committed, if anything runs."""
        if catch_up := self._all.get(turn_id):
            await catch_up()
