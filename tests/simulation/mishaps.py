"""What befalls simulated bots: kills, pauses, drains, a database away, wrong clocks."""

import asyncio
from collections.abc import Callable
from typing import Literal, assert_never

from tests.simulation.bots import SimBot
from tests.simulation.diary import Diary
from tests.simulation.loop import SimLoop
from tests.simulation.recipe import NEVER, Mishap, Recipe
from tests.simulation.store import SimStore

NIGHT = 3600.0
"""Seconds for which nobody runs."""


class Fleet:
    """The bots that are there, and what happens to them.

    Args:
        loop: The simulation.
        recipe: What happens, and how often.
        store: Their database.
        diary: Where it is written down.
        start: Starts a bot with a clock so many seconds ahead.
    """

    def __init__(
        self,
        loop: SimLoop,
        recipe: Recipe,
        *,
        store: SimStore,
        diary: Diary,
        start: Callable[[float], SimBot],
    ) -> None:
        self.bots: list[SimBot] = []
        self.counts: dict[Mishap, int] = {}
        self.store_since = loop.time()
        """Since when the database is there; `NEVER` while it is away."""
        self._loop = loop
        self._recipe = recipe
        self._store = store
        self._diary = diary
        self._start = start
        self._open = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._over = False
        for _ in range(recipe.bots):
            self.start_one()

    def start_one(self) -> None:
        """Start another bot."""
        self.bots[:] = [bot for bot in self.bots if bot.alive]
        self.bots.append(self._start(self._skew()))
        self._diary.write(self.bots[-1].name, "starts")

    def _skew(self) -> float:
        return self._loop.random.uniform(-self._recipe.skew, self._recipe.skew)

    async def trouble(self) -> None:
        """Let things happen, until cancelled or `heal` is called."""
        kinds: list[Mishap] = [kind for kind, _ in self._recipe.mishaps]
        weights = [weight for _, weight in self._recipe.mishaps]
        while kinds and not self._over:
            every = self._recipe.mishap_every
            await asyncio.sleep(self._loop.random.expovariate(1 / every))
            if self._over:
                return
            kind: Mishap = self._loop.random.choices(kinds, weights)[0]
            self.counts[kind] = self.counts.get(kind, 0) + 1
            befalls = self._loop.world.spawn(self._befall(kind))
            if kind == "night":  # nobody is there whom anything else could befall
                await befalls

    async def heal(self) -> None:
        """Let no more happen, and mend what is broken."""
        self._over = True
        await self._quiet.wait()
        for bot in self.bots:
            bot.process.clock_skew = 0.0
        takers = [bot for bot in self.bots if bot.takes]
        for bot in takers[1:]:  # one is enough for what is left
            bot.drain()
        if not takers:
            self.start_one()

    async def _befall(self, kind: Mishap) -> None:
        self._open += 1
        self._quiet.clear()
        try:
            await self._let_happen(kind)
        finally:
            self._open -= 1
            if not self._open:
                self._quiet.set()

    async def _let_happen(self, kind: Mishap) -> None:
        bots = [bot for bot in self.bots if bot.alive]
        self._diary.write("world", "mishap: {}", kind)
        match kind:
            case "store":
                self._store.go_away()
                self.store_since = NEVER
                await asyncio.sleep(self._loop.random.uniform(0.2, 15.0))
                self._store.come_back()
                self._diary.write("world", "the database is back")
                self.store_since = self._loop.time()
            case "night":
                for bot in bots:
                    bot.process.kill()
                await asyncio.sleep(NIGHT)
                await self._replace()
            case "skew":
                for bot in bots:
                    bot.process.clock_skew = self._skew()
            case _:
                if bots:
                    await self._strike(kind, self._victim(bots))

    def _victim(self, bots: list[SimBot]) -> SimBot:
        """Return one of them, rather one that has something to lose."""
        busy = [bot for bot in bots if bot.worker.conversations]
        any_will_do = not busy or self._loop.chance(0.2)
        return self._loop.random.choice(bots if any_will_do else busy)

    async def _strike(
        self, kind: Literal["kill", "pause", "drain"], bot: SimBot
    ) -> None:
        self._diary.write(bot.name, "{}", kind)
        match kind:
            case "kill":
                bot.process.kill()
                await self._replace()
            case "pause":
                await self._pause(bot)
            case "drain":
                await self._drain(bot)
            case _:
                assert_never(kind)

    async def _replace(self) -> None:
        """Start what is missing, after a while."""
        await self._loop.delay(0.0, 20.0)
        while sum(bot.takes for bot in self.bots) < self._recipe.bots:
            self.start_one()

    async def _pause(self, bot: SimBot) -> None:
        bot.process.pause()
        bot.awake_since = NEVER
        long = self._loop.random.choice((1.0, 9.0, 15.0, 40.0))
        await asyncio.sleep(self._loop.random.uniform(long / 3, long))
        bot.process.resume()
        self._diary.write(bot.name, "goes on")
        bot.awake_since = self._loop.time()

    async def _drain(self, bot: SimBot) -> None:
        bot.drain()
        await self._loop.delay(0.0, 5.0)
        if not self._over or not any(other.takes for other in self.bots):
            self.start_one()
