"""Simulated chat platforms: what people see, and every way in which a call goes wrong.

A `Hall` is one platform, with all that is shown on it; it outlives the bots. Each bot
has a `SimPlatform` of its own, a wire to the hall. The one called ``slack`` can be asked
what was posted, once its history has caught up; the one called ``teams`` cannot.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zlib import crc32

from typing_extensions import override

from adapters.slack.lanes import lanes_for
from adapters.slack.limits import HISTORY_LAG
from adapters.teams.lanes import lanes_of
from bot.clock import Clock
from bot.errors import (
    AmbiguousSendError,
    MessageGoneError,
    PlatformError,
    RateLimitedError,
)
from bot.pacing.lanes import Lane, Window
from bot.ports.surface import Operation, Payload, Platform, Receipt
from bot.protocol.ids import PlatformName, SurfaceId, replacement_of
from bot.protocol.inbound import Address, UserRef
from bot.view.nodes import TurnView
from tests.simulation.company import PEOPLE, workspace_of
from tests.simulation.diary import Diary
from tests.simulation.loop import SimLoop
from tests.simulation.network import Wire
from tests.simulation.process import SimProcess
from tests.simulation.recipe import PlatformTrouble, Recipe

TIMEOUT = 8.0
"""Seconds after which a bot gives up on a call."""
LATE = 3.0
"""Seconds after which a call that was given up on may still arrive."""
SHOWN_IN_HISTORY = 8.0
"""Seconds until a post can be found."""
NARROW = (Window(3, 6.0),)
"""So little does a narrow platform allow."""


@dataclass(slots=True, kw_only=True)
class Message:
    """A message as people see it."""

    receipt: Receipt
    surface: SurfaceId
    mark: SurfaceId
    """By which it is found."""
    posted_at: float
    payload: Payload
    deleted: bool = False
    """By a person."""
    refused: bool = False
    """Whether the platform refused to change it: it may be replaced by another."""

    @property
    def view(self) -> TurnView:
        """What it shows."""
        return self.payload.body["view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A call that reached the platform and was carried out, or refused for good."""

    process: SimProcess
    operation: Operation
    surface: SurfaceId
    payload: Payload
    message: Message | None
    """What it is about, before the call; ``None`` for a post."""


@dataclass(slots=True)
class Hall:
    """One platform."""

    name: PlatformName
    loop: SimLoop
    recipe: Recipe
    diary: Diary
    trouble: float
    """Chance that a call goes wrong; 0 from the moment when the world heals."""
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    of_surface: dict[SurfaceId, list[Message]] = field(
        default_factory=dict[SurfaceId, list[Message]]
    )
    watchers: list[Callable[[Arrival], None]] = field(
        default_factory=list[Callable[[Arrival], None]]
    )
    """Called before what arrived is carried out."""
    callers: list[Callable[[SimProcess, tuple[Lane, ...]], None]] = field(
        default_factory=list[Callable[[SimProcess, tuple[Lane, ...]], None]]
    )
    """Called with every call that is counted, when it is."""
    viewers: list[Callable[[Message], None]] = field(
        default_factory=list[Callable[[Message], None]]
    )
    """Called when people see something new."""
    refused: dict[SurfaceId, None] = field(default_factory=dict[SurfaceId, None])
    """Surfaces of which some content was not taken: they may be shown bare."""
    under_way: int = 0
    """Calls that may still change something."""

    def of(self, surface: SurfaceId) -> list[Message]:
        """Return a surface's messages, oldest first, deleted ones too."""
        return self.of_surface.get(surface, [])

    def refuses(self, payload: Payload) -> bool:
        """Whether this platform never takes this content."""
        if not self.trouble or self.recipe.platform_trouble < 0.1:
            return False
        view: TurnView = payload.body["view"]
        words = f"{self.recipe.seed} {view.text} {view.headline}"
        return crc32(words.encode("utf-8", "replace")) % 40 == 0

    def post(self, to: Address, payload: Payload, mark: SurfaceId) -> Receipt:
        """Show a new message."""
        surface = surface_of(mark)
        message_id = f"{self.name}-{len(self.messages) + 1}"
        receipt = Receipt(message_id=message_id, address=to)
        message = Message(
            receipt=receipt,
            surface=surface,
            mark=mark,
            posted_at=self.loop.time(),
            payload=payload,
        )
        self.messages[message_id] = message
        self.of_surface.setdefault(surface, []).append(message)
        self._seen(message)
        return receipt

    def edit(self, message: Message, payload: Payload) -> None:
        """Show something else in a message."""
        message.payload = payload
        self._seen(message)

    def _seen(self, message: Message) -> None:
        for tell in self.viewers:
            tell(message)

    def find(self, to: Address, mark: SurfaceId) -> Receipt | None:
        """Return the newest message with this mark that history shows."""
        readable = self.loop.time() - SHOWN_IN_HISTORY
        found = [
            message.receipt
            for message in self.of(surface_of(mark))
            if message.mark == mark
            and not message.deleted
            and message.posted_at <= readable
            and message.receipt.address.channel == to.channel
        ]
        return found[-1] if found else None


class SimPlatform(Platform):
    """One bot's way to a `Hall`."""

    name: PlatformName
    history_lag: float | None

    def __init__(self, hall: Hall, process: SimProcess, clock: Clock) -> None:
        self.name = hall.name
        self.history_lag = HISTORY_LAG if hall.name == "slack" else None
        self._hall = hall
        self._process = process
        self._clock = clock
        self._wire = Wire(hall.loop, 0.03, 0.3)

    @property
    @override
    def workspace(self) -> str:
        return workspace_of(self.name)

    @override
    def render(self, view: TurnView) -> Payload:
        # When it was made is kept, because what a view says may depend on the time.
        body = {"view": view, "at": self._clock.now()}
        return Payload(body, str(hash(view)))

    @override
    def lanes(self, operation: Operation, address: Address) -> tuple[Lane, ...]:
        known = lanes_of(address)
        if self.name == "slack":
            known = lanes_for(operation, address)
        if not self._hall.recipe.narrow:
            return known
        return tuple(
            Lane(key=lane.key, windows=NARROW, reserve=lane.reserve) for lane in known
        )

    @override
    async def open_direct(self, user: UserRef, known: Address | None) -> Address:
        await self._hall.loop.delay(0.02, 0.2)
        return known or direct(user)

    @override
    async def post(
        self, to: Address, payload: Payload, *, surface: SurfaceId
    ) -> Receipt:
        def carry_out() -> Receipt:
            self._arrive("post", surface_of(surface), payload)
            return self._hall.post(to, payload, surface)

        lanes = self.lanes("post", to)
        return await self._call(payload, carry_out, lanes, surface=surface)

    @override
    async def edit(self, receipt: Receipt, payload: Payload) -> Receipt:
        def carry_out() -> Receipt:
            message = self._hall.messages[receipt.message_id]
            self._arrive("edit", message.surface, payload, message)
            if message.deleted:
                raise MessageGoneError(self.name, "gone", receipt.message_id)
            self._hall.edit(message, payload)
            return receipt

        message = self._hall.messages[receipt.message_id]
        lanes = self.lanes("edit", receipt.address)
        mark = message.mark
        return await self._call(
            payload, carry_out, lanes, surface=mark, message=message
        )

    @override
    async def find_post(
        self, to: Address, *, surface: SurfaceId, since: datetime
    ) -> Receipt | None:
        del since  # clocks differ
        if self.history_lag is None:
            return None

        async def look() -> Receipt | None:
            return self._hall.find(to, surface)

        if self._hall.loop.chance(self._hall.trouble):
            raise AmbiguousSendError(self.name, "no_answer")
        return await self._wire.call(look)

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

    # ------------------------------------------------------------------------- calling

    def _arrive(
        self,
        operation: Operation,
        surface: SurfaceId,
        payload: Payload,
        message: Message | None = None,
    ) -> None:
        arrival = Arrival(
            process=self._process,
            operation=operation,
            surface=surface,
            payload=payload,
            message=message,
        )
        for tell in self._hall.watchers:
            tell(arrival)

    async def _call(
        self,
        payload: Payload,
        carry_out: Callable[[], Receipt],
        lanes: tuple[Lane, ...],
        *,
        surface: SurfaceId,
        message: Message | None = None,
    ) -> Receipt:
        loop = self._hall.loop
        fate: PlatformTrouble | Literal["fine"] = "fine"
        if loop.chance(self._hall.trouble):
            fate = loop.random.choice(self._hall.recipe.platform_troubles)
            loop.happened[f"platform: {fate}"] += 1
        self._hall.under_way += 1
        name, diary = self._process.name, self._hall.diary
        what = f"edit {message.receipt.message_id}" if message else f"post {surface}"
        diary.write(name, "{} on {} ({})", what, lanes[-1].key, fate)

        async def serve() -> Receipt:
            try:
                for tell in self._hall.callers:
                    tell(self._process, lanes)
                return await self._serve(
                    fate, payload, carry_out, surface=surface, message=message
                )
            finally:
                self._hall.under_way -= 1

        try:
            async with asyncio.timeout(TIMEOUT):
                receipt = await self._wire.call(serve)
        except PlatformError as error:
            diary.write(name, "{} failed: {}", what, error)
            raise
        except TimeoutError:
            diary.write(name, "{} was given up", what)
            raise AmbiguousSendError(self.name, "no_answer") from None
        diary.write(name, "{} done: {}", what, receipt.message_id)
        return receipt

    async def _serve(
        self,
        fate: PlatformTrouble | Literal["fine"],
        payload: Payload,
        carry_out: Callable[[], Receipt],
        *,
        surface: SurfaceId,
        message: Message | None,
    ) -> Receipt:
        """Take a call in, on the platform's side."""
        loop = self._hall.loop
        if fate == "throttle":
            wait = loop.random.choice((1.0, 5.0, 30.0))
            raise RateLimitedError(self.name, retry_after=wait)
        if fate in ("error", "lost"):
            if fate == "lost":
                await loop.delay(1.0, 20.0)
            raise AmbiguousSendError(self.name, "internal_error")
        if self._hall.refuses(payload):
            loop.happened["platform: content refused"] += 1
            self._hall.refused[surface_of(surface)] = None
            if message is not None:
                message.refused = True
            raise PlatformError(self.name, "invalid_blocks")
        if fate == "late":
            loop.world.spawn(self._late(carry_out))
            raise AmbiguousSendError(self.name, "reset")
        receipt = carry_out()
        if fate == "answer lost":
            raise AmbiguousSendError(self.name, "no_answer")
        return receipt

    async def _late(self, carry_out: Callable[[], Receipt]) -> None:
        """Carry out what the bot has given up on."""
        self._hall.under_way += 1
        await asyncio.sleep(self._hall.loop.random.uniform(0.1, LATE))
        self._hall.under_way -= 1
        with suppress(PlatformError):
            receipt = carry_out()
            self._hall.diary.write("world", "{} changed late", receipt.message_id)


def surface_of(mark: SurfaceId) -> SurfaceId:
    """Return the surface of which a message with this mark is one."""
    return SurfaceId(mark.removesuffix(replacement_of(SurfaceId(""))))


def direct(user: UserRef) -> Address:
    """Return the chat of a person with the bot."""
    return Address(
        platform=user.platform,
        workspace=user.workspace,
        channel=f"D-{user.user_id}",
        user=user.user_id,
        personal=True,
    )
