"""That no schedule is better than what is said to be the best."""

from bisect import bisect_left
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulator.bench.pacing.bounds import _in_slices, bound, of_calls
from adapters.simulator.bench.pacing.scenarios import (
    KITS,
    SCENARIOS,
    bound_of,
    rules_of,
)
from adapters.simulator.bench.pacing.traces import Trace, at_once, steadily

FLOOR = 0.5


def schedule(trace: Trace, random: Random) -> list[float]:
    """Return when some parts of a turn are shown; the last one at its end."""
    times = [trace.steps[-1] + random.uniform(0.1, 2.0)]
    while times[-1] < trace.end:
        times.append(times[-1] + FLOOR + random.expovariate(random.choice((0.5, 5.0))))
    return [*times[:-1], trace.end]


def wait(trace: Trace, times: list[float]) -> float:
    return sum(times[bisect_left(times, at)] - at for at, _ in trace.said)


def busiest(times: list[float], seconds: float) -> int:
    """Return the most calls in any half-open interval of so many seconds."""
    times = sorted(times)
    return max(bisect_left(times, begin + seconds) - n for n, begin in enumerate(times))


@given(st.integers(0, 10**6), st.integers(1, 6), st.sampled_from([1.0, 3.0, 6.0, 20.0]))
def test_no_schedule_beats_the_slices(seed: int, turns: int, seconds: float):
    random = Random(seed)
    traces = at_once(turns, seed)
    shown = [schedule(trace, random) for trace in traces]
    calls = busiest([at for times in shown for at in times], seconds)
    mine = sum(map(wait, traces, shown))
    assert _in_slices(traces, seconds, calls, FLOOR) <= mine


def test_what_a_tenant_allows_in_a_silence_helps_nobody_later():
    """All calls of 17 s, spent as one likes, would give 0.4 s."""
    assert of_calls(at_once(100, 1), per_second=50, floor=FLOOR) > 0.5


@pytest.mark.parametrize("name", ["5-live", "15-a-minute"])
def test_a_minute_without_turns_lends_a_full_one_nothing(name: str):
    [scenario] = [s for s in SCENARIOS if s.name == name]
    buckets, windows = (
        bound_of(scenario, rules_of(KITS[1], windows=w)) for w in (False, True)
    )
    assert buckets < windows < 1.2 * buckets


def test_where_calls_are_plenty_slices_say_the_same():
    traces, rules = steadily(0.02, 300.0, 1), rules_of(KITS[1], windows=True)
    assert bound(traces, rules, full=False) == pytest.approx(
        of_calls(traces, per_second=50, floor=FLOOR), rel=0.02
    )
