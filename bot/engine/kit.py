"""What every part of the engine is built from; wired once, by the roof."""

from dataclasses import dataclass

from bot.clock import Clock
from bot.engine.delivery import Delivery
from bot.engine.log import LogWriter
from bot.engine.perform import Performer
from bot.engine.runner import Runner
from bot.engine.telemetry import Telemetry
from bot.ports.records import Records
from bot.ports.rows import Claim
from bot.ports.store import Store
from bot.turn.state import TurnState


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """The collaborators of a conversation."""

    store: Store
    clock: Clock
    writer: LogWriter
    performer: Performer
    delivery: Delivery
    records: Records
    telemetry: Telemetry

    def runner(
        self, state: TurnState, claim: Claim, *, damaged: bool = False
    ) -> Runner:
        """Return a runner for a turn of a claimed conversation.

        Args:
            state: The turn, as the log has it.
            claim: Of its conversation.
            damaged: Whether events after ``state`` are lost.
        """
        return Runner(
            state,
            claim,
            writer=self.writer,
            clock=self.clock,
            perform=self.performer,
            show=self.delivery.show,
            damaged=damaged,
        )
