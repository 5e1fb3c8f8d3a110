"""Give a surface its place: where its person is reached, for whom that is not known.

Cards for those who decide are shown to them alone, and so are last words whose own
place is closed.
"""

import structlog

from bot.clock import Clock
from bot.engine.exhibit import Exhibit
from bot.engine.reach import Reach
from bot.errors import DeskhandError, RateLimitedError

log = structlog.get_logger()

AGAIN = 1.0
"""Seconds after which somebody is looked for again, if no platform says when."""


async def find_place(reach: Reach, exhibit: Exhibit, clock: Clock) -> bool:
    """Find where a surface goes; return whether to look again, after a pause.

    Nobody knows of an address: its person cannot be reached, or not yet.
    """
    person = exhibit.plan.person_id
    try:
        exhibit.address = await reach.address_of(exhibit.claim.tenant_id, person)
    except DeskhandError as error:
        log.warning(
            "surface.unreachable", person=person, error=str(error), hint=error.hint
        )
        exhibit.unreachable = not error.retryable
        if error.retryable:
            limited = isinstance(error, RateLimitedError)
            await clock.sleep(error.retry_after if limited else AGAIN)
        return error.retryable
    except Exception:
        log.exception("surface.failed", surface=exhibit.surface_id)
        exhibit.unreachable = True
    return False
