"""What a server's tool is called: one name for people, one that models accept. Pure.

People and the log's readers see ``rooms.book``. Models take letters, digits, ``_`` and
``-`` only, so on the wire it is ``rooms__book``. The name follows from the company file
and the tool alone, so that a call in the log is found again after a restart.
"""

import hashlib
import re

BETWEEN = "__"
"""Between server and tool; a server's name has no ``_``."""
LONGEST = 64
"""Characters of a tool's name that models accept."""
_MARK = 8


def shown_name(server: str, tool: str) -> str:
    """Return the name for people."""
    return f"{server}.{tool}"


def wire_name(server: str, tool: str) -> str:
    """Return the name for models; unlike for every tool of a server."""
    name = f"{server}{BETWEEN}{tool}"
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    if plain == name and len(name) <= LONGEST:
        return name
    mark = hashlib.sha256(tool.encode()).hexdigest()[:_MARK]
    return f"{plain[: LONGEST - _MARK - 1]}_{mark}"


def server_of(wire: str) -> str:
    """Return which server a wire name belongs to; empty: it is no such name."""
    server, between, _ = wire.partition(BETWEEN)
    return server if between else ""
