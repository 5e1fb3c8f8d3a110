"""The Bot Framework connector's REST calls, over one pool of connections.

One call in flight per conversation: Teams answers 412 to concurrent ones. Nothing is
repeated here, except once with a new token after a 401, which had no effect.

Source:
    https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference
"""

import asyncio
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote
from weakref import WeakValueDictionary

import aiohttp
import structlog
from yarl import URL

from adapters.teams import limits
from adapters.teams.auth import TokenCache
from adapters.teams.config import TeamsConfig
from adapters.teams.http import read_json
from adapters.teams.patience import Patience
from adapters.teams.wire import mapping, string
from bot.errors import AmbiguousSendError, PlatformError, RateLimitedError

_PAUSES = {429: limits.RETRY_AFTER, 412: limits.CONFLICT_RETRY_AFTER}
_log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the connector said."""

    status: int
    body: Mapping[str, Any]
    """Empty when it was not a JSON object."""
    retry_after: float | None
    """Seconds, from the header of that name."""

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return 200 <= self.status < 300  # noqa: PLR2004 - 2xx

    @property
    def id(self) -> str:
        """The id of what was made; empty if there is none."""
        return string(self.body.get("id"))

    @property
    def code(self) -> str:
        """The connector's own error code, else the status."""
        error = mapping(self.body.get("error")) or self.body
        return string(error.get("code")) or self._subcode or str(self.status)

    @property
    def message(self) -> str:
        """The connector's own words, shortened; never a gateway's page."""
        error = mapping(self.body.get("error")) or self.body
        said = string(error.get("message"))
        return "" if "<html" in said.lower() else said[:300]

    @property
    def _subcode(self) -> str:
        """What a refusal of the chat service itself is called, e.g. when blocked.

        Source:
            https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages
        """
        if "errorCode" not in self.body:
            return ""
        try:
            inside = mapping(json.loads(string(self.body.get("message"))))
        except (ValueError, RecursionError):
            return ""
        return string(inside.get("subCode"))


class Connector:
    """Calls to whichever connector serves a conversation."""

    def __init__(
        self, session: aiohttp.ClientSession, config: TeamsConfig, tokens: TokenCache
    ) -> None:
        self._session = session
        self._config = config
        self._tokens = tokens
        self._patience = Patience()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def post_activity(
        self, service_url: str, conversation: str, activity: Mapping[str, Any]
    ) -> Answer:
        """Send a new message."""
        path = f"v3/conversations/{_part(conversation)}/activities"
        return await self._in_turn(
            conversation, "POST", service_url, path, body=activity
        )

    async def put_activity(
        self,
        service_url: str,
        conversation: str,
        activity_id: str,
        activity: Mapping[str, Any],
    ) -> Answer:
        """Replace a message."""
        path = f"v3/conversations/{_part(conversation)}/activities/{_part(activity_id)}"
        return await self._in_turn(
            conversation, "PUT", service_url, path, body=activity
        )

    async def delete_activity(
        self, service_url: str, conversation: str, activity_id: str
    ) -> Answer:
        """Remove a message."""
        path = f"v3/conversations/{_part(conversation)}/activities/{_part(activity_id)}"
        return await self._in_turn(conversation, "DELETE", service_url, path)

    async def create_conversation(
        self, service_url: str, parameters: Mapping[str, Any]
    ) -> Answer:
        """Open a conversation; the same chat again where there is one."""
        return await self._call(
            "POST", service_url, "v3/conversations", body=parameters
        )

    async def get_member(
        self, service_url: str, conversation: str, user: str
    ) -> Answer:
        """Look a conversation's member up."""
        path = f"v3/conversations/{_part(conversation)}/members/{_part(user)}"
        return await self._call("GET", service_url, path)

    async def _in_turn(
        self,
        conversation: str,
        method: str,
        service_url: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        lock = self._locks.setdefault(conversation, asyncio.Lock())
        async with lock:
            answer = await self._call(method, service_url, path, body=body)
        return self._patiently(conversation, answer)

    def _patiently(self, conversation: str, answer: Answer) -> Answer:
        """Return ``answer`` with the pause to make, if Teams left that to us."""
        if answer.ok:
            self._patience.done(conversation)
        first = _PAUSES.get(answer.status)
        if first is None or answer.retry_after is not None:
            return answer
        pause = self._patience.refused(conversation, first)
        return replace(answer, retry_after=pause)

    async def _call(
        self,
        method: str,
        service_url: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Make one call.

        Raises:
            RateLimitedError: No connection, or no token for now: nothing was sent.
            AmbiguousSendError: The connection broke after something may have gone out.
            PlatformError: The service URL is not one we trust, or no token for us.
        """
        if not self._config.accepts(service_url):
            raise PlatformError("teams", "UntrustedServiceUrl", repr(service_url))
        url = URL(f"{str(URL(service_url)).rstrip('/')}/{path}", encoded=True)
        # A stand-in on this machine is spoken to, but gets no token.
        if not self._config.app_id or not self._config.trusts(service_url):
            return await self._request(method, url, body=body, token="")
        token = await self._tokens.get()
        answer = await self._request(method, url, body=body, token=token)
        if answer.status != 401:  # noqa: PLR2004 - Unauthorized
            return answer
        self._tokens.invalidate(token)
        return await self._request(
            method, url, body=body, token=await self._tokens.get()
        )

    async def _request(
        self, method: str, url: URL, *, body: Mapping[str, Any] | None, token: str
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with self._session.request(
                method, url, json=body, headers=headers, allow_redirects=False
            ) as response:
                return Answer(
                    status=response.status,
                    body=await read_json(response),
                    retry_after=_seconds(response.headers.get("Retry-After", "")),
                )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            _log.warning("teams.unreachable", host=url.host, error=repr(error))
            raise RateLimitedError(
                "teams", retry_after=limits.UNREACHED_RETRY_AFTER
            ) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise AmbiguousSendError(
                "teams", type(error).__name__, f"{method} {url.host}"
            ) from error


def _part(text: str) -> str:
    if not text.strip("."):  # empty, or a way out of the path
        raise PlatformError("teams", "BadArgument", f"{text!r} is no id")
    return quote(text, safe="")


def _seconds(header: str) -> float | None:
    try:
        seconds = float(header)
    except ValueError:
        return None
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return min(seconds, limits.LONGEST_RETRY_AFTER)
