"""A whole Slack workspace in this process, for the demo page, tests and benchmarks.

People act through `SlackWorld` (``say``, ``click``, ``submit_view`` …); the bot acts
through the Web API of `adapters.simulator.slack.routes` and hears of everything by
signed requests to ``bot_url``. The bot cannot tell that this is not Slack.

Every change is in the journal: ``slack.message``, ``slack.ephemeral``,
``slack.modal``, ``slack.status``, ``api`` (a call and its answer) and ``delivery``
(an attempt to reach the bot).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from adapters.simulator.journal import PATIENCE, Journal
from adapters.simulator.profiles import Profile
from adapters.simulator.slack import limits
from adapters.simulator.slack.courier import (
    JSON_TYPE,
    Attempt,
    Courier,
    signed_headers,
)
from adapters.simulator.slack.faults import Fault, Faults
from adapters.simulator.slack.founding import found_workspace, mentionable
from adapters.simulator.slack.interactions import (
    ClickResult,
    Interactions,
    SubmitResult,
)
from adapters.simulator.slack.limits import SlackLimits
from adapters.simulator.slack.meter import Meters
from adapters.simulator.slack.mishaps import Mishaps
from adapters.simulator.slack.modals import Modals
from adapters.simulator.slack.payloads import (
    change_event,
    event_callback,
    mention_event,
    message_event,
    said,
    session_stopped_event,
)
from adapters.simulator.slack.people import BotUser, Json, SlackUser
from adapters.simulator.slack.snapshot import seen_of, snapshot_of
from adapters.simulator.slack.stream_methods import expire, stop_all
from adapters.simulator.slack.text import read_typed
from adapters.simulator.slack.weather import Weather
from adapters.simulator.slack.web_api import WebApi
from adapters.simulator.slack.workspace import MessageChange
from bot.clock import Clock
from bot.company.model import Company
from bot.errors import MalformedError

T = TypeVar("T")

EVENTS_KEPT = 1_000
"""How many of the latest events can be redelivered."""


class SlackWorld:
    """The workspace of one company, with one bot installed.

    An async context manager: inside it deliveries run, leaving it ends them.

    Args:
        journal: Gets every change.
        clock: Time, deadlines and redelivery go by it.
        bot_url: Where the bot takes events and interactions; may be set later.
        signing_secret: Signs every request to the bot.
        bot_token: The token that the Web API accepts.
        company: Its people with a Slack id, its help channel, its name.
        users: More people, or all of them when there is no company.
        bot_name: What people type after ``@``.
        public_url: Where the routes are, for ``response_url``s; may be set later.
        limits_profile: How many calls are accepted.
        history_lag: Seconds until a message can be read back.
        retry_delays: Seconds before each redelivery of an unacknowledged event.
        echo_own: Whether the bot hears its own posts and edits.
        is_agent: Whether the app is declared an agent (sessions).
        profile: How calls go; ``None``: at once, and well.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        bot_url: str,
        signing_secret: str,
        bot_token: str,
        company: Company | None = None,
        users: Sequence[SlackUser] = (),
        bot_name: str = "Deskhand",
        public_url: str = "",
        limits_profile: SlackLimits = limits.DOCUMENTED,
        history_lag: float = limits.HISTORY_LAG_SECONDS,
        retry_delays: Sequence[float] = limits.RETRY_DELAYS,
        echo_own: bool = True,
        is_agent: bool = True,
        profile: Profile | None = None,
    ) -> None:
        self.bot_url = bot_url
        self.public_url = public_url
        self.echo_own = echo_own
        self.bot = BotUser(name=bot_name)
        self._journal = journal
        self._clock = clock
        self._secret = signing_secret
        self._retry_delays = tuple(retry_delays)
        self.workspace = found_workspace(
            journal, clock, bot=self.bot, company=company, users=users
        )
        self.workspace.listener = self._echo
        self.help_channel = next(iter(self.workspace.channels.values()))
        self._names = mentionable(self.workspace)
        self._modals = Modals(self.workspace)
        team = self.workspace.team.id
        self._faults = Faults()
        self.api = WebApi(
            self.workspace,
            self._modals,
            Meters(limits_profile, team_id=team),
            self._faults,
            token=bot_token,
            history_lag=history_lag,
            history_page=limits_profile.page,
            is_agent=is_agent,
        )
        self.weather = Weather(
            clock, self.api, self._faults, limits=limits_profile, team_id=team
        )
        if profile:
            self.weather.change(profile)
        self.mishaps = Mishaps(self.workspace, self.api, self._deliver)
        self.interactions = Interactions(
            self.workspace,
            self._modals,
            send=lambda said: self._courier.deliver_interaction(self.bot_url, said),
            public_url=lambda: self.public_url,
        )
        self._sent: deque[Json] = deque(maxlen=EVENTS_KEPT)
        self._stack = AsyncExitStack()
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        session = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None),
            )
        )
        self._tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._courier = Courier(
            self._journal,
            self._clock,
            session=session,
            tasks=self._tasks,
            secret=self._secret,
            retry_delays=self._retry_delays,
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.workspace.listener = lambda _: None
        for task in self._running:
            task.cancel()
        await self._stack.aclose()

    # ---------------------------------------------------------------- what people do

    async def say(
        self, user_id: str, channel_id: str, text: str, *, thread_ts: str | None = None
    ) -> str:
        """Let a person send a message; return its ts without waiting for the bot.

        Raises:
            MalformedError: No such person, channel or thread, or they are not in it.
        """
        channel = self.workspace.joined(user_id, channel_id)
        if thread_ts and self.workspace.find(channel_id, thread_ts) is None:
            raise MalformedError(f"{channel_id} has no message {thread_ts!r}")
        typed = read_typed(text, self._names)
        ts = self.workspace.mint_ts()
        made = said(channel, user_id, ts, text=typed.text, elements=typed.elements)
        blocks = self.workspace.completed(made.blocks)
        message = self.workspace.post(replace(made, thread_ts=thread_ts, blocks=blocks))
        if not channel.is_im and self.bot.user_id in typed.mentioned:
            self._deliver(mention_event(self.workspace, message))
        self._deliver(message_event(self.workspace, message))
        return ts

    async def click(
        self,
        user_id: str,
        channel_id: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: str | None = None,
        stale: bool = False,
    ) -> ClickResult:
        """Let a person use a button or select; return how the bot answered.

        Args:
            user_id: The person.
            channel_id: Where the message is.
            ts: The message, or an ephemeral one.
            action_id: The element.
            block_id: Its block, when several have that element.
            value: The option chosen, for selects.
            stale: Also accept an element that an edit has taken away since, as a
                client does that has not yet heard of the edit.

        Raises:
            MalformedError: The person does not see such an element there.
        """
        return await self.interactions.click(
            self.workspace.user(user_id),
            channel_id,
            ts,
            action_id,
            block_id=block_id,
            value=value,
            stale=stale,
        )

    async def submit_view(
        self, user_id: str, view_id: str, values: Mapping[str, Mapping[str, object]]
    ) -> SubmitResult:
        """Let a person fill in a modal and submit it.

        Args:
            user_id: The person.
            view_id: The modal.
            values: By block id and action id: the text or option's value, or an
                object with it as ``value``.

        Raises:
            MalformedError: The person has no such modal open.
        """
        return await self.interactions.submit_view(
            self.workspace.user(user_id), view_id, values
        )

    async def close_view(self, user_id: str, view_id: str) -> ClickResult | None:
        """Let a person close a modal; ``None`` when the bot did not ask to know.

        Raises:
            MalformedError: The person has no such modal open.
        """
        return await self.interactions.close_view(self.workspace.user(user_id), view_id)

    async def stop_session(self, user_id: str, channel_id: str, thread_ts: str) -> None:
        """Let a person press Slack's own Stop button on a working agent.

        Raises:
            MalformedError: No such person or channel.
        """
        channel = self.workspace.joined(user_id, channel_id)
        self._deliver(
            session_stopped_event(
                self.workspace,
                user_id=user_id,
                channel=channel,
                thread_ts=thread_ts,
                streaming=stop_all(self.workspace, channel_id, thread_ts),
            )
        )

    # -------------------------------------------------------------- what tests do

    def fail_next(
        self, method: str, how: Fault, *, times: int = 1, channel: str = ""
    ) -> None:
        """Let the next ``times`` calls of ``method`` fail, there or anywhere."""
        self._faults.add(method, how, times=times, channel=channel)

    def sent_events(self) -> list[Json]:
        """Return the envelopes of the latest events, oldest first."""
        return list(self._sent)

    async def redeliver(
        self, event_id: str | None = None, *, times: int = 1
    ) -> list[Attempt]:
        """Send an event, or the last one, again under the same id.

        Raises:
            MalformedError: No such event was sent.
        """
        for envelope in reversed(self._sent):
            if event_id in (None, envelope["event_id"]):
                return [
                    attempt
                    for _ in range(times)
                    for attempt in await self._courier.deliver_event(
                        self.bot_url, envelope
                    )
                ]
        raise MalformedError(f"no event {event_id!r} was sent")

    def sign(self, body: bytes, *, at: float | None = None) -> dict[str, str]:
        """Return headers that make ``body`` a valid JSON delivery.

        Args:
            body: The bytes to be sent.
            at: Unix seconds to sign for; now if not given.
        """
        now = self._clock.now().timestamp() if at is None else at
        signature = signed_headers(body, secret=self._secret, now=now)
        return {"Content-Type": JSON_TYPE, **signature}

    async def deliver_raw(self, body: bytes, headers: Mapping[str, str]) -> Attempt:
        """Send exactly this to the bot, tampered or not."""
        return await self._courier.deliver_raw(self.bot_url, body, headers)

    async def wait_for(self, predicate: Callable[[], T], within: float = PATIENCE) -> T:
        """Return the first true result of ``predicate``, asked after every change.

        Args:
            predicate: Looks at whatever the caller likes.
            within: Real seconds to wait at most.

        Raises:
            TimeoutError: It did not become true in time; says what happened last.
        """
        return await self._journal.until(predicate, within=within)

    # ------------------------------------------------------------------- questions

    def messages(self, channel: str) -> list[Json]:
        """Return the channel's messages with all replies, oldest first."""
        return seen_of(self.workspace.messages(channel), self.bot)

    def thread(self, channel: str, ts: str) -> list[Json]:
        """Return a thread, its first message included, oldest first."""
        return seen_of(self.workspace.thread(channel, ts), self.bot)

    def budgets(self) -> list[Json]:
        """Return every lane used so far: lane, left, of, seconds, burst_left."""
        return self.api.budgets()

    def snapshot(self) -> Json:
        """Return everything there is to see as JSON; follow the journal after ``seq``."""
        return snapshot_of(self.workspace, self._modals) | {
            "help_channel": self.help_channel.id,
            "budgets": self.budgets(),
        }

    # ----------------------------------------------------------------------- parts

    def _echo(self, change: MessageChange) -> None:
        if change.op == "posted" and change.message.is_streaming:
            self._spawn(self._expire_in_time())
        if self.echo_own and change.message.from_bot:
            self._deliver(change_event(self.workspace, change))

    def _deliver(self, event: Json) -> None:
        envelope = event_callback(self.workspace, event)
        self._sent.append(envelope)
        self._spawn(self._sent_to_bot(envelope))

    async def _expire_in_time(self) -> None:
        await self._clock.sleep(limits.STREAM_SECONDS)
        expire(self.workspace)

    async def _sent_to_bot(self, envelope: Json) -> None:
        await self._courier.deliver_event(self.bot_url, envelope)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
