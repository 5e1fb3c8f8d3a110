"""Show calls while their arguments are still being written.

Such a step says what is already known, a few times a second at most. The call takes it
over in place once it is complete; where the reply breaks off instead, or leaves it
out, the step goes away, because nothing was asked for.
"""

from collections.abc import Sequence

from bot.clock import Clock
from bot.engine.runner import Runner
from bot.ports.agent import Agents, CallGrows
from bot.protocol import events as ev
from bot.protocol.ids import CallId, FrameId, ItemId
from bot.turn.state import GROWS

PAUSE = 0.25
"""Seconds between two changes of what a step says."""


class Growing:
    """The growing calls of one attempt at a reply."""

    def __init__(
        self,
        runner: Runner,
        agents: Agents,
        clock: Clock,
        *,
        frame_id: FrameId,
    ) -> None:
        self._agents = agents
        self._clock = clock
        self._frame_id = frame_id
        self._before = [
            item
            for item in runner.state.items
            if item.frame_id == frame_id and GROWS in item.data
        ]
        """Of attempts before this one: some may be of an owner that is gone."""
        self._titles: dict[CallId, str] = {}
        self._changed_at: dict[CallId, float] = {}

    def leftovers(self) -> Sequence[ev.TurnEvent]:
        """Return the end of the steps that attempts before this one left."""
        return tuple(
            ev.ItemClosed(item_id=item.item_id, status="cancelled")
            for item in self._before
            if item.status == "open"
        )

    def grow(self, part: CallGrows) -> Sequence[ev.TurnEvent]:
        """Return what there is to say of a call that has grown."""
        title = self._agents.title(part.name, part.arguments)
        now = self._clock.monotonic()
        if part.call_id not in self._titles:
            self._titles[part.call_id] = title
            self._changed_at[part.call_id] = now
            return (self._opened(part, title),)
        if title == self._titles[part.call_id]:
            return ()
        if now - self._changed_at[part.call_id] < PAUSE:
            return ()
        self._titles[part.call_id] = title
        self._changed_at[part.call_id] = now
        return (ev.ItemPatched(item_id=self._item(part.call_id), title=title),)

    def taken_over(self, call_id: CallId) -> None:
        """Leave a step to the call that is complete now."""
        self._titles.pop(call_id, None)

    def gone(self) -> Sequence[ev.TurnEvent]:
        """Return the end of the steps that no call took over."""
        left, self._titles = tuple(self._titles), {}
        return tuple(
            ev.ItemClosed(item_id=self._item(call_id), status="cancelled")
            for call_id in left
        )

    def _item(self, call_id: CallId) -> ItemId:
        before = sum(item.data[GROWS] == call_id for item in self._before)
        return ItemId(f"{call_id}-grows-{before + 1}")

    def _opened(self, part: CallGrows, title: str) -> ev.TurnEvent:
        spec = self._agents.spec(part.name)
        return ev.ItemOpened(
            item_id=self._item(part.call_id),
            frame_id=self._frame_id,
            kind="handoff" if spec and spec.handoff_to else "tool",
            title=title,
            data={GROWS: part.call_id, "tool": part.name},
        )
