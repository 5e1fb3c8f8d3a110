"""What must hold of messages that grow: they are closed in time, whatever happens."""

from collections.abc import Callable, Mapping

from bot.protocol.ids import ConversationId, PlatformName
from tests.simulation.company import TENANT
from tests.simulation.database import Commit
from tests.simulation.halls import STREAM_LIFE, Hall, Message
from tests.simulation.invariants import BrokenError, Chronicle, require
from tests.simulation.loop import SimLoop
from tests.simulation.tables import Tables

IN_TIME: Mapping[PlatformName, float] = {"slack": 45.0, "teams": 15.0}
"""Seconds before a stream's death by which whoever looks after it has closed it; that is
some time after the adapter's own limit."""
QUIET = 120.0
"""Seconds after a call that went wrong for which lanes may rest."""
OUTLIVES = 20.0
"""Seconds for which a stream may stay open though its turn has ended."""


class StreamWatch:
    """Looks at streams that outlive their turns, and that a platform had to end itself.

    Args:
        loop: The simulation.
        chronicle: What is committed.
        tables: Who owns what.
        halls: The platforms.
        looked_after: Whether somebody sees to a conversation since some time.
    """

    def __init__(
        self,
        loop: SimLoop,
        chronicle: Chronicle,
        tables: Tables,
        halls: Mapping[PlatformName, Hall],
        looked_after: Callable[[ConversationId, float], bool],
    ) -> None:
        self._loop = loop
        self._chronicle = chronicle
        self._tables = tables
        self._halls = halls
        self._looked_after = looked_after
        self._open: dict[str, Message] = {}
        self._outlived_since: dict[str, float] = {}
        """When an open stream's turn was first seen to have ended."""
        for hall in halls.values():
            hall.mourners.append(self._died)
            hall.viewers.append(self._seen)

    def committed(self, _commit: Commit) -> None:
        """Look for streams that go on though their turns have ended.

        With every commit, and no timer of its own: what a seed stands for stays.
        """
        for name, message in list(self._open.items()):
            if not message.streams or message.deleted:
                del self._open[name]
            elif self._has_ended(message):
                self._goes_on(message, self._outlived_since.setdefault(name, self._now))

    @property
    def _now(self) -> float:
        return self._loop.time()

    def _seen(self, message: Message) -> None:
        if message.streams:
            self._open[message.receipt.message_id] = message

    def _has_ended(self, message: Message) -> bool:
        """Whether its turn has, and whoever looks after it knows the message."""
        row = self._tables.surface.rows.get((TENANT, message.surface))
        if row is None or row.receipt is None or row.error:
            return False
        story = self._chronicle.of(row.turn_id)
        mine = row.receipt.message_id == message.receipt.message_id
        return mine and story is not None and story.state.ending is not None

    def _goes_on(self, message: Message, since: float) -> None:
        to = message.receipt.address
        hall, lately = self._halls[to.platform], self._now - OUTLIVES
        if since > lately or hall.troubled_at > lately - QUIET:
            return
        require(
            not self._looked_after(to.conversation_id, lately),
            "a stream is closed in time",
            f"{message.receipt.message_id} goes on {self._now - since:.0f} s after "
            "its turn's end",
        )

    def _died(self, message: Message) -> None:
        """An open stream is closed before the platform ends it, if anybody is there."""
        to = message.receipt.address
        since = self._loop.time() - IN_TIME[to.platform]
        hall = self._halls[to.platform]
        known = any(
            row.receipt and row.receipt.message_id == message.receipt.message_id
            for row in self._tables.surface.rows.values()
        )
        if message.deleted or not known:
            return  # where it cannot be found again, nobody knows of it
        if hall.troubled_at > since - QUIET:
            return
        if self._looked_after(to.conversation_id, since):
            self._loop.fail(
                BrokenError(
                    "a stream is closed in time",
                    f"{message.receipt.message_id} was open for "
                    f"{STREAM_LIFE[to.platform]} s",
                )
            )
