"""The simulation's own loop: asyncio's promises, virtual time, processes that die."""

import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from tests.simulation.loop import START, BusyLoopError, DeadlockError, SimLoop
from tests.simulation.network import Wire
from tests.simulation.process import EPOCH

SEEDS = range(20)


async def nothing() -> None:
    """Do nothing."""


# --------------------------------------------------------------------------------- time


def test_a_day_passes_at_once():
    loop = SimLoop(1)
    loop.run(asyncio.sleep(86_400))
    assert loop.time() == START + 86_400


def test_a_timer_never_runs_before_its_time():
    async def main() -> list[float]:
        late: list[float] = []
        for n in range(50):
            when = loop.time() + n % 7
            loop.call_at(when, lambda w=when: late.append(loop.time() - w))
        await asyncio.sleep(10)
        return late

    loop = SimLoop(1)
    assert loop.run(main()) == [0.0] * 50


def test_a_cancelled_timer_neither_runs_nor_takes_time():
    async def main() -> None:
        loop.call_later(100, loop.fail, AssertionError("it ran")).cancel()
        await asyncio.sleep(1)

    loop = SimLoop(1)
    loop.run(main())
    assert loop.time() == START + 1


def test_timeouts_are_asyncios_own():
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.Event().wait()

    loop = SimLoop(1)
    loop.run(main())
    assert loop.time() == START + 5


def test_random_delays_are_mostly_short_and_sometimes_long():
    loop = SimLoop(1)
    delays = sorted(loop.latency(0.01, 0.1) for _ in range(1000))
    assert delays[0] >= 0.01
    assert delays[500] < 0.05
    assert 0.9 < sum(d < 0.1 for d in delays) / 1000 < 0.99
    assert delays[-1] > 0.15


# -------------------------------------------------------------------------------- order


async def _names(*names: str) -> list[str]:
    seen: list[str] = []

    async def say(name: str) -> None:
        seen.append(name)

    async with asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(say(name))
    return seen


def test_what_is_ready_runs_in_an_order_that_the_seed_decides():
    orders = {tuple(SimLoop(seed).run(_names("a", "b", "c"))) for seed in SEEDS}
    assert len(orders) > 3
    again = {tuple(SimLoop(seed).run(_names("a", "b", "c"))) for seed in SEEDS}
    assert again == orders


def test_unshuffled_it_is_asyncios_order():
    for seed in SEEDS:
        assert SimLoop(seed, shuffle=0).run(_names("a", "b", "c")) == ["a", "b", "c"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_callbacks_of_one_future_run_in_their_order(seed: int):
    async def main() -> list[int]:
        seen: list[int] = []
        future = loop.create_future()
        for n in range(5):
            future.add_done_callback(lambda _, n=n: seen.append(n))
        future.set_result(None)
        for n in range(5, 10):
            future.add_done_callback(lambda _, n=n: seen.append(n))
        await asyncio.sleep(1)
        return seen

    loop = SimLoop(seed)
    assert loop.run(main()) == list(range(10))


@pytest.mark.parametrize("seed", SEEDS)
def test_locks_queues_and_groups_work_as_ever(seed: int):
    async def main() -> None:
        lock, queue = asyncio.Lock(), asyncio.Queue[int](2)
        inside = 0

        async def put() -> None:
            nonlocal inside
            for n in range(20):
                async with lock:
                    inside += 1
                    await asyncio.sleep(0)
                    assert inside == 1
                    inside -= 1
                await queue.put(n)

        async def take() -> None:
            assert [await queue.get() for _ in range(20)]

        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(put())
                tasks.create_task(take())

    SimLoop(seed).run(main())


# ------------------------------------------------------------------------ how runs end


def test_an_error_of_the_main_coroutine_is_raised():
    async def main() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        SimLoop(1).run(main())


def test_a_deadlock_names_who_waits_and_where():
    async def stuck() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        loop.process("w1").spawn(stuck())
        await stuck()

    loop = SimLoop(7)
    with pytest.raises(DeadlockError) as caught:
        loop.run(main())
    story = str(caught.value)
    assert "seed 7" in story
    assert "stuck > Event.wait" in story
    assert "w1" in story


def test_a_busy_loop_is_noticed():
    async def main() -> None:
        for _ in range(10_000):
            await asyncio.sleep(0)

    with pytest.raises(BusyLoopError, match="main"):
        SimLoop(1, most_at_once=1000).run(main())


def test_a_failing_callback_ends_the_run():
    async def main() -> None:
        loop.call_soon(int, "x")
        await asyncio.sleep(1)

    loop = SimLoop(1)
    with pytest.raises(ValueError, match="invalid literal"):
        loop.run(main())


def test_an_error_that_nobody_looked_at_ends_the_run():
    async def broken() -> None:
        raise ValueError("unseen")

    async def main() -> None:
        loop.create_task(broken())
        await asyncio.sleep(1)

    loop = SimLoop(1)
    with pytest.raises(ValueError, match="unseen"):
        loop.run(main())


def test_a_process_that_crashes_ends_the_run_unless_somebody_cares():
    async def broken() -> None:
        raise ValueError("crashed")

    async def main(*, care: bool) -> list[BaseException]:
        crashes: list[BaseException] = []
        process = loop.process("w1")
        if care:
            process.on_crash(crashes.append)
        process.spawn(broken())
        await asyncio.sleep(1)
        return crashes

    loop = SimLoop(1)
    with pytest.raises(ValueError, match="crashed"):
        loop.run(main(care=False))
    loop = SimLoop(1)
    assert len(loop.run(main(care=True))) == 1


# ------------------------------------------------------------------------------- clocks


def test_each_process_has_a_wrong_clock_of_its_own():
    async def main() -> None:
        ahead = loop.process("ahead", clock_skew=120.0)
        behind = loop.process("behind", clock_skew=-120.0)
        assert ahead.clock.now() - behind.clock.now() == timedelta(minutes=4)
        assert ahead.clock.monotonic() == behind.clock.monotonic() == loop.time()
        assert loop.world.clock.now() == EPOCH + timedelta(seconds=START)
        ahead.clock_skew = 0.0
        await ahead.clock.sleep(5)
        assert ahead.clock.now() == EPOCH + timedelta(seconds=START + 5)

    loop = SimLoop(1)
    loop.run(main())


# ---------------------------------------------------------------------- stop and go on


async def _count(counted: list[float]) -> None:
    while True:
        await asyncio.sleep(1)
        counted.append(asyncio.get_running_loop().time())


def test_a_paused_process_stands_still_while_time_goes_on():
    async def main() -> None:
        theirs: list[float] = []
        others: list[float] = []
        process = loop.process("w1")
        process.spawn(_count(theirs))
        loop.process("w2").spawn(_count(others))
        await asyncio.sleep(3.5)
        process.pause()
        await asyncio.sleep(10)
        assert (len(theirs), len(others)) == (3, 13)
        process.resume()
        await asyncio.sleep(0.1)
        assert theirs[3:] == [START + 13.5]  # what was due ran at once, late
        await asyncio.sleep(1)
        assert theirs[4:] == [START + 14.5]

    loop = SimLoop(1)
    loop.run(main())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_zombie_finds_its_answers_and_its_timeouts_in_any_order(seed: int):
    async def ask(answer: asyncio.Future[str]) -> str:
        try:
            async with asyncio.timeout(5):
                return await answer
        except TimeoutError:
            return "too late"

    async def main() -> str:
        process = loop.process("w1")
        answer: asyncio.Future[str] = loop.create_future()
        task = process.spawn(ask(answer))
        await asyncio.sleep(1)
        process.pause()
        answer.set_result("yes")
        await asyncio.sleep(10)
        process.resume()
        return await task

    loop = SimLoop(seed)
    assert loop.run(main()) in {"yes", "too late"}


def test_signals_reach_a_process_in_its_own_context():
    async def main() -> list[str]:
        heard: list[str] = []
        process = loop.process("w1")
        process.call(heard.append, "term")
        await asyncio.sleep(0.1)
        process.pause()
        process.call(heard.append, "again")
        await asyncio.sleep(0.1)
        assert heard == ["term"]
        process.resume()
        await asyncio.sleep(0.1)
        return heard

    loop = SimLoop(1)
    assert loop.run(main()) == ["term", "again"]


# --------------------------------------------------------------------------------- kill


class Diary:
    """What code did that a killed process must not do any more."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def plain(self) -> None:
        try:
            await asyncio.sleep(5)
        except BaseException:
            self.lines.append("except")
            raise
        finally:
            self.lines.append("finally")
            await asyncio.sleep(0)
            self.lines.append("finally went on")

    @asynccontextmanager
    async def _block(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await asyncio.sleep(0)
            self.lines.append("block ended")

    async def block(self) -> None:
        async with self._block():
            await asyncio.sleep(5)

    async def group(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.plain())
            tasks.create_task(self.block())

    async def _words(self) -> AsyncGenerator[str]:
        try:
            while True:
                yield "word"
                await asyncio.sleep(1)
        finally:
            self.lines.append("generator ended")

    async def stream(self) -> None:
        async for _ in self._words():
            pass

    async def late_error(self) -> None:
        failing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        failing.set_exception(ValueError("nobody retrieves this"))
        await asyncio.sleep(5)


KINDS: list[Callable[[Diary], Coroutine[Any, Any, None]]] = [
    Diary.plain,
    Diary.block,
    Diary.group,
    Diary.stream,
    Diary.late_error,
]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_a_killed_process_runs_again(
    kind: Callable[[Diary], Coroutine[Any, Any, None]],
):
    diary = Diary()

    async def main() -> list[str]:
        process = loop.process("w1")
        process.spawn(kind(diary))
        await asyncio.sleep(2)
        process.kill()
        process.spawn(kind(diary))
        process.call(diary.lines.append, "called")
        process.resume()
        await asyncio.sleep(20)
        return list(diary.lines)

    loop = SimLoop(1)
    assert loop.run(main()) == []
    gc.collect()  # no "never retrieved", no "destroyed but pending": errors here


def test_what_was_ready_or_held_back_dies_with_its_process():
    async def main() -> list[str]:
        seen: list[str] = []
        process = loop.process("w1")
        process.call(seen.append, "ready")
        process.kill()
        other = loop.process("w2")
        other.pause()
        other.call(seen.append, "held back")
        await asyncio.sleep(1)
        other.kill()
        other.resume()
        await asyncio.sleep(1)
        return seen

    loop = SimLoop(1)
    assert loop.run(main()) == []


def test_the_timers_of_the_dead_keep_nobody_waiting():
    async def main() -> None:
        process = loop.process("w1")
        process.spawn(asyncio.sleep(100))
        await asyncio.sleep(1)
        process.kill()
        await asyncio.Event().wait()

    loop = SimLoop(1)
    with pytest.raises(DeadlockError):
        loop.run(main())
    assert loop.time() == START + 1


def test_a_process_that_kills_itself_does_not_get_any_further():
    async def main() -> list[str]:
        seen: list[str] = []
        process = loop.process("w1")

        async def suicide() -> None:
            try:
                await process.die()
            finally:
                seen.append("finally")

        process.spawn(suicide())
        await asyncio.sleep(1)
        assert process.dead
        return list(seen)

    loop = SimLoop(1)
    assert loop.run(main()) == []


def test_who_is_connected_to_a_killed_process_is_told():
    async def main() -> list[str]:
        told: list[str] = []
        process = loop.process("w1")
        process.on_exit(lambda: told.append("first"))
        process.kill()
        process.kill()
        process.on_exit(lambda: told.append("late"))
        return told

    loop = SimLoop(1)
    assert loop.run(main()) == ["first", "late"]


def test_what_a_killed_process_waited_for_goes_on_without_it():
    async def main() -> list[str]:
        served: list[str] = []
        wire = Wire(loop, 0.01, 0.1)
        process = loop.process("w1")

        async def serve() -> None:
            await asyncio.sleep(1)
            served.append("served")
            raise ValueError("nobody hears this")

        async def ask() -> None:
            await wire.call(serve)

        process.spawn(ask())
        await asyncio.sleep(0.5)
        process.kill()
        await asyncio.sleep(5)
        return served

    loop = SimLoop(1)
    assert loop.run(main()) == ["served"]


def test_answers_and_errors_come_over_the_wire_after_a_while():
    async def main() -> None:
        wire = Wire(loop, 0.01, 0.1)

        async def broken() -> None:
            raise ValueError("far away")

        with pytest.raises(ValueError, match="far away"):
            await wire.call(broken)
        await wire.call(nothing)
        assert loop.time() >= START + 0.04

    loop = SimLoop(1)
    loop.run(main())


def test_a_generator_that_is_dropped_is_closed_by_the_living():
    diary = Diary()

    async def main() -> None:
        words = diary._words()
        assert await anext(words) == "word"
        del words
        await asyncio.sleep(1)
        assert diary.lines == ["generator ended"]

    SimLoop(1).run(main())


# ------------------------------------------------------------------------------- replay


async def _busy_world(loop: SimLoop) -> int:
    """Use everything that could differ from one run to the next."""
    done = 0

    async def work(name: str) -> None:
        nonlocal done
        async with asyncio.TaskGroup() as tasks:
            for _ in range(5):
                tasks.create_task(loop.delay(0.1, 1.0))
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1), asyncio.TaskGroup() as tasks:
                for n in range(10):
                    tasks.create_task(die_of_cancelling(n))
        loop.note(name)
        done += 1

    async def die_of_cancelling(n: int) -> None:
        try:
            await asyncio.sleep(5)
        finally:
            loop.note(f"{n}")

    async def forever(name: str) -> None:
        while True:
            await work(name)

    processes = [loop.process(f"w{n}") for n in range(5)]
    for process in processes:
        process.spawn(forever(process.name))
    for _ in range(20):
        await loop.delay(0.5, 2.0)
        victim = processes[int(loop.random.random() * 5)]
        victim.pause()
        await loop.delay(0.1, 1.0)
        victim.resume()
    processes[0].kill()
    await asyncio.sleep(5)
    return done


def test_garbage_is_collected_between_runs_and_never_within():
    async def main() -> bool:
        return gc.isenabled()

    assert SimLoop(1).run(main()) is False
    assert gc.isenabled()


def trace_of(seed: int) -> int:
    """Return the trace of a busy run."""
    loop = SimLoop(seed)
    assert loop.run(_busy_world(loop)) > 10
    return loop.trace


def test_the_same_seed_is_the_same_run():
    assert trace_of(1) == trace_of(1)
    assert trace_of(1) != trace_of(2)


def test_the_same_seed_is_the_same_run_in_another_interpreter():
    program = "from tests.simulation.test_loop import trace_of; print(trace_of(3))"
    for hash_seed in ("1", "2"):
        said = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(said.stdout) == trace_of(3)


def test_a_run_can_tell_its_story():
    loop = SimLoop(1, history=10_000)
    loop.run(_busy_world(loop))
    assert any(line.endswith(" w1: w1") for line in loop.story)
    assert any("w2" in line and "SimLoop.delay > sleep" in line for line in loop.story)
    quiet = SimLoop(1)
    quiet.run(_busy_world(quiet))
    assert quiet.trace == loop.trace
