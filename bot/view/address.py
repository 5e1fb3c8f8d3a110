"""Addresses that may be shown as a link just as they are. Pure."""

import re

LONGEST = 300
"""Characters."""
_HTTPS = re.compile(
    r"https://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?"
    r"(?:[/?#][A-Za-z0-9._~/?#@!$&*+,;=%:-]*)?"
)
"""Without a user's name, which only hides the host, and without any character that
ends a link or begins something else in either platform's markup."""


def https_address(text: str) -> str:
    """Return ``text`` if it is such an address; else "", and there is no link."""
    fits = len(text) <= LONGEST and _HTTPS.fullmatch(text)
    return text if fits else ""
