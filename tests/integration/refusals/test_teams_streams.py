"""What Teams refuses a native stream, in a whole turn, over the wire.

Maya's answer grows as a stream; its start, a part or its end gets this answer. The
message goes on with edits, or as a post.

Source: https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux#error-codes
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pytest

from adapters.simulator.teams import faults
from adapters.simulator.teams.faults import Fault
from bot.view import wording
from tests.support.teams_house import TeamsHouse
from tests.support.wire_house import Spot
from tests.support.wire_turns import HELLO, befalls, turn_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What Teams answers once, and what delivery makes of it by where it is met."""

    name: str
    fault: Fault
    then: Mapping[Spot, tuple[str, ...]]
    pause: float = 0.0
    copies: Mapping[Spot, int] | None = None
    """Messages that are there, where it is more than one."""
    ended: bool = False
    """Whether Teams says that the stream is over; the stand-in's goes on until its time
    is up, and takes no edit before."""


SPOTS: tuple[Spot, ...] = ("first", "progress", "last")


def says(words: str, code: str = "ContentStreamNotAllowed", status: int = 403) -> Fault:
    return faults.Refused(status, code, words)


def everywhere(*fates: str) -> Mapping[Spot, tuple[str, ...]]:
    return dict.fromkeys(SPOTS, fates)


def over(name: str, words: str) -> Row:
    then: Mapping[Spot, tuple[str, ...]] = {"progress": (), "last": ()}
    return Row(name=name, fault=says(words), then=then, pause=125, ended=True)


def lost(name: str, fault: Fault, *, done: bool, pause: float = 0.0) -> Row:
    copies: Mapping[Spot, int] = {"first": 1 + done}
    then = everywhere("retry")
    return Row(name=name, fault=fault, then=then, pause=pause, copies=copies)


ROWS = (
    Row(
        name="405",
        fault=says(
            "Streaming API is not enabled for non personal scope", "BadArgument", 405
        ),
        then={"first": ()},
    ),
    Row(
        name="content stream is not allowed",
        fault=says("Content stream is not allowed"),
        then={"first": ()},
    ),
    over("exceeded", "Content stream finished due to exceeded streaming time."),
    over(
        "completed",
        "Content stream is not allowed on an already completed streamed message",
    ),
    over(
        "changed",
        "Request streamed content should contain the previously streamed content",
    ),
    Row(
        name="message size too large",
        fault=says("Message size too large"),
        then={"first": ("retry",), "progress": ("pass over",), "last": ("retry",)},
    ),
    Row(
        name="202 out of order",
        fault=faults.Refused(202, "ContentStreamSequenceOrderPreConditionFailed"),
        then={"first": ("retry",), "progress": ("retry",)},
    ),
    Row(name="412", fault=faults.Conflict(), then=everywhere("throttle")),
    Row(name="429 in 1 s", fault=faults.Throttle(1), then=everywhere("throttle")),
    Row(
        name="429 in 40 s",
        fault=faults.Throttle(40),
        then=everywhere("throttle"),
        pause=41,
    ),
    lost("500", faults.Refused(500, "ServiceError"), done=False),
    lost("503", faults.Refused(503, "ServiceUnavailable"), done=False),
    lost("a page, not done", faults.ServerError(502), done=False),
    lost("a page, done", faults.ServerError(502, applied=True), done=True),
    lost("silence, done", faults.Silence(), done=True, pause=16),
    Row(
        name="a code that nobody knows",
        fault=faults.Refused(403, "Gremlins"),
        then={"first": ("retry",), "progress": ("pass over",), "last": ("retry",)},
    ),
)


def cases(rows: Iterable[Row]) -> list[object]:
    return [
        pytest.param(row, spot, id=f"{spot}: {row.name}")
        for row in rows
        for spot in row.then
    ]


@pytest.mark.parametrize(("row", "spot"), cases(ROWS))
async def test_the_message_goes_on_without(
    house: TeamsHouse, row: Row, spot: Spot
) -> None:
    async with turn_in(house) as told:
        told.steps = False  # Teams' streams show words only
        await befalls(
            told,
            spot,
            lambda: house.meets("maya", spot, row.fault),
            streams=True,
            pause=row.pause,
        )
    assert told.whole()
    fates = tuple(dict.fromkeys(told.fates))
    if row.pause and fates[-1:] == ("leave",):  # a leap in time may cost the claim
        fates = fates[:-1]
    assert fates == row.then[spot] or (row.ended and fates == ("retry",))
    messages = house.shown("maya")
    assert len(messages) == (row.copies or {}).get(spot, 1)
    assert not messages[-1].get("streaming")
    assert await house.phases() == ["completed", "completed"]
    [words] = house.words("omar")
    assert HELLO in words
    assert (told.abandoned, await house.errors()) == ([], {})


@pytest.mark.parametrize("spot", ["progress", "last"])
async def test_teams_own_stop_ends_the_turn_unless_that_was_over(
    house: TeamsHouse, spot: Spot
) -> None:
    over = spot == "last"
    async with turn_in(house) as told:
        told.steps = False
        await told.until(spot, streams=True)
        assert house.world.stop_stream("maya"), "it does stream"
        await told.go_on(spot)
        await house.idle(within=200)
    assert told.rest.opened.is_set() is over, "nobody else ended it"
    [words] = house.words("maya")
    assert wording.STOPPED in words or over
    assert "The first part" in words, "what was said stays"
    assert told.whole() or not over
    assert await house.phases() == ["completed" if over else "cancelled"]
    assert (told.abandoned, await house.errors()) == ([], {})
