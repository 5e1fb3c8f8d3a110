"""A chat platform in memory, for tests of the engine. Passes the platforms' contract.

What people see is in a `Hall`, which outlives processes; each process of the bot has
a `FakePlatform` of its own on it, so a test can tell who sent what.
"""

import asyncio
import hashlib
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Literal, TypeAlias

from pydantic import BaseModel
from typing_extensions import override

from bot.clock import Clock
from bot.errors import (
    AmbiguousSendError,
    MessageGoneError,
    PlaceClosedError,
    PlatformError,
    RateLimitedError,
    StillStreamingError,
)
from bot.pacing.lanes import Lane, Window
from bot.ports.streaming import StreamOperation
from bot.ports.surface import Operation, Payload, Platform, Receipt
from bot.protocol.ids import PlatformName, SurfaceId
from bot.protocol.inbound import Address, UserRef
from bot.view.nodes import TurnView
from tests.support.manual_clock import ManualClock
from tests.support.platforms import EMAIL, Loss, Shown, Venue

LONGEST = 20_000
"""Characters of one text; the rest is cut."""
CUT = "… (shortened)"
LAG = 3.0
"""Seconds until a post can be read back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled:
    """Too many calls."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The answer never comes."""

    applied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The platform does not want it."""

    code: str


@dataclass(slots=True)
class Gate:
    """Somebody who arrives waits until it is opened."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody who waited has gone on, or given up."""

    async def arrive(self) -> None:
        """Say that somebody is here and wait for `open`."""
        self.reached.set()
        try:
            await self.opened.wait()
        finally:
            self.left.set()

    def open(self) -> None:
        """Let everybody through, from now on."""
        self.opened.set()


Fault: TypeAlias = Throttled | Lost | Refused | Gate | PlatformError
"""An error is raised as it is; nothing is shown then."""
Doing: TypeAlias = Operation | StreamOperation


@dataclass(slots=True, kw_only=True)
class FakeMessage:
    """A message as it is shown now."""

    receipt: Receipt
    surface: SurfaceId
    posted_at: datetime
    payload: Payload
    history: list[Payload] = field(default_factory=list[Payload])
    """Everything it ever showed, oldest first."""
    ends_at: datetime | None = None
    """When the platform ends its stream; ``None``: it does not stream."""

    @property
    def view(self) -> TurnView:
        """What was rendered."""
        return self.payload.body["view"]

    @property
    def words(self) -> str:
        """Everything there is to read in it."""
        return "\n".join(_words(self.view))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One call that changed what people see."""

    by: str
    operation: Doing
    surface: SurfaceId
    view: TurnView


@dataclass(slots=True, kw_only=True)
class Hall:
    """What is shown on one platform, whoever sent it."""

    clock: Clock
    users: dict[str, UserRef] = field(default_factory=dict[str, UserRef])
    """Whom the platform knows, by id."""
    closed: set[str] = field(default_factory=set[str])
    """Channels that do not exist, or not any more."""
    disliked: set[str] = field(default_factory=set[str])
    """Words that the platform does not take."""
    frozen: set[str] = field(default_factory=set[str])
    """Messages that take no edits any more."""
    rates: dict[Operation, Window] = field(default_factory=dict[Operation, Window])
    """What its limits are, where not a thousand calls a second."""
    messages: dict[str, FakeMessage] = field(default_factory=dict[str, FakeMessage])
    sent: list[Sent] = field(default_factory=list[Sent])
    faults: defaultdict[Doing, deque[Fault]] = field(
        default_factory=lambda: defaultdict(deque[Fault])
    )
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _watchers: list[Callable[[], None]] = field(
        default_factory=list[Callable[[], None]]
    )

    def watch(self, tell: Callable[[], None]) -> None:
        """Call ``tell`` after every change."""
        self._watchers.append(tell)

    def changed(self) -> None:
        """Tell whoever watches."""
        for tell in self._watchers:
            tell()

    def number(self) -> str:
        """Return a new message's id."""
        return f"m{next(self._numbers)}"

    def at(self, channel: str) -> list[FakeMessage]:
        """Return what is shown in a channel, oldest first."""
        return [
            message
            for message in self.messages.values()
            if message.receipt.address.channel == channel
        ]


class FakePlatform(Platform):
    """One process's way to a `Hall`.

    Args:
        name: As which platform it passes.
        hall: Where people are.
        by: Which process it is.
        history_lag: As in the port; ``None``: it cannot look.
    """

    name: PlatformName
    history_lag: float | None

    def __init__(
        self,
        name: PlatformName,
        hall: Hall,
        *,
        by: str = "w1",
        history_lag: float | None = LAG,
    ) -> None:
        self.name = name
        self.history_lag = history_lag
        self._hall = hall
        self._by = by

    @property
    @override
    def workspace(self) -> str:
        return f"{self.name}-workspace"

    @override
    def render(self, view: TurnView) -> Payload:
        words = [
            word if len(word) <= LONGEST else word[: LONGEST - len(CUT)] + CUT
            for word in _words(view)
        ]
        digest = hashlib.sha256(repr(view).encode("utf-8", "replace")).hexdigest()
        blocks = [{"type": "plain_text", "text": word} for word in words]
        return Payload({"blocks": blocks, "view": view}, digest)

    @override
    def lanes(self, operation: Operation, address: Address) -> tuple[Lane, ...]:
        key = f"{self.name}/{address.workspace}/{operation}"
        window = self._hall.rates.get(operation, Window(1000, 1.0))
        return (Lane(key=key, windows=(window,)),)

    @override
    async def open_direct(self, user: UserRef, known: Address | None) -> Address:
        if known is not None:
            return known
        if user.user_id not in self._hall.users:
            raise PlatformError(self.name, "user_not_found", user.user_id)
        return Address(
            platform=self.name,
            workspace=user.workspace,
            channel=f"D-{user.user_id}",
            user=user.user_id,
            personal=True,
        )

    @override
    async def post(
        self, to: Address, payload: Payload, *, surface: SurfaceId
    ) -> Receipt:
        receipt = Receipt(message_id=self._hall.number(), address=to)

        def show() -> None:
            self._hall.messages[receipt.message_id] = FakeMessage(
                receipt=receipt,
                surface=surface,
                posted_at=self._hall.clock.now(),
                payload=payload,
                history=[payload],
            )
            self.note("post", surface, payload)

        self.look_through(to, payload)
        await self.carry_out("post", show)
        return receipt

    @override
    async def edit(self, receipt: Receipt, payload: Payload) -> Receipt:
        def show() -> None:
            message = self._hall.messages.get(receipt.message_id)
            if message is None:
                raise MessageGoneError(self.name, "gone", receipt.message_id)
            if message.ends_at and self._hall.clock.now() < message.ends_at:
                raise StillStreamingError(self.name, "streams", receipt.message_id)
            message.payload = payload
            message.history.append(payload)
            self.note("edit", message.surface, payload)

        self.look_through(receipt.address, payload)
        if receipt.message_id in self._hall.frozen:
            raise PlatformError(self.name, "edit_window_closed", receipt.message_id)
        await self.carry_out("edit", show)
        return receipt.model_copy(update={"stream": None})

    @override
    async def find_post(
        self, to: Address, *, surface: SurfaceId, since: datetime
    ) -> Receipt | None:
        if self.history_lag is None:
            return None
        readable = self._hall.clock.now() - timedelta(seconds=LAG)
        for message in self._hall.at(to.channel):
            if message.surface == surface and since <= message.posted_at <= readable:
                return message.receipt
        return None

    @override
    async def find_user(self, user: UserRef, address: Address | None) -> UserRef:
        return self._hall.users.get(user.user_id, user)

    @override
    async def find_by_email(self, email: str) -> UserRef | None:
        users = self._hall.users.values()
        return next((user for user in users if user.email == email), None)

    async def carry_out(self, operation: Doing, show: Callable[[], None]) -> None:
        """Let the call happen, as the next fault for it says."""
        waiting = self._hall.faults[operation]
        match waiting.popleft() if waiting else None:
            case Throttled(seconds=seconds):
                asyncio.get_running_loop().call_soon(self._hall.changed)
                raise RateLimitedError(self.name, retry_after=seconds)
            case PlatformError() as error:
                asyncio.get_running_loop().call_soon(self._hall.changed)
                raise error
            case Refused(code=code):
                raise PlatformError(self.name, code)
            case Lost(applied=applied):
                if applied:
                    show()
                raise AmbiguousSendError(self.name, "no_answer")
            case Gate() as gate:
                await gate.arrive()
                show()
            case None:
                show()

    def look_through(self, to: Address, payload: Payload) -> None:
        """Raise if the platform does not take these words, or any there."""
        if to.channel in self._hall.closed:
            raise PlaceClosedError(self.name, "channel_not_found", to.channel)
        words = "\n".join(_words(payload.body["view"]))
        if any(word in words for word in self._hall.disliked):
            raise PlatformError(self.name, "invalid_blocks")

    def note(self, operation: Doing, surface: SurfaceId, payload: Payload) -> None:
        """Note what people saw change."""
        view: TurnView = payload.body["view"]
        sent = Sent(by=self._by, operation=operation, surface=surface, view=view)
        self._hall.sent.append(sent)
        self._hall.changed()


def _words(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, BaseModel):
        yield from _words(
            tuple(getattr(node, name) for name in type(node).model_fields)
        )
    elif isinstance(node, tuple):
        for inner in node:  # pyright: ignore[reportUnknownVariableType] - a view's parts
            yield from _words(inner)  # pyright: ignore[reportUnknownArgumentType] - as above
    elif is_dataclass(node) and not isinstance(node, type):
        yield from _words(tuple(getattr(node, f.name) for f in fields(node)))


@dataclass(slots=True, kw_only=True)
class FakeVenue(Venue):
    """The fake, with people on it."""

    platform: Platform
    clock: ManualClock
    ada: UserRef
    nobody: UserRef
    hall: Hall

    @override
    def shown(self) -> Sequence[Shown]:
        return [
            Shown(message.receipt.message_id, message.payload.body)
            for message in self.hall.at(f"D-{self.ada.user_id}")
        ]

    @override
    def throttle(self, operation: Literal["post", "edit"], seconds: int) -> None:
        self.hall.faults[operation].append(Throttled(seconds=seconds))

    @override
    def lose(
        self, operation: Literal["post", "edit"], how: Loss, *, applied: bool
    ) -> None:
        self.hall.faults[operation].append(Lost(applied=applied))

    @override
    def delete(self, message_id: str) -> None:
        del self.hall.messages[message_id]

    @override
    async def another(self) -> Platform:
        return FakePlatform(self.platform.name, self.hall, by="w2")

    @override
    def nowhere(self, to: Address) -> Address:
        return to.model_copy(update={"channel": "nowhere"})


@asynccontextmanager
async def fake_venue(*, metered: bool) -> AsyncGenerator[Venue]:
    """Open a hall with Ada in it; it counts nothing, ``metered`` or not."""
    del metered
    clock = ManualClock()
    user = UserRef(platform="slack", workspace="slack-workspace", user_id="ada")
    hall = Hall(
        clock=clock,
        users={"ada": user.model_copy(update={"name": "Ada Byron", "email": EMAIL})},
        closed={"nowhere"},
    )
    yield FakeVenue(
        platform=FakePlatform("slack", hall),
        clock=clock,
        ada=user,
        nobody=user.model_copy(update={"user_id": "nobody"}),
        hall=hall,
    )
