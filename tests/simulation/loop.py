"""A deterministic event loop with virtual time, on which the real engine runs.

It has no sockets, no threads and no clock. What is ready runs in an order that a seeded
generator shuffles; when nothing is ready, time jumps to the next timer. So a day passes
in no time, a seed decides everything that can happen, and the same seed happens again.

What asyncio promises stays true: the callbacks of one future run in their order, a
task's steps one after the other, and a timer never before its time.

Determinism ends where code iterates over a set of strings or of plain objects: their
order differs from one interpreter to the next. Tasks have numbers here, so sets of
tasks are fine. ``SimLoop.trace`` tells two runs apart.
"""

import asyncio
import gc
import heapq
import sys
from asyncio import events
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable
from contextlib import contextmanager
from contextvars import Context, copy_context
from random import Random
from typing import Any, TypeVar
from zlib import crc32

from typing_extensions import TypeVarTuple, Unpack, override

from tests.simulation.process import (
    CURRENT,
    SimFuture,
    SimHandle,
    SimProcess,
    SimTask,
    close,
)

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

START = 1000.0
"""Virtual seconds at the start; not 0, so that nobody takes a time for nothing."""
MOST_AT_ONCE = 200_000
"""Callbacks without time passing after which a run is called a busy loop."""


class DeadlockError(Exception):
    """Nothing can ever happen any more, and the simulation is not over."""


class BusyLoopError(Exception):
    """Callbacks follow each other for ever and no time passes."""


class SimLoop(asyncio.AbstractEventLoop):
    """The loop of one simulation. Made, run once, thrown away.

    Args:
        seed: Decides everything.
        shuffle: How often the next callback is any of the ready ones, not the oldest:
            0 for never (as asyncio does it), 1 for always.
        history: How many of the last callbacks and notes to keep for `story`.
    """

    def __init__(
        self,
        seed: int | str,
        *,
        shuffle: float = 1.0,
        history: int = 0,
        most_at_once: int = MOST_AT_ONCE,
    ) -> None:
        self.seed = seed
        self.random = Random(seed)
        """The one source of randomness; whoever wants some takes it from here."""
        self.trace = 0
        """A running hash of what ran: when, whose and what. Equal: the same run."""
        self.steps = 0
        self.happened: Counter[str] = Counter()
        """How often what went wrong, for who counts."""
        """Callbacks that have run."""
        self._shuffle = shuffle
        self._most_at_once = most_at_once
        self._history: deque[str] | None = deque(maxlen=history) if history else None
        self._now = START
        self._ready: list[SimHandle] = []
        self._timers: list[tuple[float, int, SimHandle]] = []
        self._numbers = 0
        self._any = self.random.random
        self._at_once = 0
        self._over: list[str] = []
        self._failure: BaseException | None = None
        self._muted = False
        self._processes: list[SimProcess] = []
        self.world = self.process("world")
        """What is not one of the simulated processes: it never dies."""

    # ---------------------------------------------------------------------- the kernel

    def process(self, name: str, *, clock_skew: float = 0.0) -> SimProcess:
        """Return a new process; see `SimProcess.spawn`.

        Args:
            name: For people.
            clock_skew: Seconds by which its wall clock is ahead.
        """
        made = SimProcess(self, len(self._processes), name, clock_skew)
        self._processes.append(made)
        return made

    async def delay(self, low: float, high: float) -> None:
        """Take a random time; see `latency`."""
        await asyncio.sleep(self.latency(low, high))

    def latency(self, low: float, high: float) -> float:
        """Return a random time in seconds, at least ``low``.

        As in networks most are near ``low`` and few are long: one in twenty is
        longer than ``high``.
        """
        return low + self.random.expovariate(1.0) * (high - low) / 3.0

    def chance(self, probability: float) -> bool:
        """Return whether something happens that happens this often."""
        return probability > 0 and self.random.random() < probability

    def note(self, what: str) -> None:
        """Make something that happened a part of the trace."""
        self.trace = hash((self.trace, self._now, crc32(what.encode())))
        if self._history is not None:
            self._history.append(f"{self._now:.6f} {CURRENT.get().name}: {what}")

    @property
    def story(self) -> list[str]:
        """What ran last, in words, if ``history`` is kept."""
        return list(self._history or ())

    def run(self, main: Coroutine[Any, Any, _T]) -> _T:
        """Run ``main`` in `world` and return its result; then kill all that is left.

        Raises:
            DeadlockError: Nothing can happen any more and ``main`` is not done.
            BusyLoopError: No time passes any more.
            BaseException: Whatever ``main`` raised, or a callback, or a spawned
                coroutine whose process has no `SimProcess.on_crash`.
        """
        with self._running():
            task = self.create_task(main, context=self.world.context())
            task.add_done_callback(lambda _: self._over.append("done"))
            try:
                self._go()
                if self._failure is not None:
                    raise self._failure
                return task.result()
            finally:
                self._bury()

    def _go(self) -> None:
        while not self._over:
            handle = self._take()
            process = handle.process
            if process.stopped:
                process.hold(handle)
                continue
            if handle.key:  # its future may have called something after it
                if handle.after is None:
                    process.tails.pop(handle.key, None)
                else:
                    self._ready.append(handle.after)
            callback = handle.callback
            if callback is None:
                continue  # cancelled
            owner = getattr(callback, "__self__", None)
            kind = owner.number if isinstance(owner, SimTask) else 0
            self.trace = hash((self.trace, self._now, process.number, kind))
            self.steps += 1
            if self._history is not None:
                self._history.append(self._line(handle))
            handle.context.run(callback, *handle.args)

    def _take(self) -> SimHandle:
        """Return what runs next, letting time pass if nothing can run now."""
        ready, timers = self._ready, self._timers
        if timers and (timers[0][0] <= self._now or not ready):
            self._pass_time()
        count = len(ready)
        if not count:
            raise DeadlockError(self._who_waits())
        self._at_once += 1
        if self._at_once > self._most_at_once:
            raise BusyLoopError(self._who_waits())
        if count == 1:
            return ready.pop()
        shuffle = self._shuffle
        if shuffle >= 1.0 or self._any() < shuffle:
            return ready.pop(int(self._any() * count))
        return ready.pop(0)

    def _pass_time(self) -> None:
        """Make due timers ready; if nothing else is, those that are due next."""
        timers, ready = self._timers, self._ready
        while timers:
            when, _, handle = timers[0]
            if handle.callback is None or handle.process.dead:
                heapq.heappop(timers)
            elif when <= self._now:
                heapq.heappop(timers)
                ready.append(handle)
            elif ready:
                break
            else:
                self._now = when
                self._at_once = 0

    def _line(self, handle: SimHandle) -> str:
        owner = getattr(handle.callback, "__self__", None)
        if isinstance(owner, SimTask):
            what = f"{owner.get_name()} {owner.waits_in}"
        else:
            what = getattr(handle.callback, "__qualname__", "a callback")
        return f"{self._now:.6f} {handle.process.name}: {what}"

    def _who_waits(self) -> str:
        lines = [f"seed {self.seed!r} at {self._now:.6f}; tasks that are not done:"]
        for process in self._processes:
            if not process.dead:
                lines += [
                    f"  {process!r} {task.get_name()}: {task.waits_in}"
                    for task in self.pending_of(process)
                ]
        return "\n".join(lines)

    # ------------------------------------------------------------------ for processes

    @property
    def as_loop(self) -> asyncio.AbstractEventLoop:
        """This, for `tests.simulation.process.Host`."""
        return self

    def put_back(self, handles: Iterable[SimHandle]) -> None:
        """Make callbacks ready that were held back."""
        self._ready.extend(handles)

    def pending_of(self, process: SimProcess) -> list[SimTask[Any]]:
        """Return the process's tasks that are not done, oldest first."""
        mine = [
            task
            for task in asyncio.all_tasks(self)
            if isinstance(task, SimTask) and task.process is process
        ]
        return sorted(mine, key=lambda task: task.number)

    def fail(self, error: BaseException) -> None:
        """End the simulation with an error."""
        if not self._muted:
            self._failure = self._failure or error
            self._over.append("failed")

    # ------------------------------------------------------------- beginning and end

    @contextmanager
    def _running(self) -> Generator[None]:
        before = sys.get_asyncgen_hooks()
        collects = gc.isenabled()
        # What a collection finds ends at a moment that no seed decides.
        gc.disable()
        events._set_running_loop(self)
        sys.set_asyncgen_hooks(finalizer=self._close_generator)
        try:
            yield
        finally:
            sys.set_asyncgen_hooks(*before)
            events._set_running_loop(None)
            if collects:
                gc.enable()

    def _close_generator(self, generator: AsyncGenerator[Any, Any]) -> None:
        if not self._muted and not CURRENT.get(self.world).dead:
            self.create_task(generator.aclose())

    def _bury(self) -> None:
        """End what never ended, in silence.

        Only now are the coroutines of the killed closed, which runs their ``finally``
        blocks: nothing that these do reaches anybody any more.
        """
        self._muted = True
        self._ready.clear()
        self._timers.clear()
        for process in self._processes:
            process.kill()
        while left := [task for p in self._processes for task in p.take_remains()]:
            for task in left:
                close(task)

    # --------------------------------------------------------------- asyncio's own face

    @override
    def time(self) -> float:
        return self._now

    @override
    def call_soon(
        self,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> SimHandle:
        if context is None:
            context = copy_context()
        process = context.get(CURRENT) or self.world
        handle = SimHandle(callback, args, context, process)
        if process.dead:
            return handle
        if len(args) == 1 and isinstance(args[0], (SimFuture, SimTask)):
            key = handle.key = id(args[0])  # pyright: ignore[reportUnknownArgumentType]
            tail = process.tails.get(key)
            process.tails[key] = handle
            if tail is not None:
                tail.after = handle
                return handle
        self._ready.append(handle)
        return handle

    @override
    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> SimHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    @override
    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> SimHandle:
        if context is None:
            context = copy_context()
        process = context.get(CURRENT) or self.world
        handle = SimHandle(callback, args, context, process)
        handle._when = when
        if not process.dead:
            self._numbers += 1
            heapq.heappush(self._timers, (when, self._numbers, handle))
        return handle

    @override
    def create_future(self) -> asyncio.Future[Any]:
        future = SimFuture(loop=self)
        future.process = CURRENT.get(self.world)
        return future

    @override
    def create_task(
        self,
        coro: Coroutine[Any, Any, _T] | Generator[Any, None, _T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[_T]:
        if context is None:
            context = copy_context()
        self._numbers += 1
        process = context.get(CURRENT) or self.world
        task = SimTask(
            coro,
            number=self._numbers,
            process=process,
            loop=self,
            name=name,
            context=context,
        )
        if process.dead:
            process.leave(task)
        return task

    @override
    def call_exception_handler(self, context: dict[str, Any]) -> None:
        about = context.get("task") or context.get("future")
        if isinstance(about, SimTask | SimFuture) and about.process.dead:
            return  # nobody is left who could have looked at it
        error = context.get("exception")
        self.fail(error or RuntimeError(context.get("message", repr(context))))

    @override
    def is_running(self) -> bool:
        return events._get_running_loop() is self

    @override
    def is_closed(self) -> bool:
        return self._muted

    @override
    def get_debug(self) -> bool:
        return False
