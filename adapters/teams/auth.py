"""Who calls us, and how we prove who we are.

Inbound, every activity carries a token signed by the Bot Framework. Outbound, the bot
carries one from Microsoft's login service. Keys and tokens are fetched without
blocking, by one request at a time, and kept.

Whatever is wrong with a caller's token is an `UnverifiedError`: no input makes this
module raise anything else, except that the keys cannot be had at all.

Source:
    https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import jwt
import structlog

from adapters.teams import limits
from adapters.teams.config import TeamsConfig
from adapters.teams.http import read_json
from adapters.teams.wire import Incoming, mapping, string
from bot.clock import Clock
from bot.errors import (
    AccessRefusedError,
    PlatformError,
    RateLimitedError,
    UnverifiedError,
)

CHANNEL = "msteams"
_DENIED = frozenset({400, 401, 403})
"""How Entra answers an app that it does not know or whose secret is wrong."""
_log = structlog.stdlib.get_logger()

# ----------------------------------------------------------------------- inbound


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key, and the channels that it may sign for."""

    key: jwt.PyJWK
    endorsements: frozenset[str]


@dataclass(frozen=True, slots=True)
class Caller:
    """What a valid token says of the one who called."""

    service_url: str
    endorsements: frozenset[str]


class SigningKeys:
    """The channel's public keys, fetched when needed and kept for a day."""

    def __init__(
        self, session: aiohttp.ClientSession, *, metadata_url: str, clock: Clock
    ) -> None:
        self._session = session
        self._metadata_url = metadata_url
        self._clock = clock
        self._keys: Mapping[str, SigningKey] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def find(self, kid: str) -> SigningKey | None:
        """Return the key, asking again for keys when it is new to us.

        Raises:
            PlatformError: No keys are known and none can be had.
        """
        if kid not in self._keys or self._is_old():
            async with self._one_at_a_time:
                if kid not in self._keys or self._is_old():
                    await self._refresh()
        if not self._keys:
            raise PlatformError("teams", "keys_unavailable", self._metadata_url)
        return self._keys.get(kid)

    def _is_old(self) -> bool:
        return self._clock.monotonic() - self._fetched_at > limits.KEYS_MAX_AGE

    async def _refresh(self) -> None:
        now = self._clock.monotonic()
        if now - self._tried_at < limits.KEYS_MIN_INTERVAL:
            return
        self._tried_at = now
        try:
            metadata = await self._get(self._metadata_url)
            document = await self._get(string(metadata.get("jwks_uri")))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            _log.warning("teams.keys_unavailable", error=repr(error))
            return
        if keys := _usable(document):
            self._keys = keys
            self._fetched_at = now

    async def _get(self, url: str) -> Mapping[str, Any]:
        async with self._session.get(url, allow_redirects=False) as response:
            response.raise_for_status()
            return await read_json(response)


def _usable(document: Mapping[str, Any]) -> dict[str, SigningKey]:
    found: dict[str, SigningKey] = {}
    for entry in _listed(document.get("keys")):
        jwk = mapping(entry)
        kid, endorsements = string(jwk.get("kid")), jwk.get("endorsements")
        try:
            key = jwt.PyJWK(dict(jwk), algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        found[kid] = SigningKey(key, frozenset(map(string, _listed(endorsements))))
    return found


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


class Verifier:
    """Tells the channel's calls from everybody else's."""

    def __init__(self, config: TeamsConfig, keys: SigningKeys, clock: Clock) -> None:
        self._config = config
        self._keys = keys
        self._clock = clock

    async def verify(self, authorization: str) -> Caller:
        """Return who signed, before the body is looked at.

        Args:
            authorization: The header of that name; empty if there is none.

        Raises:
            UnverifiedError: The token is not a valid one for this bot.
            PlatformError: The channel's keys cannot be had.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnverifiedError("no bearer token")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            # ValueError: bytes that are no text; RecursionError: JSON nested deeply.
            raise UnverifiedError("the token is not a JWT") from error
        kid = string(header.get("kid"))
        key = await self._keys.find(kid) if kid else None
        if key is None:
            raise UnverifiedError(f"the signing key {kid!r} is unknown")
        claims = self._claims(token, key)
        return Caller(string(claims.get("serviceurl")), key.endorsements)

    def _claims(self, token: str, key: SigningKey) -> Mapping[str, Any]:
        try:
            claims = jwt.decode(
                token,
                key.key,
                algorithms=["RS256"],
                audience=self._config.app_id,
                issuer=self._config.issuer,
                options={
                    "require": ["exp", "iss", "aud"],
                    "strict_aud": True,
                    # Times are checked below, by our own clock.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise UnverifiedError(f"invalid token: {type(error).__name__}") from error
        now = self._clock.now().timestamp()
        if now > _seconds(claims, "exp", missing=0) + limits.CLOCK_SKEW:
            raise UnverifiedError("the token has expired")
        if now < _seconds(claims, "nbf", missing=0) - limits.CLOCK_SKEW:
            raise UnverifiedError("the token is not valid yet")
        return claims


def _seconds(claims: Mapping[str, Any], name: str, *, missing: float) -> float:
    value = claims.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnverifiedError(f"the token's {name!r} is not a time")
    return value


def check_claims(caller: Caller, incoming: Incoming) -> None:
    """Return if the token was made for exactly this activity's channel and connector.

    Raises:
        UnverifiedError: It was not.
    """
    if incoming.channel_id != CHANNEL or CHANNEL not in caller.endorsements:
        raise UnverifiedError(
            f"the signing key is not endorsed for channel {incoming.channel_id!r}"
        )
    if not caller.service_url:
        raise UnverifiedError("the token names no service URL")
    if caller.service_url != incoming.service_url:
        raise UnverifiedError("the token was made for another service URL")


# ---------------------------------------------------------------------- outbound


class TokenCache:
    """The bot's own token, replaced before it runs out."""

    def __init__(
        self, session: aiohttp.ClientSession, config: TeamsConfig, clock: Clock
    ) -> None:
        self._session = session
        self._config = config
        self._clock = clock
        self._token = ""
        self._replace_at = float("-inf")
        self._dead_at = float("-inf")
        self._failed_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def get(self) -> str:
        """Return a token that is valid for minutes to come.

        Raises:
            RateLimitedError: The login service is away; nothing was sent.
            AccessRefusedError: The login service refuses this app.
            PlatformError: It makes no sense.
        """
        if self._clock.monotonic() >= self._replace_at:
            async with self._one_at_a_time:
                if self._clock.monotonic() >= self._replace_at:
                    await self._refresh()
        return self._token

    def invalidate(self, token: str) -> None:
        """Forget ``token``, which was refused, unless it has been replaced already."""
        if token == self._token:
            self._replace_at = self._dead_at = float("-inf")

    async def _refresh(self) -> None:
        now = self._clock.monotonic()
        alive = now < self._dead_at
        pause = self._failed_at + limits.TOKEN_RETRY_AFTER - now
        if pause > 0:
            if alive:
                return
            raise RateLimitedError("teams", retry_after=pause)
        try:
            await self._request(now)
        except PlatformError as error:
            self._failed_at = now
            _log.warning("teams.token_unavailable", error=str(error))
            if not alive:
                raise

    async def _request(self, now: float) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._config.app_id,
            "client_secret": self._config.app_password,
            "scope": f"{self._config.issuer}/.default",
        }
        try:
            async with self._session.post(
                self._config.token_endpoint, data=form, allow_redirects=False
            ) as response:
                status, answer = response.status, await read_json(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise RateLimitedError(
                "teams", retry_after=limits.TOKEN_RETRY_AFTER
            ) from error
        token, lifetime = string(answer.get("access_token")), answer.get("expires_in")
        if status == 200 and token:  # noqa: PLR2004 - OK
            seconds = float(lifetime) if isinstance(lifetime, int | float) else 3600.0
            self._token = token
            self._dead_at = now + seconds
            self._replace_at = now + max(seconds - limits.TOKEN_MARGIN, seconds / 2)
        elif status == 429 or status >= 500:  # noqa: PLR2004 - try again later
            raise RateLimitedError("teams", retry_after=limits.TOKEN_RETRY_AFTER)
        else:
            code = string(answer.get("error")) or str(status)
            kind = AccessRefusedError if status in _DENIED else PlatformError
            raise kind("teams", code, "no token for this app")
