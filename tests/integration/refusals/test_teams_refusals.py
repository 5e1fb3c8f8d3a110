"""Every row of Teams' error table in a whole turn, over the wire.

Maya asks in Teams; the first message, a refresh or the last word of her answer gets this
answer from Teams. Then it is looked at what she reads in the end. Omar asks at the same
time and must notice nothing.

Source:
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages#status-codes
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import pytest

from adapters.simulator.teams import faults
from adapters.simulator.teams.faults import Fault
from bot.view import wording
from tests.support.teams_house import TeamsHouse
from tests.support.wire_house import Spot
from tests.support.wire_turns import HELLO, befalls, turn_in

End = Literal["whole", "bare", "in Slack"]
RETRY, OVER, LATER = ("retry",), ("pass over",), ("throttle",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What Teams answers once, and what becomes of it."""

    name: str
    fault: Callable[[], Fault]
    first: tuple[str, ...] | None
    """What delivery makes of it for a new message; ``None``: it cannot be."""
    edit: tuple[str, ...]
    """The same for an edit."""
    last: tuple[str, ...] | None = None
    """The same for the last word, if that differs."""
    end: End = "whole"
    """What is read in the end if it befell the last word."""
    copies: int = 1
    """Messages that are there if it befell the first one."""
    doubles: int = 0
    """As counted, for the first one."""
    anew: int = 1
    """Messages that are there if it befell an edit."""
    pause: float = 0.0


def refused(status: int, code: str) -> Callable[[], Fault]:
    return lambda: faults.Refused(status, code)


def content(status: int, code: str) -> Row:
    """What we sent is wrong: it is shown bare, or what comes later is shown."""
    return Row(
        name=f"{status} {code}",
        fault=refused(status, code),
        first=RETRY,
        edit=OVER,
        last=RETRY,
        end="bare",
    )


def closed(status: int, code: str) -> Row:
    """Nothing can be shown there: the last word goes to its person elsewhere."""
    return Row(
        name=f"{status} {code}",
        fault=refused(status, code),
        first=OVER,
        edit=OVER,
        last=("move",),
        end="in Slack",
    )


def unknown(
    name: str, fault: Callable[[], Fault], *, applied: bool = False, pause: float = 0.0
) -> Row:
    """Nobody knows whether it was carried out: it is made again."""
    return Row(
        name=name,
        fault=fault,
        first=RETRY,
        edit=RETRY,
        copies=1 + applied,
        doubles=1,
        pause=pause,
    )


def broken(name: str, *, applied: bool) -> Row:
    """As `unknown`, but an edit is made again at once and nobody hears of it."""
    row = unknown(name, lambda: faults.Reset(applied=applied), applied=applied)
    return replace(row, edit=())


def later(name: str, fault: Callable[[], Fault], *, pause: float = 0.0) -> Row:
    """Teams takes no more just now."""
    return Row(name=name, fault=fault, first=LATER, edit=LATER, pause=pause)


ROWS = (
    content(400, "Bad Argument"),
    content(413, "MessageSizeTooBig"),
    content(403, "NotEnoughPermissions"),
    content(403, "InvalidBotApiHost"),
    # A new token helps, so nobody hears of it.
    Row(name="401 once", fault=refused(401, "BotNotRegistered"), first=(), edit=()),
    closed(403, "BotNotInConversationRoster"),
    closed(403, "ConversationBlockedByUser"),
    closed(403, "ForbiddenOperationException"),
    closed(404, "ConversationNotFound"),
    Row(
        name="404 ActivityNotFoundInConversation",
        fault=refused(404, "ActivityNotFoundInConversation"),
        first=None,
        edit=RETRY,
        anew=2,
    ),
    later("412", faults.Conflict),
    later("429 in 1 s", lambda: faults.Throttle(1)),
    later("429 in 40 s", lambda: faults.Throttle(40), pause=41),
    later("429 without Retry-After", lambda: faults.Throttle(None)),
    unknown("408", refused(408, "RequestTimeout")),
    unknown("500", refused(500, "ServiceError")),
    unknown("502", refused(502, "ServiceError")),
    unknown("503", refused(503, "ServiceUnavailable")),
    unknown("504", refused(504, "GatewayTimeout")),
    unknown("a page, not done", lambda: faults.ServerError(500)),
    unknown(
        "a page, done", lambda: faults.ServerError(502, applied=True), applied=True
    ),
    broken("a reset, not done", applied=False),
    broken("a reset, done", applied=True),
    unknown("silence, not done", lambda: faults.Silence(applied=False), pause=16),
    unknown("silence, done", faults.Silence, applied=True, pause=16),
)


def name_of(row: Row) -> str:
    return row.name


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.first is not None], ids=name_of
)
async def test_a_first_message_meets_it(house: TeamsHouse, row: Row) -> None:
    async with turn_in(house) as told:
        await befalls(
            told,
            "first",
            lambda: house.meets("maya", "first", row.fault()),
            pause=row.pause,
        )
    assert told.whole()
    assert told.fates == list(row.first or ())
    messages = house.shown("maya")
    assert len(messages) == row.copies
    assert all(message["revision"] == 1 for message in messages[:-1]), "left alone"
    assert house.doubles() == row.doubles
    await nobody_else_noticed(house)
    assert (told.abandoned, await house.errors()) == ([], {})


@pytest.mark.parametrize("spot", ["progress", "last"])
@pytest.mark.parametrize("row", ROWS, ids=name_of)
async def test_an_edit_meets_it(house: TeamsHouse, row: Row, spot: Spot) -> None:
    async with turn_in(house) as told:
        await befalls(
            told,
            spot,
            lambda: house.meets("maya", spot, row.fault()),
            pause=row.pause,
        )
    expected = row.edit if row.last is None or spot == "progress" else row.last
    assert told.fates == list(expected)
    assert len(house.shown("maya")) == row.anew
    match row.end if spot == "last" else "whole":
        case "whole":
            assert told.whole()
        case "bare":
            assert wording.NOT_TAKEN in house.words("maya")[-1]
        case "in Slack":
            [message] = house.halls["slack"].messages.values()
            assert "That is all." in message.words
    assert house.doubles() == 0
    await nobody_else_noticed(house)
    assert (told.abandoned, await house.errors()) == ([], {})


async def nobody_else_noticed(house: TeamsHouse) -> None:
    assert [call.name for call in house.agents.ran] == ["grant"]
    assert await house.phases() == ["completed", "completed"]
    [words] = house.words("omar")
    assert HELLO in words
