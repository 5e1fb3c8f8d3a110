"""Calls to Slack's Web API, and their answers as JSON or as our errors.

The only place that knows the SDK's client. One aiohttp session for all calls; the
SDK's retries are off: it would send again after a connection that broke on the way
back, and Slack has no idempotency key.
"""

# The SDK's own types have bare dicts in them.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import limits
from adapters.slack.failures import failure_of, redact
from adapters.slack.quiet import sdk_logger
from bot.errors import AmbiguousSendError

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class WebApi:
    """One workspace's Web API. Made inside a running event loop."""

    def __init__(
        self, *, token: str, base_url: str, timeout: float = limits.CALL_TIMEOUT
    ) -> None:
        # The SDK ignores its own `timeout` when it is given a session.
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(
                total=timeout, sock_connect=limits.CONNECT_TIMEOUT
            )
        )
        self._client = AsyncWebClient(
            token=token,
            base_url=base_url,
            session=self._session,
            retry_handlers=[],
            logger=sdk_logger(),
        )
        # The SDK reads proxies from the environment, but not which hosts need none.
        host = urlsplit(base_url).hostname or ""
        if host in _LOOPBACK or proxy_bypass(host):
            self._client.proxy = None

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()

    async def read(self, method: str, **arguments: object) -> Mapping[str, Any]:
        """Return the answer of a method that changes nothing.

        Raises:
            PlatformError: As `write`.
        """
        return await self._call(method, "GET", arguments)

    async def write(self, method: str, **arguments: object) -> Mapping[str, Any]:
        """Return the answer of a method that changes something.

        Args:
            method: For example ``chat.update``.
            arguments: As Slack documents them; ``None`` is left out.

        Raises:
            RateLimitedError: Nothing happened; try again after ``retry_after`` s.
            AmbiguousSendError: It may have happened.
            PlatformError: Slack refused.
        """
        return await self._call(method, "POST", arguments)

    async def _call(
        self, method: str, verb: str, arguments: Mapping[str, object]
    ) -> Mapping[str, Any]:
        given = {key: value for key, value in arguments.items() if value is not None}
        place = {"params": given} if verb == "GET" else {"json": given}
        try:
            response = await self._client.api_call(method, http_verb=verb, **place)
            data: object = response.data
        except SlackApiError as error:
            failure = failure_of(method, error)
        except (AttributeError, ValueError) as error:
            # The SDK trips over bodies that are text, a list or not UTF-8.
            kind = type(error).__name__
            failure = AmbiguousSendError("slack", "unreadable", f"{method}: {kind}")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            kind = type(error).__name__
            failure = AmbiguousSendError("slack", "no_answer", f"{method}: {kind}")
        else:
            if isinstance(data, dict):
                return cast("Mapping[str, Any]", data)  # JSON, not parsed further
            failure = AmbiguousSendError("slack", "unreadable", method)
        _log.warning("slack.call_failed", method=method, error=redact(str(failure)))
        raise failure
