"""One server's connection: kept open, opened again, listed, called.

`Connection.run` is the only task that enters and leaves the client, because its task
groups must be left where they were entered. Calls come from turns' tasks; they wait for
a connection for a moment, and never for longer than their own deadline. A server that
is slow or dead therefore delays nothing but the calls to itself.

A call that is cancelled tells the server so. A call whose answer was lost is made again
if that does no harm (`read`, and `idempotent` with the same key); otherwise nobody
knows, and it is raised. That stays so when the next attempt finds nobody, or another
tool: the first one may have done it.
"""

import asyncio
from dataclasses import dataclass
from typing import Literal, cast

import structlog
from mcp import Client, MCPError
from mcp.client import IncomingMessage
from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    CallToolResult,
    Implementation,
    Tool,
    ToolListChangedNotification,
)
from pydantic import JsonValue

from agents.mcp.listing import (
    NOTHING,
    Listing,
    Offer,
    changes,
    fingerprint_of,
    listing_of,
)
from agents.mcp.meter import NOT_COUNTED, Meter
from agents.mcp.transport import Reach, opened
from bot.clock import Clock
from bot.protocol.values import Effect

log = structlog.get_logger()

KEY = "dev.deskhand/idempotency-key"
"""In a call's ``_meta``: the same for every attempt at the same call."""
CONNECT_SECONDS = 30.0
"""From the start of a program to its list of tools."""
ANSWER_SECONDS = 15.0
"""For everything except a call."""
WAIT_SECONDS = 8.0
"""How long a call waits for a connection that is away."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 60.0
"""Seconds before connecting again; doubles. Somebody who calls ends the pause."""
STEADY_SECONDS = 30.0
"""A connection that lasted so long was a good one: the pauses begin anew."""
MOST_ATTEMPTS = 3
"""At one call: a server that dies of it each time is left alone."""
_MOST_PAGES = 20
_LOST = {CONNECTION_CLOSED, INVALID_REQUEST}
"""Codes of answers that are none: the other end is gone, or has forgotten us."""
_NOT_TAKEN = {INVALID_PARAMS, METHOD_NOT_FOUND}
"""Codes by which a server says that it did nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCalled:
    """The tool was certainly not used."""

    why: Literal["unreachable", "gone", "changed", "not_taken"]
    detail: str = ""


class Connection:
    """One server.

    Args:
        reach: Which, and how.
        clock: For the pauses.
        meter: Where calls and connections are counted.
    """

    def __init__(self, reach: Reach, clock: Clock, meter: Meter = NOT_COUNTED) -> None:
        self.name = reach.name
        self.server = reach.server
        self.listing: Listing = NOTHING
        """What it offered last, connected or not."""
        self.problem = ""
        """Why there is no connection; empty: there is one, or none was tried."""
        self.tried = asyncio.Event()
        """Set once it is connected, or known why not."""
        self._reach = reach
        self._clock = clock
        self._meter = meter
        self._client: Client | None = None
        self._marks: list[str] | None = None
        self._looking = asyncio.Lock()
        self._up = asyncio.Event()
        self._wanted = asyncio.Event()
        self._news = asyncio.Event()
        """Something is to be looked at: the list, or whether the server is there."""
        self._listed = asyncio.Event()
        """Set whenever a list has come; for who waits for one."""
        self._lost = False
        self._status = 0

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._client is not None

    # ------------------------------------------------------------------- staying there

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        if missing := self._reach.missing():
            self._down(f"{', '.join(missing)} is not set")
            return
        pause = FIRST_PAUSE
        while True:
            began = self._clock.monotonic()
            try:
                await self._hold()
                self._down("the connection ended")
            except Exception as error:  # noqa: BLE001 - whatever a server does, the others go on
                self._down(self._in_words(error))
            lasted = self._clock.monotonic() - began
            pause = FIRST_PAUSE if lasted > STEADY_SECONDS else pause
            await self._rest(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _rest(self, pause: float) -> None:
        await self._clock.sleep(FIRST_PAUSE)
        try:
            async with asyncio.timeout(pause):
                await self._wanted.wait()
        except TimeoutError:
            pass

    async def _hold(self) -> None:
        """Connect, list, and stay until the server is gone."""
        self._lost, self._status = False, 0
        self._news.clear()
        async with asyncio.timeout(CONNECT_SECONDS) as limit:
            streams = opened(self._reach, ended=self._lose, heard=self._hear_status)
            async with Client(
                streams,
                cache=None,
                client_info=Implementation(name="deskhand", version="0.2.0"),
                message_handler=self._hear,
                read_timeout_seconds=ANSWER_SECONDS,
            ) as client:
                await self._look_at_list(client)
                limit.reschedule(None)
                self._went_up(client)
                try:
                    await self._attend(client)
                finally:
                    self._client = None
                    self._up.clear()

    async def _attend(self, client: Client) -> None:
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(client))
            while not self._lost:
                await self._news.wait()
                self._news.clear()
                if not self._lost:
                    await self._look_at_list(client)
            listening.cancel()

    async def _listen(self, client: Client) -> None:
        """Hear of changes of the list, where a server tells only who asks for it."""
        while True:
            try:
                async with client.listen(tools_list_changed=True) as changed:
                    async for _ in changed:
                        self._news.set()
            except SubscriptionLost:
                pass
            except (ListenNotSupportedError, MCPError, TimeoutError):
                return  # it tells unasked, or never
            await self._clock.sleep(1.0)
            self._news.set()  # what changed meanwhile was not told

    async def _hear(self, message: IncomingMessage) -> None:
        if isinstance(message, ToolListChangedNotification):
            self._news.set()

    def _hear_status(self, status: int) -> None:
        self._status = status

    def _lose(self) -> None:
        self._lost = True
        self._news.set()

    async def _look_at_list(self, client: Client) -> None:
        """Take the tools that there are now; one look at a time, so that none is older.

        Schemas take seconds when there are many: in a thread, turns go on meanwhile.
        """
        async with self._looking:
            tools = await _tools_of(client)
            marks = [fingerprint_of(tool) for tool in tools]
            if marks == self._marks:
                return
            after = await asyncio.to_thread(listing_of, self.name, self.server, tools)
            self._marks = marks
            self._take(after)

    def _take(self, after: Listing) -> None:
        before = self.listing
        for problem in after.problems:
            if problem not in before.problems:
                log.warning("mcp.tool_problem", server=self.name, problem=problem)
        if before is not NOTHING:
            for change in changes(before, after):
                log.warning("mcp.tools_changed", server=self.name, change=change)
        self.listing = after
        self._listed.set()

    def _went_up(self, client: Client) -> None:
        self._client, self.problem = client, ""
        self._wanted.clear()
        self._up.set()
        self.tried.set()
        self._meter.connected(self.name, 1)
        log.info("mcp.connected", server=self.name, tools=len(self.listing.offers))

    def _down(self, problem: str) -> None:
        if problem != self.problem:
            log.warning("mcp.disconnected", server=self.name, problem=problem)
        self.problem = problem
        self.tried.set()
        self._meter.connected(self.name, 0)

    def _in_words(self, error: Exception) -> str:
        if self._status:
            return f"it answered with HTTP status {self._status}"
        cause = _cause_of(error)
        if isinstance(cause, TimeoutError):
            return f"no list of tools within {CONNECT_SECONDS:.0f} s"
        return str(cause)[:300] or type(cause).__name__

    # --------------------------------------------------------------------------- using

    async def find(self, wire: str) -> Offer | None:
        """Return a tool, once there is a connection; ``None``: there is no such tool.

        Raises:
            TimeoutError: The server cannot be reached.
        """
        await self._there()
        return self.listing.offers.get(wire)

    async def call(
        self,
        offer: Offer,
        arguments: dict[str, JsonValue],
        *,
        key: str,
        effect: Effect,
        timeout: float,  # noqa: ASYNC109 - given to the client, which tells the server
    ) -> CallToolResult | NotCalled:
        """Use a tool.

        Raises:
            MCPError: Nobody knows what happened.
        """
        outcome = "lost"
        try:
            answer = await self._call(
                offer, arguments, key=key, effect=effect, timeout=timeout
            )
            outcome = _outcome_of(answer)
        finally:
            self._meter.called(self.name, outcome)
        return answer

    async def _call(
        self,
        offer: Offer,
        arguments: dict[str, JsonValue],
        *,
        key: str,
        effect: Effect,
        timeout: float,  # noqa: ASYNC109 - given to the client, which tells the server
    ) -> CallToolResult | NotCalled:
        lost: MCPError | None = None
        for attempt in range(1, MOST_ATTEMPTS + 1):
            client = await self._ready(offer, effect)
            if isinstance(client, NotCalled):
                return _unless(lost, client)
            if client is None:
                continue  # it hung up, and nothing had been sent
            try:
                return await client.call_tool(
                    offer.tool,
                    arguments,
                    read_timeout_seconds=timeout,
                    meta={KEY: key},
                )
            except MCPError as error:
                if error.code in _NOT_TAKEN:
                    detail = error.message[:300]
                    return _unless(lost, NotCalled(why="not_taken", detail=detail))
                if error.code not in _LOST:
                    raise
                self._suspect(client)
                if effect == "once" or attempt == MOST_ATTEMPTS:
                    raise
                lost = lost or (error if effect != "read" else None)
                log.info("mcp.again", server=self.name, tool=offer.tool)
        return _unless(lost, NotCalled(why="unreachable"))

    async def _ready(self, offer: Offer, effect: Effect) -> Client | NotCalled | None:
        """Return the client if the tool is still what it was; ``None``: it hung up."""
        try:
            client = await self._there()
        except TimeoutError:
            return NotCalled(why="unreachable", detail=self.problem)
        if effect != "read":
            try:
                await self._look_at_list(client)
            except (MCPError, RuntimeError):  # or it was left meanwhile
                self._suspect(client)
                return None
            if client is not self._client:
                return None
        now = self.listing.offers.get(offer.wire)
        if now is None:
            return NotCalled(why="gone")
        if effect != "read" and now.fingerprint != offer.fingerprint:
            return NotCalled(why="changed")
        return client

    def _suspect(self, client: Client) -> None:
        """Take a connection for lost, unless there is another one by now."""
        if client is self._client:
            self._lose()

    async def _there(self) -> Client:
        """Return the client, once there is a connection.

        Raises:
            TimeoutError: There is none for too long.
        """
        async with asyncio.timeout(WAIT_SECONDS):
            while self._lost or self._client is None:
                self._wanted.set()
                self._up.clear()
                await self._up.wait()
        return self._client


async def _tools_of(client: Client) -> list[Tool]:
    tools: list[Tool] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if cursor is None:
            break
    return tools


def _cause_of(error: BaseException) -> BaseException:
    """Return the first error of a group, however deep."""
    if isinstance(error, BaseExceptionGroup):
        inner = cast("BaseExceptionGroup[BaseException]", error).exceptions
        return _cause_of(inner[0])
    return error


def _unless(lost: MCPError | None, why: NotCalled) -> NotCalled:
    """Return ``why``, unless an attempt before may have used the tool.

    Raises:
        MCPError: One may have.
    """
    if lost is not None:
        raise lost
    return why


def _outcome_of(answer: CallToolResult | NotCalled) -> str:
    if isinstance(answer, NotCalled):
        return "not_called"
    return "error" if answer.is_error else "done"
