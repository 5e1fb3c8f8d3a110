"""Carries activities to the bot: signed, with a deadline, again when need be."""

import asyncio
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from adapters.simulator.journal import Journal
from adapters.simulator.teams.keys import Notary
from adapters.simulator.teams.limits import Limits
from adapters.simulator.teams.wire import Json
from bot.clock import Clock

AGENT = "Microsoft-SkypeBotApi (Microsoft-BotFramework/3.0)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one delivery went."""

    status: int | None
    """HTTP status; ``None``: no answer, see ``error``."""
    body: str = ""
    error: str = ""
    """``timeout``, or the class of what broke."""
    seconds: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether the bot took it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - 2xx


class Courier:
    """Delivers to one bot.

    Args:
        bot_url: The bot's messaging endpoint.
        session: Where requests go out.
        notary: Signs them.
        journal: Keeps how they went.
        clock: Times them.
        limits: The deadline and the redelivery schedule.
    """

    def __init__(
        self,
        bot_url: str,
        *,
        session: aiohttp.ClientSession,
        notary: Notary,
        journal: Journal,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._bot_url = bot_url
        self._session = session
        self._notary = notary
        self._journal = journal
        self._clock = clock
        self._limits = limits

    async def deliver(self, activity: Json, *, attempt: int = 1) -> Outcome:
        """Deliver once, signed."""
        headers = {
            "Authorization": f"Bearer {self._notary.token()}",
            "Content-Type": "application/json; charset=utf-8",
            "x-ms-conversation-id": activity["conversation"]["id"],
            "x-ms-tenant-id": activity["conversation"]["tenantId"],
        }
        body = json.dumps(activity, ensure_ascii=False).encode()
        outcome = await self.send(body, headers)
        self._journal.record(
            "delivery",
            platform="teams",
            type=activity["type"],
            activity=activity["id"],
            conversation=activity["conversation"]["id"],
            attempt=attempt,
            status=outcome.status,
            error=outcome.error,
            seconds=outcome.seconds,
        )
        return outcome

    async def deliver_until_accepted(self, activity: Json) -> Outcome:
        """Deliver again after a failure, as often as the schedule says."""
        outcome = await self.deliver(activity)
        for attempt, pause in enumerate(self._limits.message_retries, start=2):
            if outcome.accepted:
                break
            await self._clock.sleep(pause)
            outcome = await self.deliver(activity, attempt=attempt)
        return outcome

    async def repeat_invoke(self, first: Json, second: Json) -> Outcome | None:
        """Deliver a failed invoke again: as itself, then as ``second``."""
        current, outcome = first, None
        for attempt, retry in enumerate(self._limits.invoke_retries, start=2):
            await self._clock.sleep(retry.after)
            current = second if retry.new_id else current
            outcome = await self.deliver(current, attempt=attempt)
            if outcome.accepted:
                break
        return outcome

    async def send(self, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Post ``body`` as it is and wait no longer than Teams would."""
        started = self._clock.monotonic()
        answered = await self._within(
            self._limits.answer_within, self._exchange(body, headers)
        )
        status, text, error = answered or (None, "", "timeout")
        return Outcome(status, text, error, self._clock.monotonic() - started)

    async def _exchange(
        self, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int | None, str, str]:
        try:
            async with self._session.post(
                self._bot_url, data=body, headers={"User-Agent": AGENT, **headers}
            ) as response:
                return response.status, await response.text(), ""
        except (aiohttp.ClientError, OSError) as error:
            return None, "", type(error).__name__

    async def _within(
        self,
        seconds: float,
        exchange: Coroutine[Any, Any, tuple[int | None, str, str]],
    ) -> tuple[int | None, str, str] | None:
        # asyncio.timeout knows only the loop's time; the deadline is the clock's.
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(exchange)
            alarm = group.create_task(self._clock.sleep(seconds))
            await asyncio.wait({asked, alarm}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                alarm.cancel()
                return asked.result()
            asked.cancel()
        return None
