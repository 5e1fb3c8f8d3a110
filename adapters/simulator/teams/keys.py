"""The keys with which the stand-in signs its deliveries, as real as Microsoft's.

Source: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from adapters.simulator.teams.limits import CLAIM_LIFETIME
from bot.clock import Clock

ISSUER = "https://api.botframework.com"
RENEW_BEFORE = 300
"""Seconds before its end at which a delivery token is replaced."""


class SigningKey:
    """One RSA key.

    Args:
        kid: Its name in the key document and in token headers.
        endorsements: The channels that it may speak for.
    """

    def __init__(self, kid: str, endorsements: Sequence[str] = ("msteams",)) -> None:
        self.kid = kid
        self.endorsements = tuple(endorsements)
        self._private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwk(self) -> dict[str, Any]:
        """Return the public half as it stands in the key document."""
        public = RSAAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        return {
            **public,
            "kid": self.kid,
            "x5t": self.kid,
            "use": "sig",
            "endorsements": list(self.endorsements),
        }

    def sign(
        self, claims: Mapping[str, Any], headers: Mapping[str, Any] | None = None
    ) -> str:
        """Return a JWT of ``claims``.

        Args:
            claims: What the token says.
            headers: Overrides of ``kid`` and ``x5t``.
        """
        return jwt.encode(
            dict(claims),
            self._private,
            algorithm="RS256",
            headers={"kid": self.kid, "x5t": self.kid, **(headers or {})},
        )


class Notary:
    """Signs what the stand-in delivers, for one bot and one service URL."""

    def __init__(
        self,
        clock: Clock,
        *,
        app_id: str,
        service_url: str,
        key: SigningKey | None = None,
    ) -> None:
        self._clock = clock
        self._app_id = app_id
        self._service_url = service_url
        self._keys = [key or SigningKey("key-1")]
        self._made = 1
        self._token = ""
        self._renew_at = 0.0

    def rotate(self, *, keep_old: bool = False) -> SigningKey:
        """Sign with a new key from now on.

        Args:
            keep_old: Whether the old key stays in the key document.
        """
        self._made += 1
        key = SigningKey(f"key-{self._made}")
        self._keys = [*self._keys, key] if keep_old else [key]
        self._token = ""
        return key

    def key_document(self) -> dict[str, Any]:
        """Return the JWKS that bots verify against."""
        return {"keys": [key.jwk() for key in self._keys]}

    def token(self) -> str:
        """Return a valid token, the same one until it nears its end."""
        if not self._token or self._clock.monotonic() >= self._renew_at:
            self._token = self.mint({})
            self._renew_at = self._clock.monotonic() + CLAIM_LIFETIME - RENEW_BEFORE
        return self._token

    def mint(
        self,
        claims: Mapping[str, Any],
        *,
        key: SigningKey | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a token that is valid but for what the caller changed.

        Args:
            claims: Overrides; a value of ``None`` leaves the claim out.
            key: Sign with this key instead of the published one.
            headers: Overrides of the JWT's header.
        """
        now = int(self._clock.now().timestamp())
        said = {
            "iss": ISSUER,
            "aud": self._app_id,
            "serviceurl": self._service_url,
            "nbf": now,
            "exp": now + CLAIM_LIFETIME,
            **claims,
        }
        kept = {name: value for name, value in said.items() if value is not None}
        return (key or self._keys[-1]).sign(kept, headers)
