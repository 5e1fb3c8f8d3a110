"""Stop takes effect within a second of being taken in, when nothing else is wrong."""

from collections.abc import Callable

from bot.engine.letters import Letter
from bot.protocol.ids import TurnId
from tests.simulation.database import Commit
from tests.simulation.invariants import Chronicle, require
from tests.simulation.loop import SimLoop

LIMIT = 1.0
"""Seconds from the commit of the letter to that of the turn's end."""
CALM_FOR = 10.0
"""Seconds without mishaps before a stop that must be obeyed in time."""


class StopWatch:
    """Looks at every stop a second later.

    Args:
        loop: The simulation.
        chronicle: What is committed.
        calm_since: Since when nothing bad happened; infinity while something does.
    """

    def __init__(
        self, loop: SimLoop, chronicle: Chronicle, calm_since: Callable[[], float]
    ) -> None:
        self._loop = loop
        self._chronicle = chronicle
        self._calm_since = calm_since
        self.stops = 0

    def committed(self, commit: Commit) -> None:
        """Look for letters that say stop."""
        for change in commit.changes:
            if change.table != "mailbox" or change.after is None:
                continue
            if change.before is not None or change.after.kind != "stop":
                continue
            letter = Letter.model_validate_json(change.after.body)
            self.stops += 1
            self._loop.call_later(
                LIMIT,
                self._look,
                letter.turn_id,
                context=self._loop.world.context(),
            )

    def _look(self, turn_id: TurnId) -> None:
        story = self._chronicle.of(turn_id)
        if story is None or self._loop.time() - self._calm_since() < CALM_FOR:
            return
        require(
            story.state.ending is not None,
            "a stop takes a second",
            f"the turn is {story.state.phase} a second later",
            turn_id,
        )
