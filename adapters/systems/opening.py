"""Open a ticket once, and know what came of it.

What all systems have in common: ask once; and where the answer does not say what
happened, look for the ticket by our key, for a while. That it is not found proves
nothing.
"""

import base64
import re
from collections.abc import Awaitable, Callable

from pydantic import JsonValue

from adapters.systems.wire import Answer, NoAnswerError
from bot.clock import Clock
from bot.errors import SystemUnsureError
from bot.ports.systems import NotDone
from bot.ports.tickets import TicketThere
from bot.view.address import https_address

PAUSES = (0.5, 2.0, 5.0)
"""Seconds before each look: what was sent arrives, and searches follow in seconds."""
MOST_STATE = 60
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DONE = range(200, 300)


async def opened_once(
    system: str,
    *,
    ask: Callable[[], Awaitable[Answer]],
    read: Callable[[Answer], TicketThere | NotDone],
    find: Callable[[], Awaitable[TicketThere | NotDone | None]],
    clock: Clock,
) -> TicketThere | NotDone:
    """Return what was opened.

    Args:
        system: Its name.
        ask: Asks for the ticket; whatever it repeats was certainly not carried out.
        read: Returns what an answer of ``ask`` says.
        find: Looks for the ticket by its key.
        clock: For the pauses between looks.

    Raises:
        SystemUnsureError: Nobody can tell whether it is there, or still will be.
    """
    said = await asked_once(ask, read)
    if not isinstance(said, SystemUnsureError):
        return said
    for pause in PAUSES:
        await clock.sleep(pause)
        found = await find()
        if isinstance(found, TicketThere):
            return found
    raise SystemUnsureError(system, str(said))


async def asked_once(
    ask: Callable[[], Awaitable[Answer]],
    read: Callable[[Answer], TicketThere | NotDone],
) -> TicketThere | NotDone | SystemUnsureError:
    """Return what an answer says, or the error where it may or may not have happened."""
    try:
        answer = await ask()
    except NoAnswerError as error:
        if error.doubt:
            return SystemUnsureError("no answer", str(error))
        return NotDone(why="unreachable", detail=str(error))
    said = read(answer)
    if isinstance(said, NotDone) and (answer.doubt or answer.status in _DONE):
        return SystemUnsureError(str(answer.status), said.detail)
    return said


def authorization(user: str, secret: str) -> str:
    """Return the header's value: basic for a user, else a bearer's."""
    if not user:
        return f"Bearer {secret}"
    return f"Basic {base64.b64encode(f'{user}:{secret}'.encode()).decode()}"


def named(value: JsonValue) -> str:
    """Return a ticket's name as a system gives it, or "" if it is none."""
    return value if isinstance(value, str) and _REFERENCE.fullmatch(value) else ""


def clean(text: str) -> str:
    """Return ``text`` without controls, which some systems refuse as a whole."""
    return _CONTROLS.sub("", text)


def one_line(value: JsonValue, most: int) -> str:
    """Return a text on one line of at most ``most`` characters; "" for no text."""
    words = " ".join(clean(value).split()) if isinstance(value, str) else ""
    return words if len(words) <= most else f"{words[: most - 1]}…"


def address(value: JsonValue) -> str:
    """Return where people can see a ticket, or "" if they should not be sent there."""
    return https_address(value) if isinstance(value, str) else ""


def fields(value: JsonValue) -> dict[str, JsonValue]:
    """Return an object's fields; none, if it is no object."""
    return value if isinstance(value, dict) else {}


def entries(value: JsonValue) -> list[dict[str, JsonValue]]:
    """Return the objects in a list; none, if it is no list."""
    return [fields(one) for one in value] if isinstance(value, list) else []
