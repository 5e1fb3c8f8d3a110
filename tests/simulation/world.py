"""One simulated world: bots, a database, platforms, tools, people, and what goes wrong.

People act while mishaps happen; then the mishaps stop, the world heals, and everything
must come to rest within bounded time. What must hold is looked at on the way.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import count

from bot.company.model import About, Company
from bot.protocol.ids import ConversationId, PlatformName
from tests.simulation import store_people
from tests.simulation.bots import SimBot
from tests.simulation.company import PEOPLE, PLATFORMS, TENANT, workspace_of
from tests.simulation.database import Commit
from tests.simulation.diary import Diary
from tests.simulation.faults import CALM
from tests.simulation.halls import Hall
from tests.simulation.invariants import BrokenError, Chronicle, require
from tests.simulation.invariants_effects import Inspector
from tests.simulation.invariants_rest import Auditor
from tests.simulation.invariants_said import Promises
from tests.simulation.invariants_shown import Gallery
from tests.simulation.invariants_streams import StreamWatch
from tests.simulation.invariants_time import StopWatch
from tests.simulation.loop import SimLoop
from tests.simulation.mishaps import Fleet
from tests.simulation.people import Courier, Crowd
from tests.simulation.recipe import Recipe, StreamUse, recipe_of
from tests.simulation.records import SimRecords
from tests.simulation.silence import Complaint, listening
from tests.simulation.store import SimStore
from tests.simulation.works import Works

COMPANY = Company(company=About(name="Sim"), people=PEOPLE)
REST = 45 * 60.0
"""Seconds within which a healed world comes to rest."""
SETTLE = 5.0
"""Seconds until a bot that has started, or has its database back, does all it does."""
LOOK = 5.0
"""Seconds between two looks whether it has."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What happened in one or several worlds."""

    seeds: int = 0
    turns: int = 0
    events: int = 0
    commits: int = 0
    sends: int = 0
    stops: int = 0
    effects: int = 0
    virtual: float = 0.0
    """Seconds."""
    mishaps: dict[str, int] = field(default_factory=dict[str, int])
    faults: dict[str, int] = field(default_factory=dict[str, int])
    """What else went wrong, by what it was."""

    def add(self, other: "Tally") -> None:
        """Count another's as well."""
        for name in (
            "seeds",
            "turns",
            "events",
            "commits",
            "sends",
            "stops",
            "effects",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.virtual += other.virtual
        for mine, theirs in (
            (self.mishaps, other.mishaps),
            (self.faults, other.faults),
        ):
            for kind, times in theirs.items():
                mine[kind] = mine.get(kind, 0) + times


class World:
    """The world of one recipe. Made, run once, thrown away.

    Args:
        recipe: What it is like.
        history: How many of the last steps to remember.
    """

    def __init__(self, recipe: Recipe, *, history: int = 0) -> None:
        self.recipe = recipe
        self.loop = SimLoop(recipe.seed, shuffle=recipe.shuffle, history=history)
        self.diary = Diary(self.loop)
        self.works = Works()
        self.store = SimStore(self.loop, recipe.store)
        tables = self.store.tables
        self.halls: dict[PlatformName, Hall] = {
            name: Hall(name, self.loop, recipe, self.diary, recipe.platform_trouble)
            for name in PLATFORMS
        }
        store_people.load_company(
            tables, TENANT, COMPANY, {name: workspace_of(name) for name in PLATFORMS}
        )
        self.chronicle = Chronicle(self.loop, tables)
        self.promises = Promises()
        self.gallery = Gallery(self.loop, self.chronicle, tables, self.halls)
        self.inspector = Inspector(
            self.loop,
            self.chronicle,
            tables,
            works=self.works,
            promises=self.promises,
            halls=self.halls,
        )
        self.auditor = Auditor(
            self.chronicle,
            tables,
            inspector=self.inspector,
            promises=self.promises,
            halls=self.halls,
        )
        self.stops = StopWatch(
            self.loop,
            self.chronicle,
            bots=lambda: self.fleet.bots if self.fleet else [],
            looked_after=self._looked_after,
            answered_since=self._answered_since,
        )
        self.streams = StreamWatch(
            self.loop,
            self.chronicle,
            tables,
            self.halls,
            looked_after=self._looked_after,
        )
        self._names = count(1)
        self._healed_at = float("inf")
        """When mishaps and faults ended."""
        self.fleet: Fleet | None = None
        self._watch(
            self.chronicle.committed,
            self.inspector.committed,
            self.gallery.committed,
            self._owners,
            self.stops.committed,
            self.streams.committed,
        )

    def run(self) -> Tally:
        """Let it all happen, and return what did.

        Raises:
            BrokenError: An invariant does not hold.
        """
        with listening(self._complain):
            self.loop.run(self._main())
        return self.tally()

    # ---------------------------------------------------------------------- what happens

    async def _main(self) -> None:
        self.fleet = fleet = Fleet(
            self.loop,
            self.recipe,
            store=self.store,
            diary=self.diary,
            start=self._start,
        )
        courier = Courier(
            self.loop, fleet.bots, diary=self.diary, told=self.promises.told
        )
        records = SimRecords(self.store, self.store.database)
        crowd = Crowd(
            self.loop, self.recipe, halls=self.halls, courier=courier, records=records
        )
        trouble = self.loop.world.spawn(fleet.trouble())
        await crowd.run()
        await courier.idle.wait()
        await self.loop.delay(5.0, 60.0)
        crowd.leaving = True
        await fleet.heal()
        trouble.cancel()
        self.store.faults = CALM
        for hall in self.halls.values():
            hall.trouble = 0.0
        self._healed_at = self.loop.time()
        self.diary.write("world", "healed")
        await self._come_to_rest(courier)
        self.auditor.at_rest()
        for bot in fleet.bots:
            owned = bot.worker.conversations if bot.alive else 0
            require(
                not owned, "nobody holds what they do not own", f"{bot.name} {owned}"
            )

    async def _come_to_rest(self, courier: Courier) -> None:
        until = self._healed_at + REST
        still = 0
        while still < 3:  # whatever is late may still stir something up
            await asyncio.sleep(LOOK)
            restless = self.auditor.restless()
            if not courier.idle.is_set():
                restless = restless or "somebody waits for an answer"
            still = 0 if restless else still + 1
            require(
                self.loop.time() < until,
                "everything comes to rest",
                restless,
            )

    def _start(self, skew: float) -> SimBot:
        return SimBot(
            self.loop,
            f"bot{next(self._names)}",
            recipe=self.recipe,
            store=self.store,
            halls=self.halls,
            works=self.works,
            watcher=self.chronicle,
            skew=skew,
        )

    # ------------------------------------------------------------------ what is looked at

    def _watch(self, *checks: Callable[[Commit], None]) -> None:
        for check in checks:
            self.store.on_commit(check)

    def _owners(self, commit: Commit) -> None:
        """Write down who owns what."""
        for change in commit.changes:
            if change.table == "conversation" and change.before is not None:
                before, after = change.before.worker_id, change.after.worker_id
                if before != after:
                    words = "{} at {}: {} after {}"
                    about = (change.key[1], commit.point, after, before)
                    self.diary.write(commit.process.name, words, *about)

    def _looked_after(self, name: ConversationId, since: float) -> bool:
        """Whether somebody sees to a conversation, undisturbed since some time."""
        fleet = self.fleet
        if self.store.faults != CALM or fleet is None:
            return False
        if fleet.store_since + SETTLE > since:
            return False
        row = self.store.tables.conversation.rows[TENANT, name]
        for bot in fleet.bots:
            awake = bot.takes and bot.awake_since + SETTLE <= since
            if awake and row.worker_id is None:
                return True
            if awake and row.worker_id == bot.name:
                return bot.fence_of(name) == row.fence
        return False

    def _answered_since(self, bot: SimBot) -> float:
        """Since when a bot runs, and nothing that it asks its database fails."""
        if self.store.faults != CALM or self.fleet is None:
            return float("inf")
        begun = 0.0 if self.recipe.store == CALM else self._healed_at
        return max(begun, bot.awake_since, self.fleet.store_since)

    def _complain(self, complaint: Complaint) -> None:
        """Take note of an error that the engine logs and that nothing explains."""
        self.loop.fail(
            BrokenError(
                "nothing goes wrong by mistake",
                f"{complaint.event}: {complaint.about}",
            )
        )

    def tally(self) -> Tally:
        """Return what has happened so far."""
        return Tally(
            seeds=1,
            turns=len(self.chronicle.stories),
            events=self.chronicle.events,
            commits=self.store.database.commits,
            sends=self.gallery.sends,
            stops=self.stops.stops,
            effects=sum(self.works.happened.values()),
            virtual=self.loop.time(),
            mishaps={**self.fleet.counts} if self.fleet else {},
            faults={**self.loop.happened},
        )


def world_of(
    seed: int,
    *,
    messages: int = 6,
    history: int = 0,
    streams: StreamUse | None = None,
) -> World:
    """Return the world that a seed stands for, with about so much to say in it.

    Args:
        seed: Which.
        messages: How much people have to say.
        history: How many of the last steps to remember.
        streams: Whether it has native streams; ``None``: that is the seed's to say.
            If it is said, nobody is reminded: those worlds are older.
    """
    recipe = recipe_of(seed, messages=messages)
    if streams is not None:
        recipe = replace(recipe, streams=streams, reminds=0.0)
    return World(recipe, history=history)


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum."""
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole
