"""Simulated chat platforms, as one bot reaches them.

A `Hall` is one platform, with all that is shown on it; it outlives the bots. Each bot
has a `SimPlatform` of its own, a wire to the hall. The one called ``slack`` can be asked
what was posted, once its history has caught up; the one called ``teams`` cannot.
"""

from contextlib import suppress
from datetime import datetime
from typing import cast

from typing_extensions import override

from adapters.slack import history
from adapters.slack.escape import stable_prefix
from adapters.slack.lanes import lanes_for
from adapters.slack.limits import HISTORY_LAG
from adapters.slack.sessions import Sessions
from adapters.slack.stream import SlackStreams
from adapters.slack.stream_content import with_stream
from adapters.slack.web import WebApi
from adapters.teams.connector import Connector
from adapters.teams.draft import with_draft
from adapters.teams.lanes import lanes_of
from adapters.teams.stream import TeamsStreams
from bot.clock import Clock
from bot.errors import AmbiguousSendError, MessageGoneError, StillStreamingError
from bot.pacing.lanes import Lane, Window
from bot.ports.streaming import Streams
from bot.ports.surface import Operation, Payload, Platform, Receipt
from bot.protocol.ids import PlatformName, SurfaceId
from bot.protocol.inbound import Address, UserRef
from bot.view.nodes import TurnView
from tests.simulation.calls import Calls, Request
from tests.simulation.company import PEOPLE, workspace_of
from tests.simulation.halls import Hall, direct, surface_of
from tests.simulation.process import SimProcess
from tests.simulation.recipe import Recipe
from tests.simulation.streams import SimStreams
from tests.simulation.streams_slack import SlackWire
from tests.simulation.streams_teams import TeamsWire

NARROW = (Window(3, 6.0),)
"""So little does a narrow platform allow."""


class SimPlatform(Platform):
    """One bot's way to a `Hall`."""

    name: PlatformName
    history_lag: float | None

    def __init__(self, hall: Hall, process: SimProcess, clock: Clock) -> None:
        self.name = hall.name
        self.history_lag = HISTORY_LAG if hall.name == "slack" else None
        self._hall = hall
        self._clock = clock
        self._calls = Calls(hall, process)
        self._slack = SlackWire(hall, self._calls)
        web = cast("WebApi", self._slack)
        self._streamed = SlackStreams(lambda: web, clock, Sessions(lambda: web, clock))
        self.streams = SimStreams(self._native(clock), hall.recipe, narrowed)

    def _native(self, clock: Clock) -> Streams:
        """Return the real adapter's streams, over a simulated wire."""
        if self.name == "slack":
            return self._streamed
        wire = TeamsWire(self._hall, self._calls)
        return TeamsStreams(cast("Connector", wire), clock)

    @property
    @override
    def workspace(self) -> str:
        return workspace_of(self.name)

    @override
    def render(self, view: TurnView) -> Payload:
        # When it was made is kept, because what a view says may depend on the time.
        body = {"view": view, "at": self._clock.now()}
        payload = Payload(body, str(hash(view)))
        if not self._hall.recipe.streams:
            return payload
        if self.name == "slack":
            return with_stream(payload, view, stable_prefix)
        return with_draft(payload, view)

    @override
    def lanes(self, operation: Operation, address: Address) -> tuple[Lane, ...]:
        recipe = self._hall.recipe
        known = lanes_of(address)
        if self.name == "slack":
            known = lanes_for(operation, address)
        known = narrowed(recipe, known)
        if operation == "edit" and recipe.streams == "needed":
            # Somebody else edits a great deal, so that streams promise more.
            scarce = Lane(key=f"{known[-1].key}/left of edits", windows=NARROW)
            return (scarce, *known)
        return known

    @override
    async def open_direct(self, user: UserRef, known: Address | None) -> Address:
        await self._hall.loop.delay(0.02, 0.2)
        return known or direct(user)

    @override
    async def post(
        self, to: Address, payload: Payload, *, surface: SurfaceId
    ) -> Receipt:
        def carry_out() -> Receipt:
            self._calls.arrive(request)
            return self._hall.post(to, payload, request.surface, surface)

        request = Request(
            operation="post",
            surface=surface_of(surface),
            payload=payload,
            carry_out=carry_out,
            lanes=self.lanes("post", to),
        )
        return await self._calls.send(request)

    @override
    async def edit(self, receipt: Receipt, payload: Payload) -> Receipt:
        try:
            return await self._edit(receipt, payload)
        except StillStreamingError:
            if self.name != "slack":
                raise
        # As the adapter does.
        with suppress(AmbiguousSendError):
            await self.streams.close(receipt, None, shown=None)
        return await self._edit(receipt, payload, again=True)

    async def _edit(
        self, receipt: Receipt, payload: Payload, *, again: bool = False
    ) -> Receipt:
        def carry_out() -> Receipt:
            self._calls.arrive(request)
            if message.deleted:
                raise MessageGoneError(self.name, "gone", receipt.message_id)
            if message.streams:
                code = "streaming_state_conflict"
                raise StillStreamingError(self.name, code, receipt.message_id)
            self._hall.edit(message, payload)
            message.mark = mark or message.mark
            return receipt.model_copy(update={"stream": None})

        mark = self._streamed.mark_due(receipt)
        message = self._hall.messages[receipt.message_id]
        request = Request(
            operation="edit",
            surface=message.surface,
            payload=payload,
            carry_out=carry_out,
            lanes=() if again else self.lanes("edit", receipt.address),
            message=message,
        )
        done = await self._calls.send(request)
        self._streamed.marked(receipt)
        return done

    @override
    async def find_post(
        self, to: Address, *, surface: SurfaceId, since: datetime
    ) -> Receipt | None:
        if self.history_lag is None:
            return None

        async def look() -> Receipt | None:
            if not self._hall.recipe.streams:
                return self._hall.find(to, surface)
            return await history.find(
                cast("WebApi", self._slack),
                None,
                to,
                surface=surface,
                since=since,
                whose=self._streamed.whose,
            )

        if self._hall.loop.chance(self._hall.trouble):
            raise AmbiguousSendError(self.name, "no_answer")
        return await self._calls.wire.call(look)

    @override
    async def find_user(self, user: UserRef, address: Address | None) -> UserRef:
        await self._hall.loop.delay(0.02, 0.2)
        for person in PEOPLE:
            if person.slack == user.user_id:
                known = {"name": person.name, "email": person.email}
                return user.model_copy(update=known)
        return user

    @override
    async def find_by_email(self, email: str) -> UserRef | None:
        return None


def narrowed(recipe: Recipe, lanes: tuple[Lane, ...]) -> tuple[Lane, ...]:
    """Return what a world allows of these budgets."""
    if not recipe.narrow:
        return lanes
    return tuple(
        Lane(key=lane.key, windows=NARROW, reserve=lane.reserve) for lane in lanes
    )
