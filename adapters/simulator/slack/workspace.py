"""The state of the workspace: people, channels, messages. Every change is journaled.

Only this module changes messages, so that a reader of the journal sees each of them
exactly once and in order.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal, TypeAlias, cast

from adapters.simulator.journal import Journal
from adapters.simulator.slack import limits
from adapters.simulator.slack.messages import (
    Ephemeral,
    Message,
    ephemeral_json,
    seen_json,
)
from adapters.simulator.slack.people import BotUser, Channel, Json, SlackUser, Team
from bot.clock import Clock
from bot.errors import MalformedError

_Versions: TypeAlias = list[tuple[float, Message | None]]
"""What stood from when on, oldest first; ``None``: deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChange:
    """A message was posted, edited or deleted."""

    op: Literal["posted", "edited", "deleted"]
    message: Message
    before: Message | None = None


class Workspace:
    """What everybody in the workspace sees.

    Args:
        journal: Where every change is recorded.
        clock: Stamps messages.
        team: The workspace.
        bot: The installed app.
        users: Its people.
        channels: Its channels and direct conversations.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        team: Team,
        bot: BotUser,
        users: Iterable[SlackUser],
        channels: Iterable[Channel],
    ) -> None:
        self.team = team
        self.bot = bot
        self.journal = journal
        self.clock = clock
        self.users: Mapping[str, SlackUser] = {user.id: user for user in users}
        self.channels: dict[str, Channel] = {c.id: c for c in channels}
        self.listener: Callable[[MessageChange], None] = lambda _: None
        """Told of posted, edited and deleted messages."""
        self.stop_is_subscribed = True
        """Whether the app hears of Slack's own Stop, and Slack shows it."""
        self.ephemerals: dict[str, list[Ephemeral]] = {}
        """By user id."""
        self.statuses: dict[tuple[str, str], Json] = {}
        """By channel and thread."""
        self.edit_window: float | None = None
        """Seconds for which messages may be edited; ``None``: for ever."""
        self._messages: dict[str, dict[str, Message]] = {c: {} for c in self.channels}
        self._past: dict[str, dict[str, _Versions]] = {c: {} for c in self.channels}
        self._streaming: dict[str, tuple[str, str]] = {}
        self._elements: dict[tuple[str, str], dict[tuple[str, str], Json]] = {}
        self._last_stamp = 0
        self._block_numbers = itertools.count(1)

    # ------------------------------------------------------------------- stamps

    def stamp(self) -> int:
        """Return a number never returned before: microseconds, roughly now.

        Built on the time so that ids differ between runs: the bot remembers them.
        """
        now = int(self.clock.now().timestamp() * 1_000_000)
        self._last_stamp = max(now, self._last_stamp + 1)
        return self._last_stamp

    def mint_ts(self) -> str:
        """Return a new message's timestamp, later than all others."""
        return ts_of(self.stamp())

    # ------------------------------------------------------------------ reading

    def channel(self, ref: str) -> Channel | None:
        """Return the channel with this id or name; a user id means their DM."""
        if ref in self.channels:
            return self.channels[ref]
        if ref in self.users:
            return self.channels.get(f"D{ref[1:]}")
        name = ref.removeprefix("#")
        return next(
            (c for c in self.channels.values() if not c.is_im and c.name == name), None
        )

    def user(self, user_id: str) -> SlackUser:
        """Return one of its people.

        Raises:
            MalformedError: There is nobody with this id.
        """
        if user_id not in self.users:
            raise MalformedError(f"there is no user {user_id!r}")
        return self.users[user_id]

    def joined(self, user_id: str, channel_id: str) -> Channel:
        """Return a channel in which somebody is.

        Raises:
            MalformedError: There is no such person or channel, or they are not in it.
        """
        self.user(user_id)
        channel = self.channels.get(channel_id)
        if channel is None or user_id not in channel.members:
            raise MalformedError(f"{user_id} is in no channel {channel_id!r}")
        return channel

    def find(self, channel: str, ts: str) -> Message | None:
        """Return the message, unless it was deleted or never there."""
        return self._messages.get(channel, {}).get(ts)

    def messages(self, channel: str) -> list[Message]:
        """Return the channel's messages with all replies, oldest first."""
        return list(self._messages.get(channel, {}).values())

    def stood_at(self, channel: str, then: float) -> list[Message]:
        """Return the channel's messages as they were, oldest first.

        Args:
            channel: The channel's id.
            then: Monotonic seconds, not further back than `limits.HISTORY_KEPT`.
        """
        stood: list[Message] = []
        for versions in self._past.get(channel, {}).values():
            before = [message for at, message in versions if at <= then]
            if before and before[-1] is not None:
                stood.append(before[-1])
        return stood

    def streaming(self) -> list[Message]:
        """Return the messages that still grow."""
        found = [self.find(*place) for place in self._streaming.values()]
        return [message for message in found if message is not None]

    def is_locked(self, message: Message) -> bool:
        """Return whether the message is too old to be edited."""
        if self.edit_window is None:
            return False
        return self.clock.now().timestamp() - float(message.ts) > self.edit_window

    def thread(self, channel: str, ts: str) -> list[Message]:
        """Return the thread's first message, if it is there, and the replies."""
        return [m for m in self.messages(channel) if m.root == ts]

    def ephemeral(self, user_id: str, ts: str) -> Ephemeral | None:
        """Return what only this person sees under this timestamp."""
        return next((e for e in self.ephemerals.get(user_id, []) if e.ts == ts), None)

    def once_shown(self, channel: str, ts: str) -> Mapping[tuple[str, str], Json]:
        """Return every element the message ever had, by block id and action id."""
        return self._elements.get((channel, ts), {})

    # ----------------------------------------------------------------- changing

    def post(self, message: Message) -> Message:
        """Add a message."""
        self._keep(message)
        self._remember(message)
        self._record("posted", message)
        self.listener(MessageChange(op="posted", message=message))
        return message

    def edit(self, before: Message, after: Message) -> Message:
        """Put ``after`` in the place of ``before``; equal content changes nothing."""
        if after == before:
            return before
        after = replace(after, revision=before.revision + 1, edited_ts=self.mint_ts())
        self._keep(after)
        self._remember(after)
        self._record("edited", after)
        self.listener(MessageChange(op="edited", message=after, before=before))
        return after

    def grow(self, after: Message) -> Message:
        """Show more of a stream: no edit, and no event tells of it."""
        self._keep(after)
        self._remember(after)
        self._record("grown", after)
        return after

    def delete(self, message: Message) -> None:
        """Remove a message."""
        del self._messages[message.channel][message.ts]
        self._note(message, None)
        self._record("deleted", message)
        self.listener(MessageChange(op="deleted", message=message, before=message))

    def react(self, message: Message, reactions: tuple[tuple[str, str], ...]) -> None:
        """Set a message's reactions; that is no edit."""
        after = replace(message, reactions=reactions)
        self._keep(after)
        self._record("reacted", after)

    def whisper(self, ephemeral: Ephemeral) -> None:
        """Show something to one person, in place of what had the same timestamp."""
        kept = [
            e for e in self.ephemerals.get(ephemeral.user, []) if e.ts != ephemeral.ts
        ]
        self.ephemerals[ephemeral.user] = [*kept, ephemeral]
        self.journal.record("slack.ephemeral", op="shown", **ephemeral_json(ephemeral))

    def hush(self, ephemeral: Ephemeral) -> None:
        """Take an ephemeral message away."""
        self.ephemerals[ephemeral.user].remove(ephemeral)
        self.journal.record("slack.ephemeral", op="gone", **ephemeral_json(ephemeral))

    def set_status(
        self,
        *,
        channel: str,
        thread_ts: str,
        session: str | None,
        shown: str,
        lasts: float | None,
    ) -> None:
        """Show or clear what a thread says the bot is doing.

        Args:
            channel: The channel's id.
            thread_ts: The thread.
            session: The agent session's state; ``None``: an assistant's own words.
            shown: What people read after the bot's name; empty: nothing.
            lasts: Seconds until it ends by itself.
        """
        ends = self.clock.now() + timedelta(seconds=lasts) if lasts else None
        body: Json = {
            "channel": channel,
            "thread_ts": thread_ts,
            "session": session,
            "status": shown,
            "expires_at": ends.isoformat() if ends else None,
        }
        self.statuses[channel, thread_ts] = body
        self.journal.record("slack.status", **body)

    def completed(self, blocks: Iterable[Json]) -> tuple[Json, ...]:
        """Return ``blocks`` as Slack stores them: ids and defaults filled in."""
        return tuple(
            cast("Json", _with_defaults({"block_id": self._block_id(), **block}))
            for block in blocks
        )

    def _keep(self, message: Message) -> None:
        self._messages[message.channel][message.ts] = message
        self._note(message, message)

    def _note(self, message: Message, now: Message | None) -> None:
        at = self.clock.monotonic()
        versions = self._past[message.channel].setdefault(message.ts, [])
        versions.append((at, now))
        while len(versions) > 1 and versions[1][0] <= at - limits.HISTORY_KEPT:
            del versions[0]
        if now is not None and now.is_streaming:
            self._streaming[message.ts] = (message.channel, message.ts)
        else:
            self._streaming.pop(message.ts, None)

    def _block_id(self) -> str:
        return f"b{next(self._block_numbers):04x}"

    def _record(self, op: str, message: Message) -> None:
        self.journal.record("slack.message", op=op, **seen_json(message, self.bot))

    def _remember(self, message: Message) -> None:
        if message.from_bot and message.blocks:
            known = self._elements.setdefault((message.channel, message.ts), {})
            known.update(elements_of(message.blocks))


def ts_of(stamp: int) -> str:
    """Return microseconds as Slack writes them: seconds, a point, six digits."""
    return f"{stamp // 1_000_000}.{stamp % 1_000_000:06d}"


def elements_of(blocks: Iterable[Json]) -> dict[tuple[str, str], Json]:
    """Return the interactive elements in ``blocks`` by block id and action id."""
    found: dict[tuple[str, str], Json] = {}
    for block in blocks:
        block_id = str(block.get("block_id", ""))
        for element in (
            *_objects(block.get("elements")),
            *_objects(block.get("actions")),
            *_objects([block.get("accessory"), block.get("element")]),
        ):
            if "action_id" in element:
                found[block_id, str(element["action_id"])] = element
        for inner in (
            *_objects(block.get("child_blocks")),
            *(e for e in _objects(block.get("elements")) if e.get("type") == "card"),
        ):
            found |= elements_of([{"block_id": block_id, **inner}])
    return found


def _objects(value: object) -> list[Json]:
    if not isinstance(value, list):
        return []
    items = cast("list[Any]", value)
    return [cast("Json", item) for item in items if isinstance(item, dict)]


def _with_defaults(value: object) -> object:
    if isinstance(value, list):
        return [_with_defaults(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    filled = {key: _with_defaults(v) for key, v in cast("Json", value).items()}
    match filled.get("type"):
        case "mrkdwn":
            filled.setdefault("verbatim", False)
        case "plain_text":
            filled.setdefault("emoji", True)
        case _:
            pass
    return filled
