"""What is counted of MCP servers, wherever the counters are."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Where counts go; nowhere, unless told."""

    connected: Callable[[str, int], None] = lambda _server, _count: None
    """Called with a server's name and how many connections to it there are: 0 or 1."""
    called: Callable[[str, str], None] = lambda _server, _outcome: None
    """Called with a server's name and what became of a call: ``done``, ``error``
    (so it answered), ``not_called`` or ``lost``."""


NOT_COUNTED = Meter()
