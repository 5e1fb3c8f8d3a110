"""What tools change in the simulated world, and who is told of it.

Each call's effect has a key. A key counts how often its effect happened; a key that was
settled as "did not happen" is void, and whoever comes later is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.errors import EffectVoidedError
from bot.protocol.ids import TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An effect that is about to happen."""

    key: str
    tool: str
    effect: str
    turn_id: TurnId
    call_id: str


@dataclass(slots=True)
class Works:
    """The systems of record that tools change."""

    happened: dict[str, int] = field(default_factory=dict[str, int])
    """How often the effect of each key happened."""
    void: dict[str, None] = field(default_factory=dict[str, None])
    deeds: dict[str, Deed] = field(default_factory=dict[str, Deed])
    tickets: dict[str, str] = field(default_factory=dict[str, str])
    """Reference by key."""
    watchers: list[Callable[[Deed], None]] = field(
        default_factory=list[Callable[[Deed], None]]
    )
    """Called just before an effect happens."""

    def perform(self, deed: Deed) -> str:
        """Let an effect happen and return its reference.

        Under an idempotent key it happens once, however often it is asked for.

        Raises:
            EffectVoidedError: The key was settled before; nothing happened.
        """
        if deed.key in self.void:
            raise EffectVoidedError(deed.key)
        if deed.effect == "idempotent" and deed.key in self.happened:
            return self.reference(deed.key)
        self.deeds[deed.key] = deed
        for tell in self.watchers:
            tell(deed)
        self.happened[deed.key] = self.happened.get(deed.key, 0) + 1
        return self.reference(deed.key)

    def settle(self, key: str) -> bool:
        """Return whether the effect happened; if not, it never will."""
        if key in self.happened:
            return True
        self.void[key] = None
        return False

    def look(self, key: str) -> bool:
        """Return whether the effect happened so far; it still may."""
        return key in self.happened

    def open_ticket(self, key: str) -> str:
        """Open a ticket, once per key."""
        return self.tickets.setdefault(key, f"IT-{len(self.tickets) + 1}")

    @staticmethod
    def reference(key: str) -> str:
        """Return what people can quote."""
        return f"REF-{key[:8]}"
