"""Others' ways do what people's code does, and no better."""

import asyncio
import json
from dataclasses import asdict, dataclass, field
from itertools import pairwise

import pytest
from typing_extensions import override

from adapters.simulator.bench.delivery.answers import answer_of
from adapters.simulator.bench.delivery.client import Client, done
from adapters.simulator.bench.delivery.orders import Order, Place, read
from adapters.simulator.bench.delivery.ways import (
    WAITING,
    Growing,
    Message,
    Speech,
    at_the_end,
    by_edits,
    by_tokens,
)
from adapters.simulator.bench.pacing.traces import Trace, at_once
from bot.clock import Clock, SystemClock
from tests.support.manual_clock import ManualClock

TURN = at_once(1, 1)[0]
SHORT = Trace(name="t", start=0.0, steps=(0.0,), said=((0.0, 4), (0.01, 9)))


class Leaping(ManualClock):
    """Time passes only where somebody waits."""

    @override
    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)


@dataclass
class Shown(Message, Growing):
    clock: Leaping
    slow: int = 0
    """Which call takes a second; the others take no time."""
    said: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    whole: bool = False

    @override
    async def show(self, text: str) -> None:
        self.said.append((self.clock.monotonic(), text))
        if len(self.said) == self.slow:
            await self.clock.sleep(1.0)

    @override
    async def append(self, text: str) -> None:
        await self.show(text)

    @override
    async def stop(self) -> None:
        self.whole = True


def speech(clock: Clock) -> Speech:
    return Speech(trace=TURN, answer=answer_of(TURN), begun=0.0, clock=clock)


def shown() -> tuple[Speech, Shown]:
    clock = Leaping()
    return speech(clock), Shown(clock)


async def test_one_post_comes_at_the_end():
    said, message = shown()
    await at_the_end(said, message)
    assert message.said == [(pytest.approx(TURN.end), said.answer.text)]


async def test_edits_come_at_their_interval_while_there_is_more_and_at_the_end():
    said, message = shown()
    await by_edits(said, message, 0.3)
    (first, waiting), *edits, (last, text) = message.said
    assert (first, waiting) == (0.0, WAITING)
    assert edits[0][0] > TURN.steps[-1]
    gaps = [b - a for (a, _), (b, _) in pairwise(edits)]
    assert gaps == [pytest.approx(0.3)] * len(gaps) and len(gaps) > 15
    assert (last, text) == (pytest.approx(TURN.end), said.answer.text)
    assert all(said.answer.text.startswith(shown) for _, shown in edits)


async def test_a_slow_edit_is_followed_at_once_and_no_other_is_made_up_for():
    said, message = shown()
    message.slow = 4
    await by_edits(said, message, 0.3)
    starts = [at for at, _ in message.said[1:-1]]
    gaps = [b - a for a, b in pairwise(starts)]
    slow, at_once, *later = gaps[2:]
    assert (slow, at_once) == (pytest.approx(1.0), pytest.approx(0.3))
    assert later == [pytest.approx(0.3)] * len(later)


async def test_tokens_are_handed_on_when_they_are_said():
    said, message = shown()
    await by_tokens(said, message)
    assert [at for at, _ in message.said] == [pytest.approx(at) for at, _ in TURN.said]
    assert "".join(text for _, text in message.said) == said.answer.text
    assert message.whole


class Refusing(Client):
    errors = (ConnectionError,)

    @override
    async def play(self, speech: Speech, place: Place) -> None:
        await speech.until(speech.end)
        match place.channel:
            case "refused":
                raise ConnectionError("429")
            case "silent":
                await asyncio.Event().wait()
            case _:
                pass


async def test_an_error_ends_one_turn_and_a_client_gives_up_in_time():
    channels = ("refused", "silent", "good")
    order = Order(
        way="a way",
        url="u",
        token="t",
        account="a",
        places=tuple(Place(channel=channel) for channel in channels),
        traces=(SHORT,) * 3,
        within=0.1,
    )
    clock = SystemClock()
    before = clock.monotonic()
    result = await done(order, Refusing(), clock)
    assert result.given_up == 2
    assert clock.monotonic() < before + 3
    assert result.begun > before and result.cpu >= 0


def test_an_order_is_read_as_it_was_written():
    traces = tuple(at_once(2, 1))
    order = Order(
        way="w",
        url="u",
        token="t",
        token_url="tu",
        account="a",
        places=(Place(channel="c", thread="1", user="U"), Place(channel="d")),
        traces=traces,
        within=3.0,
    )
    assert read(json.loads(json.dumps(asdict(order)))) == order
