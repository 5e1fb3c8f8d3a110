"""The state of the workspace: people, channels, messages. Every change is journaled.

Only this module changes messages, so that a reader of the journal sees each of them
exactly once and in order.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal, cast

from adapters.simulator.journal import Journal
from adapters.simulator.slack.messages import (
    Ephemeral,
    Message,
    ephemeral_json,
    seen_json,
)
from adapters.simulator.slack.people import BotUser, Channel, Json, SlackUser, Team
from bot.clock import Clock


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
        self.ephemerals: dict[str, list[Ephemeral]] = {}
        """By user id."""
        self.statuses: dict[tuple[str, str], Json] = {}
        """By channel and thread."""
        self._messages: dict[str, dict[str, Message]] = {c: {} for c in self.channels}
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

    def find(self, channel: str, ts: str) -> Message | None:
        """Return the message, unless it was deleted or never there."""
        return self._messages.get(channel, {}).get(ts)

    def messages(self, channel: str) -> list[Message]:
        """Return the channel's messages with all replies, oldest first."""
        return list(self._messages.get(channel, {}).values())

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
        self._messages[message.channel][message.ts] = message
        self._remember(message)
        self._record("posted", message)
        self.listener(MessageChange(op="posted", message=message))
        return message

    def edit(self, before: Message, after: Message) -> Message:
        """Put ``after`` in the place of ``before``; equal content changes nothing."""
        if after == before:
            return before
        after = replace(after, revision=before.revision + 1, edited_ts=self.mint_ts())
        self._messages[after.channel][after.ts] = after
        self._remember(after)
        self._record("edited", after)
        self.listener(MessageChange(op="edited", message=after, before=before))
        return after

    def delete(self, message: Message) -> None:
        """Remove a message."""
        del self._messages[message.channel][message.ts]
        self._record("deleted", message)
        self.listener(MessageChange(op="deleted", message=message, before=message))

    def react(self, message: Message, reactions: tuple[tuple[str, str], ...]) -> None:
        """Set a message's reactions; that is no edit."""
        after = replace(message, reactions=reactions)
        self._messages[after.channel][after.ts] = after
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
