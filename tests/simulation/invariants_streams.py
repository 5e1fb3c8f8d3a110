"""What must hold of messages that grow: they are closed in time, whatever happens."""

from collections.abc import Callable, Mapping

from bot.protocol.ids import ConversationId, PlatformName
from tests.simulation.halls import STREAM_LIFE, Hall, Message
from tests.simulation.invariants import BrokenError
from tests.simulation.loop import SimLoop
from tests.simulation.tables import Tables

IN_TIME: Mapping[PlatformName, float] = {"slack": 45.0, "teams": 15.0}
"""Seconds before a stream's death by which whoever looks after it has closed it; that is
some time after the adapter's own limit."""
QUIET = 120.0
"""Seconds after a call that went wrong for which lanes may rest."""


class StreamWatch:
    """Looks at every stream that a platform had to end itself.

    Args:
        loop: The simulation.
        tables: Who owns what.
        halls: The platforms.
        looked_after: Whether somebody sees to a conversation since some time.
    """

    def __init__(
        self,
        loop: SimLoop,
        tables: Tables,
        halls: Mapping[PlatformName, Hall],
        looked_after: Callable[[ConversationId, float], bool],
    ) -> None:
        self._loop = loop
        self._tables = tables
        self._halls = halls
        self._looked_after = looked_after
        for hall in halls.values():
            hall.mourners.append(self._died)

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
