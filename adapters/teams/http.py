"""Small answers over HTTP, read whole and within a limit."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from adapters.teams import limits
from adapters.teams.wire import mapping


def new_session() -> aiohttp.ClientSession:
    """Return the one pool of connections that everything goes through.

    No redirects are followed and no cookies or proxies from the environment are
    used, so a token goes where it was meant to go. aiohttp repeats a GET or PUT once
    when a kept connection turns out to be closed; nothing else is ever repeated.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=200, limit_per_host=100),
        timeout=aiohttp.ClientTimeout(
            total=limits.REQUEST_TIMEOUT, sock_connect=limits.CONNECT_TIMEOUT
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        raise_for_status=False,
    )


async def read_json(response: aiohttp.ClientResponse) -> Mapping[str, Any]:
    """Return the answer's JSON object; empty for anything else, such as HTML."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limits.ANSWER_BYTES:
            return {}
    try:
        return mapping(json.loads(bytes(body)))
    except (ValueError, RecursionError):
        return {}
