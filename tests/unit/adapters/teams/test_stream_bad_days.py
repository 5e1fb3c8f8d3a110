"""Whatever goes wrong with a stream, its message ends with the whole answer.

A small stand-in for delivery keeps to the port: open or post, append, close and edit.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import pytest

from adapters.simulator.teams import faults
from adapters.simulator.teams.limits import Operation
from adapters.teams.client import TeamsPlatform
from bot.errors import (
    AmbiguousSendError,
    MessageGoneError,
    RateLimitedError,
    StillStreamingError,
    StoppedByPersonError,
    StreamOverError,
    StreamRefusedError,
)
from bot.ports.surface import Payload, Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address
from bot.view.nodes import TurnView
from tests.support.platforms import TeamsVenue, teams_venue

SURFACE = SurfaceId("s-1")
WORDS = "The *fox* runs over\n\n- a fence\n- `a wall`\n\nand [home](https://x.test)."
VIEW = TurnView(headline="Working on it", mood="running")
VIEWS = [replace(VIEW, text=WORDS[:end]) for end in range(0, len(WORDS), 9)]
DONE = replace(VIEW, mood="done", headline="Done", text=WORDS)
AMONG = ("fox", "fence", "wall", "home")
FAULTS: tuple[Callable[[], faults.Fault], ...] = (
    lambda: faults.ServerError(502),
    lambda: faults.ServerError(504, applied=True),
    lambda: faults.ServerError(500, applied=True),
    lambda: faults.Reset(applied=False),
    lambda: faults.Reset(applied=True),
    lambda: faults.Throttle(None),
    lambda: faults.Throttle(2),
    faults.Conflict,
)
OPERATIONS: tuple[Operation, ...] = ("stream", "send", "update")


@dataclass
class Shower:
    """Shows views one after the other, as the port says."""

    venue: TeamsVenue
    platform: TeamsPlatform
    to: Address
    receipt: Receipt | None = None
    shown: Payload | None = None
    streaming: bool = True
    doubles: int = 0

    async def show(self, payload: Payload) -> None:
        """Show ``payload``, however often it takes."""
        for _ in range(40):
            self.venue.clock.advance(1.1)
            try:
                await self._try(payload)
            except RateLimitedError as error:
                self.venue.clock.advance(error.retry_after)
            except StreamRefusedError:
                self.streaming = False
            except AmbiguousSendError:
                self.doubles += self.receipt is None
                self.shown = None
            except (StreamOverError, StoppedByPersonError):
                self._ended()
            except StillStreamingError:
                self.venue.clock.advance(60)
            except MessageGoneError:
                self.receipt = None
            else:
                self.shown = payload
                return
        pytest.fail("it was never shown")

    async def _try(self, payload: Payload) -> None:
        streams, receipt = self.platform.streams, self.receipt
        if receipt is None:
            suits = self.streaming and streams.suits(self.to, payload)
            start = streams.open if suits else self.platform.post
            self.receipt = await start(self.to, payload, surface=SURFACE)
        elif receipt.stream is None:
            self.receipt = await self.platform.edit(receipt, payload)
        elif self.shown is None:
            self.receipt = await streams.close(receipt, payload, shown=None)
        elif not streams.extends(self.shown, payload):
            self.receipt = await streams.close(receipt, None, shown=self.shown)
            self.receipt = await self.platform.edit(self.receipt, payload)
        else:
            self.receipt = await streams.append(receipt, payload, shown=self.shown)

    def _ended(self) -> None:
        assert self.receipt is not None
        self.receipt = self.receipt.model_copy(update={"stream": None})


@pytest.mark.parametrize("seed", range(40))
async def test_the_whole_answer_stands_once_unless_a_post_was_lost(seed: int) -> None:
    dice = random.Random(seed)
    async with teams_venue(metered=True) as opened:
        venue = cast("TeamsVenue", opened)
        to = await venue.platform.open_direct(venue.ada, None)
        platform = cast("TeamsPlatform", venue.platform)
        shower = Shower(venue, platform, to)
        for view in (*VIEWS, DONE):
            match dice.randrange(12):
                case 0 | 1 | 2 | 3:
                    venue.world.fail_next(
                        dice.choice(OPERATIONS), dice.choice(FAULTS)()
                    )
                case 4:
                    venue.world.stop_stream("ada")
                case 5:
                    venue.clock.advance(dice.choice((30, 100, 130)))
                case 6:  # another process takes over, and knows the receipt only
                    shower.platform = cast("TeamsPlatform", await venue.another())
                    shower.shown = None
                case _:
                    pass
            await shower.show(shower.platform.render(view))
        assert shower.receipt is not None
        shown = {message.message_id: message for message in venue.shown()}
        last = shown.pop(shower.receipt.message_id)
        assert all(word in last.words for word in AMONG)
        assert not last.body.get("streaming")
        assert len(shown) <= shower.doubles
