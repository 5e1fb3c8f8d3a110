"""Make somebody a member of something or none, and know what came of it.

What all systems have in common: before adding look, so that a member is never changed;
and where the answer to a change does not say what happened, look again.
"""

from collections.abc import Awaitable, Callable
from typing import Literal

from adapters.systems.wire import Answer, NoAnswerError
from bot.errors import SystemUnsureError
from bot.ports.systems import NotDone, Standing


async def added(
    system: str,
    *,
    look: Callable[[], Awaitable[Standing | NotDone]],
    add: Callable[[], Awaitable[Answer]],
    read: Callable[[Answer], Standing | NotDone],
) -> Standing | NotDone:
    """Return how somebody stands after they were added.

    Args:
        system: Its name.
        look: Returns how they stand now.
        add: Asks for it.
        read: Returns what an answer of ``add`` says.

    Raises:
        SystemUnsureError: Nobody can tell whether it happened, or still will.
    """
    before = await look()
    if before != "absent":
        return before
    try:
        answer = await add()
    except NoAnswerError as error:
        said: Standing | NotDone = NotDone(why="unreachable", detail=str(error))
        doubt = error.doubt
    else:
        said, doubt = read(answer), answer.doubt
    if not isinstance(said, NotDone):
        return said
    # Also after a refusal: a request that was cut off may have been sent again below us.
    after = await look()
    if after in ("active", "invited"):
        return after
    if doubt:
        raise SystemUnsureError(system, said.detail)
    return said


async def removed(
    system: str,
    *,
    look: Callable[[], Awaitable[Standing | NotDone]],
    remove: Callable[[], Awaitable[Answer]],
    read: Callable[[Answer], Literal["absent"] | NotDone],
) -> Literal["absent"] | NotDone:
    """Return whether somebody is no member after they were removed.

    Args:
        system: Its name.
        look: Returns how they stand now.
        remove: Asks for it; removing who is none must be fine.
        read: Returns what an answer of ``remove`` says.

    Raises:
        SystemUnsureError: Nobody can tell whether it happened, or still will.
    """
    try:
        answer = await remove()
    except NoAnswerError as error:
        said: Literal["absent"] | NotDone = NotDone(
            why="unreachable", detail=str(error)
        )
        doubt = error.doubt
    else:
        said, doubt = read(answer), answer.doubt
    if not isinstance(said, NotDone):
        return said
    # What is not known may be the membership alone, or all that it is of.
    if (doubt or said.why == "unknown") and await look() == "absent":
        return "absent"
    if doubt:
        raise SystemUnsureError(system, said.detail)
    return said


async def looked(
    ask: Callable[[], Awaitable[Answer]],
    read: Callable[[Answer], Standing | NotDone],
) -> Standing | NotDone:
    """Return what a look says; no answer is none."""
    try:
        return read(await ask())
    except NoAnswerError as error:
        return NotDone(why="unreachable", detail=str(error))
