"""What people did, and what they were told: promises that the bot has to keep."""

from dataclasses import dataclass, field

from bot.ports.inbox import Acceptance
from bot.protocol.ids import TurnId
from bot.protocol.inbound import Decided, Inbound, Said, Stopped


@dataclass(slots=True)
class Promises:
    """What people did, and what they were told."""

    said: dict[str, Said] = field(default_factory=dict[str, Said])
    accepted: dict[str, None] = field(default_factory=dict[str, None])
    """Keys of what was said and taken in."""
    decided: dict[str, Decided] = field(default_factory=dict[str, Decided])
    """Presses that were told that they count, by key."""

    stopped: dict[tuple[TurnId, str], None] = field(
        default_factory=dict[tuple[TurnId, str], None]
    )
    """Turns that somebody pressed Stop on, with who."""

    def told(self, inbound: Inbound, answer: Acceptance | None) -> None:
        """Take note of something that somebody did, or of its answer."""
        match inbound:
            case Said():
                self.said[inbound.said_key] = inbound
                if answer and answer.outcome in ("accepted", "duplicate"):
                    self.accepted[inbound.said_key] = None
            case Decided():
                if answer and answer.outcome == "decided":
                    self.decided[inbound.said_key] = inbound
            case Stopped():
                person = inbound.user.user_id.removeprefix("U-")
                self.stopped[inbound.turn_id, person] = None
            case _:
                pass
