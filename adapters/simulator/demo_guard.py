"""Who may use the demo page: this machine, under its own name, and nobody else.

Nobody logs in to the page, so it must not take orders from other web sites, nor tell
them anything.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, is_dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from pydantic import ValidationError

from bot.errors import DeskhandError

_OWN_NAMES: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = structlog.get_logger()


def local(handler: _Handler) -> _Handler:
    """Refuse requests under any name but this machine's own.

    A web site can make its own name point here (DNS rebinding); to the browser the
    page is then that site's, and only the name in ``Host`` tells.
    """

    async def named(request: web.Request) -> web.StreamResponse:
        try:
            host = urlsplit(f"//{request.host}").hostname or ""
        except ValueError:
            host = ""
        if host not in _OWN_NAMES:
            return _refusal(403, "This page answers only as 127.0.0.1 or localhost.")
        return await handler(request)

    return named


def guarded(deed: Callable[[web.Request], Awaitable[object]]) -> _Handler:
    """Refuse other web sites; answer mistakes as JSON with a 4xx."""

    async def handler(request: web.Request) -> web.Response:
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            return _refusal(403, "This page only takes orders from itself.")
        if request.content_type != "application/json":
            return _refusal(415, "Send application/json.")
        try:
            result = await deed(request)
        except ValidationError as error:
            return _refusal(400, "; ".join(p["msg"] for p in error.errors()))
        except LookupError as error:
            return _refusal(404, f"There is no {error}.")
        except (DeskhandError, ValueError) as error:
            _log.warning("demo.refused", path=request.path, error=str(error))
            return _refusal(409, str(error))
        if is_dataclass(result) and not isinstance(result, type):
            result = asdict(result)
        return web.json_response({"ok": True, "result": result})

    return local(handler)


def _refusal(status: int, why: str) -> web.Response:
    return web.json_response({"ok": False, "error": why}, status=status)
