"""What people said, and whether their platform was told that the bot has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.simulator.journal import Journal
from adapters.simulator.teams.limits import MESSAGE_RETRIES
from bot.protocol.ids import PlatformName


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that somebody said to the bot."""

    platform: PlatformName
    conversation: str
    """How the conversation's id ends."""
    text: str
    delivery: str
    """What the stand-in's journal calls it; in Teams, unique in the conversation."""

    @property
    def name(self) -> tuple[str, str]:
        """What it is called in the whole world."""
        return (self.conversation if self.platform == "teams" else "", self.delivery)


@dataclass(slots=True)
class Deliveries:
    """Everything said, in order, and what became of it on the way."""

    journal: Journal
    told: list[Told] = field(default_factory=list[Told])
    _read: int = 0
    _over: dict[tuple[str, str], bool] = field(
        default_factory=dict[tuple[str, str], bool]
    )
    """What is not delivered any more, and whether it was acknowledged."""

    def accepted(self, told: Told) -> bool:
        """Whether the bot said that it has it."""
        self._catch_up()
        return self._over.get(told.name, False)

    @property
    def settled(self) -> bool:
        """Whether everything said was acknowledged, or is given up."""
        self._catch_up()
        return all(told.name in self._over for told in self.told)

    def _catch_up(self) -> None:
        for change in self.journal.after(self._read):
            self._read = change.seq
            if change.kind == "delivery":
                self._note(change.body)

    def _note(self, body: Mapping[str, Any]) -> None:
        if body["platform"] == "slack":
            name, ok, last = ("", body["id"]), body["ok"], body["given_up"]
        else:
            name = (body["conversation"], body["activity"])
            ok = body["status"] is not None and 200 <= body["status"] < 300
            last = body["attempt"] > len(MESSAGE_RETRIES)
        if ok or last:
            self._over[name] = self._over.get(name, False) or ok
