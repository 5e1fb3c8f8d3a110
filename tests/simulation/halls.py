"""What people see on one simulated platform, whoever put it there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, TypeAlias
from zlib import crc32

from adapters.simulator.slack.streams import Stream
from bot.pacing.lanes import Lane
from bot.ports.streaming import StreamOperation
from bot.ports.surface import Operation, Payload, Receipt
from bot.protocol.ids import PlatformName, SurfaceId, replacement_of
from bot.protocol.inbound import Address, UserRef
from bot.view.nodes import TurnView
from tests.simulation.diary import Diary
from tests.simulation.invariants import BrokenError, require
from tests.simulation.loop import SimLoop
from tests.simulation.process import SimProcess
from tests.simulation.recipe import Recipe

SHOWN_IN_HISTORY = 8.0
"""Seconds until a post can be found."""
STREAM_LIFE = {"slack": 300.0, "teams": 120.0}
"""Seconds after its start for which a platform lets a stream live, whatever it does."""

Change: TypeAlias = Operation | StreamOperation


@dataclass(slots=True, kw_only=True)
class Growing:
    """The stream that a message is, or was."""

    begun: float
    shown: Stream
    """Of Slack, what has come so far; of Teams, its text."""
    number: int = 1
    """Of the newest part, where parts have numbers."""
    life: Literal["open", "closed", "stopped", "dead"] = "open"
    """``stopped``: a person pressed the platform's own Stop; ``dead``: too old."""


@dataclass(slots=True, kw_only=True)
class Message:
    """A message as people see it."""

    receipt: Receipt
    surface: SurfaceId
    mark: SurfaceId
    """By which it is found; empty: by nothing."""
    posted_at: float
    payload: Payload
    deleted: bool = False
    """By a person."""
    refused: bool = False
    """Whether the platform refused to change it: it may be replaced by another."""
    stream: Growing | None = None
    partial: bool = False
    """Whether it shows only what a stream shows of ``payload``."""
    broken: bool = False
    """Whether an error stands below it: its stream died, and nothing was shown since."""

    @property
    def view(self) -> TurnView:
        """What it shows."""
        return self.payload.body["view"]

    @property
    def streams(self) -> bool:
        """Whether it still grows."""
        return self.stream is not None and self.stream.life == "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A call that reached the platform and was carried out, or refused for good."""

    process: SimProcess
    operation: Change
    surface: SurfaceId
    payload: Payload | None
    """What it shows; ``None``: nothing new, it only ends a stream."""
    message: Message | None
    """What it is about, before the call; ``None`` for a new one."""


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
    mourners: list[Callable[[Message], None]] = field(
        default_factory=list[Callable[[Message], None]]
    )
    """Called when a stream has died of its age."""
    stopped: dict[SurfaceId, None] = field(default_factory=dict[SurfaceId, None])
    """Whose streams a person has stopped by the platform's own means."""
    refused: dict[SurfaceId, None] = field(default_factory=dict[SurfaceId, None])
    """Surfaces of which some content was not taken: they may be shown bare."""
    under_way: int = 0
    """Calls that may still change something."""
    troubled_at: float = float("-inf")
    """When a call went wrong last."""

    def require(self, holds: object, invariant: str, detail: str) -> None:
        """End the simulation unless something holds.

        Raised alone, what is wrong would be the sender's.
        """
        try:
            require(holds, invariant, detail)
        except BrokenError as error:
            self.loop.fail(error)
            raise

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

    def post(
        self,
        to: Address,
        payload: Payload,
        surface: SurfaceId,
        mark: SurfaceId,
        *,
        stream: Growing | None = None,
    ) -> Receipt:
        """Show a new message."""
        receipt = Receipt(message_id=self._new_id(), address=to)
        message = Message(
            receipt=receipt,
            surface=surface,
            mark=mark,
            posted_at=self.loop.time(),
            payload=payload,
            stream=stream,
            partial=stream is not None,
        )
        self.messages[receipt.message_id] = message
        self.of_surface.setdefault(surface, []).append(message)
        if stream is not None:
            self.loop.happened["stream opened"] += 1
            life = STREAM_LIFE[self.name]
            world = self.loop.world.context()
            self.loop.call_later(life, self._die, message, context=world)
        self.seen(message)
        return receipt

    def _new_id(self) -> str:
        """Return when it is, as Slack names messages; no two are the same."""
        at = self.loop.world.clock.now()
        while (name := f"{at.timestamp():.6f}") in self.messages:
            at += timedelta(microseconds=1)
        return name

    def _die(self, message: Message) -> None:
        """End a stream that is too old."""
        if message.stream is None or not message.streams:
            return
        message.stream.life, message.broken = "dead", not message.deleted
        self.loop.happened["stream died"] += 1
        self.diary.write(self.name, "{} died", message.receipt.message_id)
        for tell in self.mourners:
            tell(message)

    def stop_streams(self, pressed: Message) -> bool:
        """Let a person press the platform's own Stop; whether there was one.

        It stops all that streams there.
        """
        if not pressed.streams:
            return False
        place = pressed.receipt.address.conversation_id
        for message in self.messages.values():
            here = message.receipt.address.conversation_id == place
            if here and message.streams and message.stream is not None:
                message.stream.life = "stopped"
                self.stopped[message.surface] = None
                self.loop.happened["stream stopped by a person"] += 1
                self.diary.write("people", "stop {}", message.receipt.message_id)
        return True

    def edit(self, message: Message, payload: Payload) -> None:
        """Show something else in a message."""
        message.payload = payload
        message.partial = message.broken = False
        self.seen(message)

    def seen(self, message: Message) -> None:
        """Let people look at a message that is new, or shows something else."""
        for tell in self.viewers:
            tell(message)

    def find(self, to: Address, mark: SurfaceId) -> Receipt | None:
        """Return the newest message with this mark that history shows."""
        found = [
            message.receipt
            for message in self.history(to)
            if message.mark == mark and message.surface == surface_of(mark)
        ]
        return found[-1] if found else None

    def history(self, to: Address) -> list[Message]:
        """Return the messages in a channel that can be read by now, oldest first."""
        readable = self.loop.time() - SHOWN_IN_HISTORY
        return [
            message
            for message in self.messages.values()
            if not message.deleted
            and message.posted_at <= readable
            and message.receipt.address.channel == to.channel
        ]


def surface_of(mark: SurfaceId) -> SurfaceId:
    """Return the surface of which a message with this mark is one."""
    return SurfaceId(mark.split(replacement_of(SurfaceId("")))[0])


def direct(user: UserRef) -> Address:
    """Return the chat of a person with the bot."""
    return Address(
        platform=user.platform,
        workspace=user.workspace,
        channel=f"D-{user.user_id}",
        user=user.user_id,
        personal=True,
    )
