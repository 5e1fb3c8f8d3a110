"""The routes below ``/scim/v2``: who may use them, and what they answer.

Without a token there are none. The token belongs to the tenant of this bot: whoever
has it may say who works there, so nothing is even looked up before it is checked.
"""

import hmac
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, cast

import structlog
from aiohttp import web
from pydantic import JsonValue

from adapters.scim.collection import Answer
from adapters.scim.collection import Collection as Kind
from adapters.scim.discovery import listed, resource_types, schemas, service
from adapters.scim.failures import Refusal, bad
from adapters.scim.resources import (
    GROUP_FIELDS,
    PEOPLE_FIELDS,
    group_push,
    person_push,
)
from adapters.scim.schemas import PERSON, TEAM, Schema, with_accounts
from bot.errors import StoreRefusedError, StoreUnavailableError
from bot.ports.provisioning import Document, Provisioning

log = structlog.get_logger()

ROOT = "/scim/v2"
MEDIA_TYPE = "application/scim+json"
_RETRY_SECONDS = "5"
_REFUSED, _UNAUTHORIZED, _AWAY = 400, 401, 503

Counted: TypeAlias = Callable[[str, str], None]
"""Called for each request with what it was about (``Users``, ``Groups``, ``other``) and
what became of it: ``done``, ``refused``, ``unauthorized``, ``away`` or ``broke``."""


def not_counted(about: str, outcome: str) -> None:
    """Count nothing."""
    del about, outcome


def scim_routes(
    provisioning: Provisioning,
    *,
    token: str,
    accounts: Collection[str] = (),
    entra: str = "",
    counted: Counted = not_counted,
) -> Sequence[web.RouteDef]:
    """Return the routes; none without a ``token``.

    Args:
        provisioning: Where people and groups are kept.
        token: What requests must carry as ``Authorization: Bearer``.
        accounts: Whole names of the attributes in which accounts are pushed.
        entra: The one in which object ids in Entra are.
        counted: Counts requests.
    """
    if not token:
        return ()
    person = with_accounts(PERSON, (*accounts, entra))
    server = _Server(
        person=person,
        counted=counted,
        people=Kind(
            kind=provisioning.people,
            resource="User",
            schema=person,
            fields=PEOPLE_FIELDS,
            push=partial(person_push, paths=(*accounts, entra), entra=entra),
        ),
        groups=Kind(
            kind=provisioning.groups,
            resource="Group",
            schema=TEAM,
            fields=GROUP_FIELDS,
            push=group_push,
        ),
        wanted=f"Bearer {token}".encode(),
    )
    # One route: what is wrong is answered in SCIM's words, whatever the path.
    return [web.route("*", f"{ROOT}/{{rest:.*}}", server.answer)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    people: Kind[Any]
    groups: Kind[Any]
    person: Schema
    counted: Counted
    wanted: bytes

    async def answer(self, request: web.Request) -> web.Response:
        """Answer any request below the root."""
        about = request.match_info["rest"].partition("/")[0]
        about = about if about in {"Users", "Groups"} else "other"
        outcome = "broke"
        try:
            response = await self._answered(request)
            outcome = _outcome(response.status)
        finally:
            self.counted(about, outcome)
        return response

    async def _answered(self, request: web.Request) -> web.Response:
        try:
            self._check_token(request)
            return _response(await self._done(request))
        except Refusal as refusal:
            return _refused(refusal)
        except web.HTTPRequestEntityTooLarge:
            return _refused(Refusal(413, "The request is too large."))
        except StoreRefusedError:
            log.warning("scim.refused_by_store", path=request.path)
            return _refused(bad("That cannot be kept."))
        except StoreUnavailableError:
            response = _refused(Refusal(_AWAY, "The database is away; send it again."))
            response.headers["Retry-After"] = _RETRY_SECONDS
            return response

    def _check_token(self, request: web.Request) -> None:
        header = request.headers.get("Authorization", "")
        given = header.encode(errors="surrogateescape")
        if not hmac.compare_digest(given, self.wanted):
            raise Refusal(_UNAUTHORIZED, "The bearer token is missing or wrong.")

    async def _done(self, request: web.Request) -> Answer:
        base = f"{request.url.origin()}{ROOT}"
        name, _, rest = request.match_info["rest"].rstrip("/").partition("/")
        match name:
            case "Users":
                return await _on(self.people, request, base, rest)
            case "Groups":
                return await _on(self.groups, request, base, rest)
            case "ServiceProviderConfig" if not rest:
                _only(request, "GET")
                return Answer(status=200, body=service(base))
            case "ResourceTypes":
                return _described(request, resource_types(base, self.person), rest)
            case "Schemas":
                return _described(request, schemas(base, self.person), rest)
            case ".search" | "Bulk" | "Me":
                raise Refusal(501, "This is not offered.")
            case _:
                raise Refusal(404, "There is nothing here.")


async def _on(
    collection: Kind[Any], request: web.Request, base: str, scim_id: str
) -> Answer:
    if not scim_id:
        _only(request, "GET", "POST")
        if request.method == "GET":
            return await collection.find(request, base)
        return await collection.create(request, base, await _document(request))
    if scim_id == ".search":
        raise Refusal(501, "This is not offered; use GET.")
    if "/" in scim_id:
        raise Refusal(404, "There is nothing here.")
    _only(request, "GET", "PUT", "PATCH", "DELETE")
    match request.method:
        case "PUT":
            document = await _document(request)
            return await collection.replace(request, base, scim_id, document)
        case "PATCH":
            document = await _document(request)
            return await collection.patch(request, base, scim_id, document)
        case "DELETE":
            return await collection.remove(request, scim_id)
        case _:
            return await collection.read(request, base, scim_id)


def _described(request: web.Request, found: Sequence[Document], name: str) -> Answer:
    _only(request, "GET")
    if "filter" in request.query:
        # Source: https://www.rfc-editor.org/rfc/rfc7644#section-4
        raise Refusal(403, "These are not filtered.")
    if not name:
        return Answer(status=200, body=listed(found, total=len(found), start=1))
    one = next((d for d in found if str(d["id"]).lower() == name.lower()), None)
    if one is None:
        raise Refusal(404, f"There is no {name[:100]!r}.")
    return Answer(status=200, body=one)


def _only(request: web.Request, *methods: str) -> None:
    if request.method not in methods:
        raise Refusal(
            405, f"{request.method} is not for this; use {', '.join(methods)}."
        )


async def _document(request: web.Request) -> Document:
    text = await request.read()
    try:
        value: JsonValue = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise bad("The body is no JSON.", "invalidSyntax") from error
    if not isinstance(value, dict):
        raise bad("The body is no JSON object.", "invalidSyntax")
    return cast("Document", value)


def _outcome(status: int) -> str:
    if status < _REFUSED:
        return "done"
    return {_UNAUTHORIZED: "unauthorized", _AWAY: "away"}.get(status, "refused")


def _no_number(name: str) -> None:
    raise ValueError(name)


def _response(answer: Answer) -> web.Response:
    headers: dict[str, str] = {}
    if answer.etag:
        headers["ETag"] = answer.etag
    if answer.location and answer.status == 201:  # noqa: PLR2004 - Created
        headers["Location"] = answer.location
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    return web.json_response(
        answer.body, status=answer.status, headers=headers, content_type=MEDIA_TYPE
    )


def _refused(refusal: Refusal) -> web.Response:
    log.info("scim.refused", status=refusal.status, why=refusal.why)
    response = web.json_response(
        refusal.body(), status=refusal.status, content_type=MEDIA_TYPE
    )
    if refusal.status == _UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Deskhand SCIM"'
    return response
