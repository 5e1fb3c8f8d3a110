"""Carry signed requests to the bot: 3 s to answer, and Slack's redelivery schedule.

Source: https://docs.slack.dev/apis/events-api and
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

import aiohttp

from adapters.simulator.journal import Journal
from adapters.simulator.slack import limits
from adapters.simulator.slack.people import Json
from bot.clock import Clock

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
_OK = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How one request to the bot went."""

    status: int | None = None
    """``None``: no answer."""
    reason: str = ""
    """Empty when acknowledged, else Slack's ``x-slack-retry-reason``."""
    seconds: float = 0.0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def ok(self) -> bool:
        """Whether the bot acknowledged."""
        return not self.reason

    @property
    def no_retry(self) -> bool:
        """Whether the bot asked not to be sent this again."""
        return self.headers.get("x-slack-no-retry") == "1"


@dataclass(frozen=True, slots=True)
class _Failed:
    reason: str


def signed_headers(body: bytes, *, secret: str, now: float) -> dict[str, str]:
    """Return the two headers that prove ``body`` comes from Slack.

    Args:
        body: The exact bytes that will be sent.
        secret: The app's signing secret.
        now: Unix seconds.
    """
    timestamp = str(int(now))
    base = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest}",
    }


class Courier:
    """Sends to one bot.

    Args:
        journal: Gets a ``delivery`` change for every attempt.
        clock: Deadlines and waiting go by it.
        session: The HTTP client.
        tasks: Owns the timers.
        secret: The app's signing secret.
        retry_delays: Seconds before each redelivery of an event.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        session: aiohttp.ClientSession,
        tasks: asyncio.TaskGroup,
        secret: str,
        retry_delays: Sequence[float],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._session = session
        self._tasks = tasks
        self._secret = secret
        self._retry_delays = tuple(retry_delays)

    async def deliver_event(self, url: str, envelope: Json) -> list[Attempt]:
        """Send an event until it is acknowledged or no retry is left."""
        body = json.dumps(envelope, ensure_ascii=False).encode()
        attempts: list[Attempt] = []
        for number, delay in enumerate((0.0, *self._retry_delays)):
            headers: dict[str, str] = {}
            if number:
                headers["x-slack-retry-num"] = str(number)
                headers["x-slack-retry-reason"] = attempts[-1].reason
                await self._clock.sleep(delay)
            attempt = await self._signed(url, body, JSON_TYPE, headers)
            attempts.append(attempt)
            last = attempt.ok or attempt.no_retry or number == len(self._retry_delays)
            self._record(envelope, attempt, number=number + 1, given_up=last)
            if last:
                break
        return attempts

    async def deliver_interaction(self, url: str, payload: Json) -> Attempt:
        """Send an interaction payload, once: Slack does not repeat them."""
        body = urlencode({"payload": json.dumps(payload, ensure_ascii=False)}).encode()
        attempt = await self._signed(url, body, FORM_TYPE, {})
        self._record(payload, attempt, number=1, given_up=True)
        return attempt

    async def deliver_raw(
        self, url: str, body: bytes, headers: Mapping[str, str]
    ) -> Attempt:
        """Send exactly this, signed or not; it is not journaled."""
        return await self._post(url, body, headers)

    async def _signed(
        self, url: str, body: bytes, content_type: str, headers: Mapping[str, str]
    ) -> Attempt:
        signature = signed_headers(
            body, secret=self._secret, now=self._clock.now().timestamp()
        )
        kind = {"Content-Type": content_type}
        return await self._post(url, body, {**kind, **signature, **headers})

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Attempt:
        started = self._clock.monotonic()
        answer = await self._answer(url, body, headers)
        seconds = self._clock.monotonic() - started
        if isinstance(answer, _Failed):
            return Attempt(reason=answer.reason, seconds=seconds)
        status, received, returned = answer
        return Attempt(
            status=status,
            reason="" if status in _OK else "http_error",
            seconds=seconds,
            body=received,
            headers=returned,
        )

    async def _answer(
        self, url: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes, dict[str, str]] | _Failed:
        try:
            async with asyncio.timeout(None) as deadline:
                # By the world's clock, not the loop's.
                timer = self._tasks.create_task(self._ring(deadline))
                try:
                    async with self._session.post(
                        url, data=body, headers=headers, max_redirects=2
                    ) as response:
                        received = await response.read()
                        lower = {k.lower(): v for k, v in response.headers.items()}
                        return response.status, received, lower
                finally:
                    timer.cancel()
        except TimeoutError:
            return _Failed("http_timeout")
        except aiohttp.TooManyRedirects:
            return _Failed("too_many_redirects")
        except aiohttp.ClientSSLError:
            return _Failed("ssl_error")
        except (aiohttp.ClientConnectionError, OSError):
            return _Failed("connection_failed")
        except (aiohttp.ClientError, ValueError):
            return _Failed("unknown_error")

    async def _ring(self, deadline: asyncio.Timeout) -> None:
        await self._clock.sleep(limits.ACK_SECONDS)
        deadline.reschedule(asyncio.get_running_loop().time())

    def _record(
        self, payload: Json, attempt: Attempt, *, number: int, given_up: bool
    ) -> None:
        event: Json = payload.get("event", payload)
        self._journal.record(
            "delivery",
            platform="slack",
            what=event["type"],
            subtype=event.get("subtype"),
            id=payload.get("event_id") or payload.get("trigger_id"),
            user=_user_of(event),
            attempt=number,
            status=attempt.status,
            ok=attempt.ok,
            reason=attempt.reason,
            ms=round(attempt.seconds * 1000, 1),
            given_up=given_up and not attempt.ok,
        )


def _user_of(event: Json) -> str | None:
    user: Any = event.get("user")
    return cast("Json", user)["id"] if isinstance(user, dict) else user
