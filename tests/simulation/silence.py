"""Keep the engine's log silent, and hear what it must never say.

Thousands of turns a minute would log a great deal, so only errors get as far as here.
Some are what a simulated world provokes; any other is a mistake of the engine, which
would go on as if nothing had happened.
"""

import logging
from collections.abc import Callable, Generator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Never

import structlog

EXPECTED = frozenset(
    {
        "approval.not_escalated",
        "model.broken",
        "policy.failed",
        "slack.stream_refused",
        "surface.abandoned",
        "tool.probe_failed",
        "tool.not_reported",
    }
)
"""Errors that a simulated world provokes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """An error that the engine logged."""

    event: str
    about: str


@contextmanager
def listening(tell: Callable[[Complaint], None]) -> Generator[None]:
    """Call ``tell`` with each unexpected error that is logged within the block."""

    def hear(_logger: object, _name: str, event: MutableMapping[str, Any]) -> Never:
        name = str(event["event"])
        if name not in EXPECTED:
            about = {key: value for key, value in event.items() if key != "event"}
            tell(Complaint(event=name, about=repr(about)))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, hear],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)
