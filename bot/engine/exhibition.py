"""What a process shows: all its exhibits, by surface and by turn."""

from collections.abc import Callable, Mapping

from bot.engine.exhibit import Exhibit
from bot.protocol.ids import SurfaceId, TurnId
from bot.view.project import ForApprover


class Exhibition:
    """All surfaces of the turns that this process owns."""

    def __init__(self) -> None:
        self._all: dict[SurfaceId, Exhibit] = {}
        self._of_turn: dict[TurnId, dict[SurfaceId, Exhibit]] = {}

    def __getitem__(self, surface: SurfaceId) -> Exhibit:
        """Return the exhibit of a surface that is shown here."""
        return self._all[surface]

    def of(self, turn_id: TurnId) -> Mapping[SurfaceId, Exhibit]:
        """Return a turn's, by surface."""
        return self._of_turn.get(turn_id, {})

    def all_are(self, so: Callable[[SurfaceId], bool], turn_id: TurnId) -> bool:
        """Whether all of a turn's have a place, or can have none, and are so."""
        mine = self.of(turn_id).items()
        return all(exhibit.homed and so(surface) for surface, exhibit in mine)

    def add(self, exhibit: Exhibit) -> None:
        """Show one more."""
        self._all[exhibit.surface_id] = exhibit
        mine = self._of_turn.setdefault(exhibit.state.turn_id, {})
        mine[exhibit.surface_id] = exhibit

    def drop(self, turn_id: TurnId) -> Mapping[SurfaceId, Exhibit]:
        """Show a turn no more; return what was shown of it."""
        gone = self._of_turn.pop(turn_id, {})
        for surface in gone:
            self._all.pop(surface, None)
        return gone

    def knows(self, exhibit: Exhibit) -> bool:
        """Whether it was not forgotten, nor taken over anew, meanwhile."""
        return self._all.get(exhibit.surface_id) is exhibit

    def waits(self, exhibit: Exhibit) -> bool:
        """Whether another message has to be there first."""
        first = self._all.get(exhibit.comes_after) if exhibit.comes_after else None
        return first is not None and first.receipt is None and not first.hopeless

    def follow(self, exhibit: Exhibit) -> None:
        """Let a reminder go where its card is."""
        if exhibit.plan.role == "reminder":
            card = self._all.get(exhibit.plan.after) if exhibit.plan.after else None
            exhibit.follow(card)

    def to_own_up(self, lost: Exhibit) -> list[Exhibit]:
        """Return what says now that a decider's card cannot be shown, if it is one."""
        whose = lost.plan.audience
        if not isinstance(whose, ForApprover):
            return []
        mine = self.of(lost.state.turn_id).values()
        owning_up = [each for each in mine if each.plan.role == "progress"]
        for each in owning_up:
            each.own_up(whose)
        return owning_up

    def to_take_back(self, shown: Exhibit) -> list[Exhibit]:
        """Return what has said that a decider's card cannot be shown, which is now."""
        whose = shown.plan.audience
        mine = self.of(shown.state.turn_id).values()
        wrong = [each for each in mine if whose in each.unasked]
        for each in wrong:
            each.take_back(whose)
        return wrong

    def beside(self, exhibit: Exhibit) -> list[Exhibit]:
        """Return what else is shown of its conversation."""
        here = exhibit.claim.conversation_id
        others = [each for each in self._all.values() if each is not exhibit]
        return [each for each in others if each.claim.conversation_id == here]
