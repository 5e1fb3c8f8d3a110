"""What nobody can do better: bounds below the mean lag, for a clairvoyant.

A turn's answer is shown in ``n`` parts, the last of them when the answer is whole. As
each token waits for the end of its part, the mean wait is least when the parts are
equal: with ``k`` tokens a part, ``(k - 1) / 2`` tokens' time. To it comes the time
that the platform takes to act. Whoever knows the future

* knows each turn's parts in advance, so they are equal;
* gives every call of a lane to the turn where it saves most. The saving of each
  further part is smaller than that of the one before, so a greedy choice is best;
* may use a lane's tokens whenever it wants until the last turn ends. Real tokens
  come one after the other: this only makes the bound lower.

So a bound counts calls: what a full bucket holds, and what comes in until the last
turn ends. With a floor, parts of one surface lie that far apart, except for the last.

Where a limit is a window, calls that are not made in time are lost. So the time is cut
into slices too, in each of which only its own calls may be made, and whatever is unseen
at its end is shown then for nothing. That is cheaper than any schedule, wherever one
cuts, so of all bounds found so the highest holds (`_in_slices`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace
from math import inf

from adapters.simulator.bench.pacing.traces import RATE, Trace
from adapters.simulator.bench.pacing.workspace import (
    PER_MINUTE,
    POSTS_PER_MINUTE,
    Method,
)
from adapters.simulator.bench.pacing.world import LATENCY

ACT = sum(LATENCY) / 4
"""Mean seconds from a call to its effect."""
TURN_AROUND = sum(LATENCY) / 2
"""Least seconds between two calls for one message: one at a time."""
UNDER_WAY = max(LATENCY) / 2
"""Most seconds from a call to its effect."""
MINUTE = 60
CUTS = 12
"""Places at which slices are tried to begin."""
SLICES = (3, 4, 6, 9, 12)
"""Seconds of the slices that are tried where the limit is one of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a clairvoyant may do."""

    name: str
    floor: float = 0.0
    """Least seconds between two parts of one turn, but for the last."""
    streams: bool = False
    """Whether turns may be streamed."""
    post_says: bool = True
    """Whether a turn's first message may wait for something to say. If not, it goes
    out at once, which is what people want, and is no part of the answer."""
    fresh_final: bool = False
    """Whether the last part may be a new message."""
    paragraphs: bool = False
    """Whether any part may be a new message, one a second in a thread."""
    windows: bool = False
    """Whether limits are counted in windows of a minute, as the stand-in for Slack
    does, and not in buckets that are refilled all the time."""


@dataclass(slots=True, kw_only=True)
class _Share:
    """How many parts a group of turns gets."""

    turns: list[int]
    """Tokens of each."""
    calls: float
    """That the group has, beside what each turn has anyway."""
    own: int
    """Parts that each turn has anyway."""
    floor: float

    def wait(self) -> float:
        """Return the sum over all tokens of their waits, in seconds; inf: never."""
        if not self.turns:
            return 0.0
        parts = [self.own] * len(self.turns)
        left = int(self.calls)
        if self.own == 0:
            left -= len(self.turns)
            parts = [1] * len(self.turns)
            if left < 0:
                return inf
        heap = [
            (-self._saving(tokens, parts[number]), number)
            for number, tokens in enumerate(self.turns)
        ]
        heapify(heap)
        for _ in range(left):
            saving, number = heap[0]
            if saving >= 0:
                break
            parts[number] += 1
            heapreplace(
                heap, (-self._saving(self.turns[number], parts[number]), number)
            )
        return sum(map(_wait, self.turns, parts))

    def _saving(self, tokens: int, parts: int) -> float:
        if parts >= tokens / RATE / max(self.floor, TURN_AROUND) + 1:
            return 0.0
        return _wait(tokens, parts) - _wait(tokens, parts + 1)


def _wait(tokens: int, parts: int) -> float:
    """Return the sum of the waits of a turn's tokens, as equal as parts can be."""
    size, more = divmod(tokens, parts)
    return (more * size * (size + 1) + (parts - more) * size * (size - 1)) / 2 / RATE


def bound(traces: Sequence[Trace], rules: Rules, *, full: bool = True) -> float:
    """Return the least mean lag that anybody could reach, in seconds.

    Args:
        traces: The turns.
        rules: What is allowed.
        full: Whether the buckets are full in the beginning; if not, the scenario is
            a part of something that goes on for ever.
    """
    tokens = [len(trace.said) for trace in traces]
    span = max(t.end for t in traces) - min(t.start for t in traces)
    minutes = span / 60
    if full:
        minutes = max(1.0, minutes) if rules.windows else 1.0 + minutes
    have = {method: count * minutes for method, count in PER_MINUTE.items()}
    posts = POSTS_PER_MINUTE * minutes
    most = 0
    if rules.streams:
        most = int(min(len(traces), have[Method.START], have[Method.STOP]))
    step = max(1, len(traces) // 200)
    best = min(
        _with_streams(tokens, streamed, have, posts, rules)
        for streamed in {*range(0, most + 1, step), most}
    )
    if rules.windows:
        a_minute = PER_MINUTE[Method.UPDATE]
        a_minute += PER_MINUTE[Method.APPEND] * rules.streams
        if posts < len(traces) * (1 + int(rules.fresh_final)) or rules.paragraphs:
            a_minute += POSTS_PER_MINUTE
        if not rules.post_says:
            sliced = _in_slices(traces, MINUTE, a_minute, rules.floor)
            best = max(best, sliced)
    return ACT + best / sum(tokens)


def _in_slices(
    traces: Sequence[Trace], seconds: float, calls: float, floor: float
) -> float:
    """Return the least sum of all waits if so many calls fit into any such time.

    What is said while a call is under way at a slice's end may be seen by a call of
    either, so it is taken to be seen at once. That ends take calls is left out.
    """
    return max(
        sum(
            _Share(turns=said, calls=calls, own=1, floor=floor).wait()
            for said in _sliced(traces, seconds, cut * seconds / CUTS).values()
        )
        for cut in range(CUTS)
    )


def _sliced(
    traces: Sequence[Trace], seconds: float, begin: float
) -> dict[int, list[int]]:
    """Return how many tokens each turn says in each slice, if it says any."""
    slices: dict[int, list[int]] = {}
    for trace in traces:
        said = Counter(
            int((at - begin) // seconds)
            for at, _ in trace.said
            if (at - begin) % seconds <= seconds - UNDER_WAY
        )
        for number, tokens in said.items():
            slices.setdefault(number, []).append(tokens)
    return slices


def _with_streams(
    tokens: list[int],
    streamed: int,
    have: dict[Method, float],
    posts: float,
    rules: Rules,
) -> float:
    """Return the sum of all waits when so many turns are streamed."""
    rest = tokens[streamed:]
    own = int(rules.post_says) + int(rules.fresh_final)
    calls = have[Method.UPDATE]
    scarce = posts < streamed + len(rest) * (1 + int(rules.fresh_final))
    if rules.paragraphs or scarce:
        # Any part may be a post. Where they do not suffice for a message at once and
        # another at the end, nobody knows better than to share all of them.
        own, calls = 0, calls + max(0.0, posts - streamed)
    edited = _Share(turns=rest, calls=calls, own=own, floor=rules.floor)
    stream = _Share(
        turns=tokens[:streamed],
        calls=have[Method.APPEND],
        # Start and stop say something too.
        own=1 + int(rules.post_says),
        floor=rules.floor,
    )
    return edited.wait() + stream.wait()


def of_calls(traces: Sequence[Trace], *, per_second: float, floor: float) -> float:
    """Return the least mean lag where every part is an edit and all draw from one rate.

    Each turn has a first message, which says nothing, and its last part beside them.

    Args:
        traces: The turns.
        per_second: Calls that are taken of all turns together, in any second.
        floor: Least seconds between two parts of one turn, but for the last.
    """
    tokens = [len(trace.said) for trace in traces]
    span = max(t.end for t in traces) - min(t.start for t in traces)
    calls = max(0.0, per_second * span - 2 * len(traces))
    share = _Share(turns=tokens, calls=calls, own=1, floor=floor)
    sliced = [
        _in_slices(traces, seconds, per_second * seconds, floor) for seconds in SLICES
    ]
    return ACT + max(share.wait(), *sliced) / sum(tokens)
