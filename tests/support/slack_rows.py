"""Rows of Slack's error tables, and what must be true after a whole turn with one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import pytest

from adapters.simulator.slack.faults import Fault, Refusal
from bot.view import wording
from tests.support.slack_house import SlackHouse
from tests.support.wire_house import Spot
from tests.support.wire_turns import HELLO, befalls, is_whole, turn_in

Trouble: TypeAlias = Callable[[SlackHouse, Spot], None]
End: TypeAlias = Literal["whole", "bare", "in their chat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What becomes of it."""

    fates: Sequence[str] = ()
    """What delivery makes of each failure; what is repeated counts once."""
    end: End = "whole"
    """What is read in the end."""
    messages: int = 1
    """How many there are where Maya asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What Slack answers, and what becomes of it."""

    name: str
    trouble: Trouble
    then: Mapping[Spot, Then]
    pause: float = 0.0
    together: bool = True
    """Whether others are answered meanwhile; if not, then afterwards."""
    says: str = ""
    """What an operator must be able to find in the log."""
    code: str = ""
    """What it must say of the refusal."""


def named(row: Row) -> Row:
    """Return the row with its name as the code that the log must show."""
    return replace(row, code=row.name)


def answers(*faults: Fault) -> Trouble:
    """Let these be the next answers there."""
    return lambda house, spot: house.meets("maya", spot, *faults)


def everywhere(then: Then) -> Mapping[Spot, Then]:
    """Return the same for every spot."""
    return {"first": then, "progress": then, "last": then}


def refusals(then: Mapping[Spot, Then], *codes: str) -> Iterable[Row]:
    """Return a row for each of these codes."""
    for code in codes:
        trouble = answers(Refusal(code, messages=("bad [json-pointer:/x]",)))
        yield Row(name=code, trouble=trouble, then=then, code=code)


def cases(rows: Iterable[Row]) -> list[object]:
    """Return every row with every spot at which it may be met."""
    return [
        pytest.param(row, spot, id=f"{spot}: {row.name}")
        for row in rows
        for spot in row.then
    ]


async def tried(
    house: SlackHouse, row: Row, spot: Spot, *, streams: bool = False
) -> None:
    """Let a turn meet it; nothing is lost then, and nothing is there twice."""
    then = row.then[spot]
    async with turn_in(house) as told:
        await befalls(
            told,
            spot,
            lambda: row.trouble(house, spot),
            streams=streams,
            pause=row.pause,
            together=row.together,
        )
    assert tuple(dict.fromkeys(told.fates)) == then.fates
    assert len(house.shown("maya")) == then.messages
    match then.end:
        case "whole":
            assert told.whole()
        case "bare":
            assert wording.NOT_TAKEN in house.words("maya")[-1]
        case "in their chat":
            direct = house.at(house.direct("maya"))
            assert is_whole([str(message["blocks"]) for message in direct])
    assert not row.says or row.says in [entry["event"] for entry in told.logs]
    assert not then.fates or row.code in told.reasons
    assert told.grants == 1
    assert house.doubles() == 0
    assert (told.abandoned, await house.errors()) == ([], {})
    assert await house.phases() == ["completed", "completed"]
    growing = [m for m in house.shown("maya") if m["stream"] == "open"]
    assert not growing or then.end == "in their chat", "none grows for ever"
    [words] = house.words("omar")
    assert HELLO in words
