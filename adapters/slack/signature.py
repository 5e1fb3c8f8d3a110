"""Whether a request is from Slack: the first thing done with its raw bytes.

Bolt's own check answers 500 to a timestamp that is not a number and to a signature or
body that is not ASCII or UTF-8, and it reads the machine's clock. This one does not.
"""

import hashlib
import hmac

from adapters.slack.limits import SIGNATURE_AGE
from bot.errors import UnverifiedError


def sign(body: bytes, *, timestamp: str, secret: str) -> str:
    """Return the signature that Slack puts on ``body``: ``v0=`` and 64 hex digits."""
    signed = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def verify(
    body: bytes, *, timestamp: str, signature: str, secret: str, now: float
) -> None:
    """Return if Slack signed ``body`` recently; raise otherwise.

    Args:
        body: The raw request body.
        timestamp: Header ``X-Slack-Request-Timestamp``, in Unix seconds.
        signature: Header ``X-Slack-Signature``.
        secret: The app's signing secret.
        now: Current time, in Unix seconds.

    Raises:
        UnverifiedError: The timestamp is not a number or too far from ``now`` in
            either direction, or the signature differs.

    Source:
        https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 20):  # noqa: PLR2004 - more digits than any time has
        raise UnverifiedError("the timestamp is not a number")
    if abs(now - int(timestamp)) > SIGNATURE_AGE:
        raise UnverifiedError(f"the timestamp is not within {SIGNATURE_AGE} s")
    expected = sign(body, timestamp=timestamp, secret=secret)
    given = signature.encode(errors="surrogateescape")
    if not hmac.compare_digest(expected.encode(), given):
        raise UnverifiedError("the signature differs")
