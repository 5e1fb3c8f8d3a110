"""What becomes of a surface when its platform, or the store, did not play along.

One table for all: which error means what for the message that was to be shown. What an
exhibit has been through counts, so it is told here.
"""

import logging
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.engine.exhibit import Exhibit
from bot.engine.lock_outs import LockOuts
from bot.errors import (
    AccessRefusedError,
    AmbiguousSendError,
    LeaseLostError,
    MessageGoneError,
    MessageLockedError,
    NeedlessError,
    PlaceClosedError,
    PlatformError,
    QuotaSpentError,
    RateLimitedError,
    StillStreamingError,
    StoreUnavailableError,
)

LATE = 5.0
"""Seconds for which an edit that was given up on may still arrive (our choice)."""
LOCKED_OUT = 60.0
"""Seconds between tries while a platform does not accept our credentials."""
PATIENCE = 900.0
"""Seconds of that after which a message is given up (our choice)."""

LOUDNESS = {
    "throttle": logging.INFO,
    "finals only": logging.WARNING,
    "retry": logging.WARNING,
    "leave": logging.INFO,
    "pass over": logging.WARNING,
    "move": logging.WARNING,
    "give up": logging.WARNING,
}
"""How much an operator is to hear of a failure, by what becomes of it."""

Failure: TypeAlias = PlatformError | LeaseLostError | StoreUnavailableError
"""What can come of trying to show something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do now."""

    kind: Literal[
        "throttle", "finals only", "retry", "leave", "pass over", "move", "give up"
    ]
    """``throttle``: the platform allows no more; ``finals only``: of nobody, but
    approvals and last words try all the same; ``leave``: somebody else shows it;
    ``pass over``: what comes later may be taken; ``move``: reach its person directly."""
    at: float | None = None
    """Not before this time, if it is known: monotonic seconds."""


def verdict_on(
    exhibit: Exhibit, error: Failure, now: float, lock_outs: LockOuts
) -> Verdict:
    """Take note of a failure and return what to do.

    Args:
        exhibit: What was to be shown.
        error: What came of it.
        now: Monotonic seconds.
        lock_outs: What is refused for want of credentials; this may be one more.
    """
    match error:
        case RateLimitedError():
            spent = isinstance(error, QuotaSpentError)
            kind = "finals only" if spent else "throttle"
            return Verdict(kind=kind, at=now + error.retry_after)
        case AmbiguousSendError():
            exhibit.doubt(now + LATE)
            return Verdict(kind="retry")
        case LeaseLostError():
            return Verdict(kind="leave")
        case MessageGoneError():
            return _gone(exhibit, locked=isinstance(error, MessageLockedError))
        case PlaceClosedError():
            return _shut_out(exhibit)
        case AccessRefusedError():
            return _locked_out(exhibit, now, lock_outs)
        case NeedlessError():
            return Verdict(kind="give up")
        case StillStreamingError() | StoreUnavailableError():
            return Verdict(kind="retry")  # a platform ends every stream in time
        case PlatformError():
            return Verdict(kind=exhibit.refused())


def _locked_out(exhibit: Exhibit, now: float, lock_outs: LockOuts) -> Verdict:
    """Our credentials are refused: they may be taken again in a while."""
    if now >= lock_outs.refused(exhibit, now) + PATIENCE:
        return Verdict(kind="give up")
    return Verdict(kind="retry", at=now + LOCKED_OUT)


def _gone(exhibit: Exhibit, *, locked: bool) -> Verdict:
    """It cannot be edited any more: another message stands in for it.

    Whoever deletes how far a turn has come does not want to see that again, but how it
    ends: so that waits for the end. So does what was stood in for before: the place may
    take no edits at all. What another message has told by now is not told again.
    """
    plan = exhibit.plan
    again = exhibit.replaced >= exhibit.stand_ins
    if plan.below is None and again and (plan.final or plan.is_personal):
        return Verdict(kind="give up")
    told = plan.below is not None or not locked
    exhibit.deleted = (plan.role == "progress" and told) or again
    if exhibit.withheld:
        return Verdict(kind="pass over")
    exhibit.replace()
    return Verdict(kind="retry")


def _shut_out(exhibit: Exhibit) -> Verdict:
    """Nothing can be shown there: only the last word reaches its person."""
    if exhibit.plan.is_personal or exhibit.moved:
        return Verdict(kind="give up")
    if not exhibit.plan.final:
        exhibit.shut_out, exhibit.streamable = True, False
        return Verdict(kind="pass over")
    exhibit.move()
    return Verdict(kind="move")
