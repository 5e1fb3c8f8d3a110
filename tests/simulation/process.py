"""Simulated processes: what belongs to one, can stand still, and can die.

Every callback of a `tests.simulation.loop.SimLoop` belongs to the process that its
context names. A process that is paused is held back as by SIGSTOP; one that is killed
runs nothing any more, as by SIGKILL: no ``finally``, no ``except``.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterable
from contextvars import Context, ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from typing_extensions import TypeVarTuple, Unpack, override

from bot.clock import Clock

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

EPOCH = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
"""What a clock without skew says when a simulation's time is 0."""


class SimHandle(asyncio.TimerHandle):
    """A callback that is to run once, in the process it belongs to."""

    __slots__ = ("after", "args", "callback", "context", "key", "process")

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context,
        process: "SimProcess",
    ) -> None:
        # Not super(): nothing of asyncio's own is needed, and most callbacks of a
        # simulation are made here.
        self.callback: Callable[..., object] | None = callback
        """``None`` when cancelled."""
        self.args = args
        self.context = context
        self.process = process
        self.key = 0
        """Of the future that calls back; 0 for others. See `SimProcess.tails`."""
        self.after: SimHandle | None = None
        """What the same future called after this."""

    @override
    def cancel(self) -> None:
        self.callback = None
        self.args = ()

    @override
    def cancelled(self) -> bool:
        return self.callback is None

    @override
    def __repr__(self) -> str:
        return f"<SimHandle of {self.process.name}: {self.callback!r}>"


class SimFuture(asyncio.Future[Any]):
    """A future that knows who waits for it."""

    process: "SimProcess"


class SimTask(asyncio.Task[_T]):
    """A task with a number, so that sets of tasks are the same in every run."""

    def __init__(
        self,
        coro: Coroutine[Any, Any, _T] | Generator[Any, None, _T],
        *,
        number: int,
        process: "SimProcess",
        loop: asyncio.AbstractEventLoop,
        name: str | None,
        context: Context,
    ) -> None:
        self.number = number  # first: to register a task is to hash it
        self.process = process
        super().__init__(
            coro, loop=loop, name=name or f"task-{number}", context=context
        )

    @override
    def __hash__(self) -> int:
        return self.number

    @override
    def __eq__(self, other: object) -> bool:
        return self is other

    @property
    def waits_in(self) -> str:
        """The function that this task stands in, and how it came there."""
        names: list[str] = []
        inner: Any = self.get_coro()
        while inner is not None and (code := _code_of(inner)) is not None:
            names.append(code.co_qualname)
            inner = getattr(inner, "cr_await", None) or getattr(inner, "ag_await", None)
        return " > ".join(names)


def _code_of(awaited: object) -> Any:  # noqa: ANN401 - a code object, or nothing
    return getattr(awaited, "cr_code", None) or getattr(awaited, "ag_code", None)


class Host(Protocol):
    """What a process needs of the loop that it lives in."""

    def time(self) -> float:
        """Return virtual seconds."""
        ...

    def put_back(self, handles: Iterable[SimHandle]) -> None:
        """Make callbacks ready that were held back."""
        ...

    def pending_of(self, process: "SimProcess") -> list[SimTask[Any]]:
        """Return the process's tasks that are not done, oldest first."""
        ...

    def fail(self, error: BaseException) -> None:
        """End the simulation with an error."""
        ...

    @property
    def as_loop(self) -> asyncio.AbstractEventLoop:
        """The loop."""
        ...


class SimProcess:
    """One process of the simulation. Made by `SimLoop.process`."""

    def __init__(
        self, host: Host, number: int, name: str, clock_skew: float = 0.0
    ) -> None:
        self._host = host
        self.number = number
        self.name = name
        self.clock_skew = clock_skew
        """Seconds by which its wall clock is ahead; may change at any time."""
        self.clock: Clock = ProcessClock(host, self)
        self.stopped = False
        """Whether nothing of it runs now: it is paused or dead."""
        self.dead = False
        self.tails: dict[int, SimHandle] = {}
        """By future: the last of its callbacks that did not run yet."""
        self._held: list[SimHandle] = []
        self._exits: list[Callable[[], None]] = []
        self._crash: Callable[[BaseException], None] | None = None
        self._remains: list[SimTask[Any]] = []

    @override
    def __repr__(self) -> str:
        state = "dead" if self.dead else "paused" if self.stopped else "running"
        return f"<SimProcess {self.name}, {state}>"

    @property
    def paused(self) -> bool:
        """Whether it stands still and may go on."""
        return self.stopped and not self.dead

    def spawn(self, coro: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Run ``coro`` as a task of this process.

        An error that it raises ends the simulation, unless `on_crash` says otherwise.
        """
        context = self.context()
        task = self._host.as_loop.create_task(coro, context=context)
        task.add_done_callback(self._look_at_end, context=context)
        return task

    def call(self, function: Callable[[Unpack[_Ts]], object], *args: *_Ts) -> None:
        """Call a function in this process soon, e.g. what handles a signal."""
        self._host.as_loop.call_soon(function, *args, context=self.context())

    def context(self) -> Context:
        """Return a new context that belongs to this process and holds nothing else."""
        context = Context()
        context.run(CURRENT.set, self)
        return context

    # ---------------------------------------------------------------- what befalls it

    def pause(self) -> None:
        """Stand still from the end of the current callback on, as by SIGSTOP."""
        self.stopped = True

    def resume(self) -> None:
        """Go on, as by SIGCONT; all that has become due meanwhile is due at once."""
        if self.paused:
            self.stopped = False
            held, self._held = self._held, []
            self._host.put_back(held)

    def kill(self) -> None:
        """End it as by SIGKILL: from the end of the current callback nothing runs.

        Use `die` to kill a process from within.
        """
        if self.dead:
            return
        self.dead = self.stopped = True
        self._remains = self._host.pending_of(self)
        self._held.clear()
        self.tails.clear()
        exits, self._exits = self._exits, []
        for tell in exits:
            tell()

    async def die(self) -> None:
        """Kill the process that this is called in; does not return."""
        assert CURRENT.get() is self, "another process is killed with kill()"
        self.kill()
        await self._host.as_loop.create_future()

    def on_exit(self, tell: Callable[[], None]) -> None:
        """Call ``tell`` once when this process is killed: its connections break.

        It is called at once, in the context of whoever kills.
        """
        if self.dead:
            tell()
        else:
            self._exits.append(tell)

    def on_crash(self, tell: Callable[[BaseException], None]) -> None:
        """Call ``tell`` with an error that a spawned coroutine raised."""
        self._crash = tell

    def _look_at_end(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._crash is None:
            self._host.fail(error)
        else:
            self._crash(error)

    # ------------------------------------------------------------------ for the loop

    def hold(self, handle: SimHandle) -> None:
        """Keep a callback for when this process goes on; forget it if it is dead."""
        if not self.dead:
            self._held.append(handle)

    def leave(self, task: SimTask[Any]) -> None:
        """Keep a task of this dead process, so that nothing closes it yet."""
        self._remains.append(task)

    def take_remains(self) -> list[SimTask[Any]]:
        """Return the tasks that were not done when it was killed."""
        remains, self._remains = self._remains, []
        return remains


CURRENT: ContextVar[SimProcess] = ContextVar("deskhand_sim_process")
"""The process that the running callback belongs to."""


class ProcessClock(Clock):
    """A process's own clock: wrong by its skew, and virtual."""

    def __init__(self, host: Host, process: SimProcess) -> None:
        self._host = host
        self._process = process

    @override
    def now(self) -> datetime:
        seconds = self._host.time() + self._process.clock_skew
        return EPOCH + timedelta(seconds=seconds)

    @override
    def monotonic(self) -> float:
        return self._host.time()

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def close(task: asyncio.Task[Any]) -> None:
    """End a task that will never go on, in silence; its ``finally`` blocks run."""
    task._log_destroy_pending = False  # pyright: ignore[reportAttributeAccessIssue]
    coro = task.get_coro()
    for _ in range(50):  # each time up to its next await
        try:
            coro.close()
        except BaseException:  # noqa: BLE001 - whatever the dead say
            continue
        return
