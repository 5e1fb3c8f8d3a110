"""What must happen in time: a stop is obeyed, and who has lost a lease lets go."""

from collections.abc import Callable
from functools import partial

from bot.engine.letters import Letter
from bot.engine.worker import HEARTBEAT
from bot.ports.rows import Mail
from bot.protocol.ids import ConversationId, TurnId
from tests.simulation.bots import SimBot
from tests.simulation.database import Commit
from tests.simulation.invariants import Chronicle, require
from tests.simulation.loop import SimLoop
from tests.simulation.tables import ConversationRecord

STOP = 1.0
"""Seconds from the commit of a stop to that of the turn's end."""
LET_GO = HEARTBEAT + 1.5
"""Seconds until a bot has learned from a heartbeat that a conversation is not its."""


class StopWatch:
    """Looks at every stop a second later, and at every lost lease a while later.

    Args:
        loop: The simulation.
        chronicle: What is committed.
        bots: Who is there; may change.
        looked_after: Whether somebody sees to a conversation, and nothing bad has
            happened since some time.
        answered_since: Since when a bot runs and its database answers.
    """

    def __init__(
        self,
        loop: SimLoop,
        chronicle: Chronicle,
        *,
        bots: Callable[[], list[SimBot]],
        looked_after: Callable[[ConversationId, float], bool],
        answered_since: Callable[[SimBot], float],
    ) -> None:
        self._loop = loop
        self._chronicle = chronicle
        self._bots = bots
        self._looked_after = looked_after
        self._answered_since = answered_since
        self.stops = 0

    def committed(self, commit: Commit) -> None:
        """Look for letters that say stop, and for conversations that change hands."""
        for change in commit.changes:
            if change.table == "mailbox" and change.before is None:
                self._delivered(change.key[1], change.after)
            elif change.table == "conversation" and change.before is not None:
                self._changed(change.key[1], change.before, change.after)

    def _later(self, seconds: float, look: Callable[[], None]) -> None:
        self._loop.call_later(seconds, look, context=self._loop.world.context())

    # ------------------------------------------------------------------------- a stop

    def _delivered(self, name: ConversationId, mail: Mail) -> None:
        if mail.kind != "stop":
            return
        self.stops += 1
        now = self._loop.time()
        if self._looked_after(name, now):
            turn_id = Letter.model_validate_json(mail.body).turn_id
            self._later(STOP, partial(self._obeyed, name, turn_id, now))

    def _obeyed(self, name: ConversationId, turn_id: TurnId, since: float) -> None:
        story = self._chronicle.of(turn_id)
        if story is None or not self._looked_after(name, since):
            return
        require(
            story.state.ending is not None,
            "a stop takes a second",
            f"the turn is {story.state.phase} a second later",
            turn_id,
        )

    # ------------------------------------------------------------------- a lost lease

    def _changed(
        self, name: ConversationId, old: ConversationRecord, new: ConversationRecord
    ) -> None:
        if old.worker_id is None or new.worker_id in (None, old.worker_id):
            return
        for bot in self._bots():
            if bot.name == old.worker_id:
                self._later(LET_GO, partial(self._let_go, bot, name, old.fence))

    def _let_go(self, bot: SimBot, name: ConversationId, fence: int) -> None:
        if not bot.alive or bot.fence_of(name) != fence:
            return
        if self._loop.time() < self._answered_since(bot) + LET_GO:
            self._later(LET_GO, partial(self._let_go, bot, name, fence))
            return
        require(
            False,  # noqa: FBT003 - looked at above
            "nobody works on what they do not own",
            f"{bot.name} still holds {name} with the fence {fence}",
        )
