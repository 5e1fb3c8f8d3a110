"""A whole answer, streamed on bad days by a driver as simple as can be.

The driver does what the port's docstrings say and nothing more; whatever goes wrong,
one message stands at the end, and it shows all of the text.
"""

from dataclasses import dataclass, replace

import pytest

from adapters.simulator.profiles import PROFILES, Latency
from bot.errors import (
    AmbiguousSendError,
    PlatformError,
    RateLimitedError,
    StreamOverError,
    StreamRefusedError,
)
from bot.ports.surface import Payload, Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address
from bot.view.nodes import Step, TurnView
from tests.support.play import text_of
from tests.support.slack_wire import Wire, wired

SURFACE = SurfaceId("5e9f7b52-0000-4000-8000-000000000001")
AT_ONCE = Latency(median=1e-9, spread=0.0, longest=0.0)
BAD = replace(
    PROFILES["flaky"],
    there=AT_ONCE,
    back=AT_ONCE,
    refused=0.1,
    broken=0.1,
    lost=0.15,
    throttled=0.1,
)
WORDS = [f"word{n}" for n in range(120)]
TEXT = "".join(
    f"{word}{'.' * (n % 9 == 8)} " + "\n\n" * (n % 30 == 29)
    for n, word in enumerate(WORDS)
)


def view(share: float, *, done: bool) -> TurnView:
    """Return how far the turn is, from 0 to 1."""
    steps = [
        Step(
            id=f"s{n}",
            title=f"Step {n}",
            status="done" if share > (n + 1) / 4 or done else "running",
        )
        for n in range(3)
        if share > n / 4
    ]
    return TurnView(
        headline="Done" if done else "Working on it",
        mood="done" if done else "running",
        steps=tuple(steps),
        text=TEXT[: int(len(TEXT) * share)],
        streaming=not done,
    )


@dataclass
class Driver:
    """Shows the newest payload, one send after the other."""

    wire: Wire
    to: Address
    receipt: Receipt | None = None
    shown: Payload | None = None
    """What certainly stands; ``None``: nobody knows."""

    async def show(self, payload: Payload) -> None:
        """Send until ``payload`` stands."""
        while self.shown is None or self.shown.digest != payload.digest:
            try:
                await self._step(payload)
            except RateLimitedError as error:
                self.wire.clock.advance(error.retry_after)
            except AmbiguousSendError:
                self.shown = None
                self.wire.clock.advance(1)
            except StreamOverError:
                self.shown = None
                assert self.receipt
                self.receipt = self.receipt.model_copy(update={"stream": None})

    async def _step(self, payload: Payload) -> None:
        platform, streams = self.wire.platform, self.wire.platform.streams
        if self.receipt is None:
            self.receipt = await self._begin(payload)
        elif self.receipt.stream is None:
            self.receipt = await platform.edit(self.receipt, payload)
        elif (
            self.shown is not None
            and streams.extends(self.shown, payload)
            and self.wire.clock.now() < self.receipt.stream.until
        ):
            self.receipt = await streams.append(self.receipt, payload, shown=self.shown)
        else:
            self.receipt = await streams.close(self.receipt, None, shown=self.shown)
            self.shown = None
            return
        self.shown = payload

    async def _begin(self, payload: Payload) -> Receipt:
        begun = self.wire.clock.now()
        platform, streams = self.wire.platform, self.wire.platform.streams
        try:
            if streams.suits(self.to, payload):
                return await streams.open(self.to, payload, surface=SURFACE)
        except StreamRefusedError:
            pass
        except AmbiguousSendError:
            while True:
                self.wire.clock.advance(platform.history_lag or 0.0)
                try:
                    found = await platform.find_post(
                        self.to, surface=SURFACE, since=begun
                    )
                except PlatformError:
                    continue  # a look that fails is no absence
                if found is None:
                    raise
                self.receipt = found
                raise
        return await platform.post(self.to, payload, surface=SURFACE)


@pytest.mark.parametrize("seed", range(6))
async def test_on_bad_days_one_message_shows_all_of_the_text(seed: int):
    async with wired(patience=0.6) as wire:
        driver = Driver(wire, await wire.thread(personal=seed % 2 == 0))
        wire.world.weather.change(BAD, seed=seed)
        for tenth in range(11):
            await driver.show(wire.platform.render(view(tenth / 10, done=False)))
            wire.clock.advance(45)  # so that at least one stream comes to its end
        await driver.show(wire.platform.render(view(1.0, done=True)))
        (message,) = wire.shown(driver.to)
        assert message["stream"] in {None, "stopped"}
        assert text_of(message["blocks"]).split() == _expected(wire)
        assert wire.calls("chat.startStream")
        assert wire.calls("chat.appendStream")


def _expected(wire: Wire) -> list[str]:
    return text_of(wire.platform.render(view(1.0, done=True)).body["blocks"]).split()


@pytest.mark.parametrize("personal", [True, False])
async def test_on_a_fine_day_an_answer_needs_no_edit_until_its_stream_is_old(
    *, personal: bool
):
    async with wired() as wire:
        driver = Driver(wire, await wire.thread(personal=personal))
        for tenth in range(11):
            await driver.show(wire.platform.render(view(tenth / 10, done=False)))
            wire.clock.advance(2)
        (message,) = wire.shown(driver.to)
        assert not wire.calls("chat.update")
        assert all(word in message["text"] for word in WORDS[:-2])
        done = wire.platform.render(view(1.0, done=True))
        assert driver.receipt and driver.receipt.stream
        receipt = await wire.platform.streams.close(
            driver.receipt, done, shown=driver.shown
        )
        assert receipt.stream is None
        assert not wire.calls("chat.update")
        (message,) = wire.shown(driver.to)
        assert all(word in message["text"] for word in WORDS)
        tasks = message["blocks"][0]["tasks"]
        assert {task["status"] for task in tasks} == {"complete"}
