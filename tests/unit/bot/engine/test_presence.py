"""What is said of conversations, and when: through the pacer, as decoration."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf

import pytest
from typing_extensions import override

from bot.engine.presence import Presences
from bot.errors import RateLimitedError
from bot.pacing.lanes import Lane, Window
from bot.pacing.pacer import Pacer
from bot.ports.presence import Doing, Presence
from bot.protocol.ids import TurnId
from bot.protocol.inbound import Address
from bot.turn.state import TurnState
from tests.support.manual_clock import ManualClock
from tests.support.stories import Story, approval_story

RESEND = 90.0
LANE = Lane(key="say", windows=(Window(3, 10.0),))


@dataclass(slots=True, kw_only=True)
class Sign(Presence):
    """Remembers what was said, and wants it said again now and then."""

    clock: ManualClock
    said: list[Doing] = field(default_factory=list[Doing])
    at: float = -inf
    breaks: bool = False
    throttles: list[float] = field(default_factory=list[float])

    @override
    def lanes(self, to: Address) -> tuple[Lane, ...]:
        return (LANE,)

    @override
    def due_at(self, to: Address, doing: Doing, *, since: float) -> float:
        last = self.said[-1] if self.said else "done"
        if last != doing:
            return since
        return self.at + RESEND if doing == "working" else inf

    @override
    async def say(self, to: Address, doing: Doing) -> None:
        if self.throttles:
            raise RateLimitedError("slack", retry_after=self.throttles.pop())
        if self.breaks:
            raise RuntimeError("a mistake of ours")
        self.said.append(doing)
        self.at = self.clock.monotonic()


@dataclass(slots=True, kw_only=True)
class Street:
    clock: ManualClock = field(default_factory=ManualClock)
    pacer: Pacer = field(default_factory=Pacer)
    sign: Sign = field(init=False)
    presences: Presences = field(init=False)

    def __post_init__(self) -> None:
        self.sign = Sign(clock=self.clock)
        known = {"slack": self.sign, "teams": self.sign}
        self.presences = Presences(known, self.pacer, self.clock)  # type: ignore[arg-type]

    async def told(self, *states: TurnState, visible: bool = True) -> float:
        """Note states, and say what there is room for; return when to look again."""
        self.clock.advance(1)
        for state in states:
            self.presences.note(state, visible=visible)
        return await self.settle()

    async def settle(self) -> float:
        while True:
            now = self.clock.monotonic()
            again = self.presences.look(now)
            plan = self.pacer.plan(now)
            if not plan.sends:
                return min(again, inf if plan.wake_at is None else plan.wake_at)
            for send in plan.sends:
                assert send.surface in self.presences
                await self.presences.say(send.surface)


@pytest.fixture
def street() -> Street:
    return Street()


def course() -> Sequence[TurnState]:
    """Return a turn that runs, waits for a person, and ends."""
    story = approval_story()
    parked = story.state
    return (
        replace(parked, parked=False),
        parked,
        story.decides("rejected").ends().state,
    )


async def test_every_stage_of_a_turn_is_said_once(street: Street) -> None:
    runs, waits, ended = course()
    await street.told(runs, visible=False)
    await street.told(runs, runs)
    street.clock.advance(60)
    await street.told(waits, waits)
    street.clock.advance(60)
    await street.told(ended)
    assert street.sign.said == ["starting", "working", "waiting", "done"]


async def test_nothing_is_said_of_what_had_ended_before(street: Street) -> None:
    await street.told(course()[-1])
    assert street.sign.said == []


async def test_what_goes_on_is_said_again_before_it_runs_out(street: Street) -> None:
    runs, *_ = course()
    at = await street.told(runs)
    assert at == street.clock.monotonic() + RESEND
    street.clock.advance(RESEND)
    await street.settle()
    assert street.sign.said == ["working", "working"]


async def test_a_conversation_waits_only_when_nothing_in_it_runs(
    street: Street,
) -> None:
    runs, waits, ended = course()
    other = replace(runs, turn_id=TurnId("another"))
    await street.told(waits, other)
    await street.told(replace(ended, turn_id=TurnId("another")))
    assert street.sign.said == ["working", "waiting"]


async def test_it_is_paced_like_all_else(street: Street) -> None:
    runs, waits, ended = course()
    for state in (runs, waits, runs):
        await street.told(state)
    at = await street.told(ended)
    assert street.sign.said == ["working", "waiting", "working"], "three in ten seconds"
    street.clock.advance(at - street.clock.monotonic())
    await street.settle()
    assert street.sign.said[3:] == ["done"]


async def test_who_loses_a_turn_says_no_more_of_it(street: Street) -> None:
    runs, *_ = course()
    await street.told(runs)
    street.presences.forget(runs.turn_id, runs.address)
    street.clock.advance(10 * RESEND)
    assert await street.settle() == inf
    assert street.sign.said == ["working"]


async def test_that_it_has_ended_is_said_though_the_turn_is_forgotten(
    street: Street,
) -> None:
    runs, _, ended = course()
    await street.told(runs)
    street.presences.note(ended, visible=True)
    street.presences.forget(ended.turn_id, ended.address)
    street.clock.advance(1)
    await street.settle()
    assert street.sign.said == ["working", "done"]
    assert not street.presences._places


async def test_a_throttle_is_the_pacers_to_keep_to(street: Street) -> None:
    runs, *_ = course()
    street.sign.throttles.append(30.0)
    await street.told(runs)
    street.clock.advance(29)
    await street.settle()
    assert street.sign.said == []
    street.clock.advance(1)
    await street.settle()
    assert street.sign.said == ["working"]


async def test_a_mistake_of_ours_is_made_once(street: Street) -> None:
    runs, waits, _ = course()
    street.sign.breaks = True
    await street.told(runs)
    await street.told(waits)
    assert street.sign.said == []
    assert not street.presences._places


async def test_places_without_a_sign_say_nothing(street: Street) -> None:
    presences = Presences({}, street.pacer, street.clock)
    assert not presences.note(Story().state, visible=False)
