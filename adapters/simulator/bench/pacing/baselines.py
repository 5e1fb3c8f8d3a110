"""How others show turns: what ours is held against.

They edit when the answer has grown, not for tool steps: so did those of the table in
the issue, and steps would only make them worse.
"""

from bisect import bisect_right
from collections.abc import Callable, Generator

from adapters.simulator.bench.pacing.traces import Trace
from adapters.simulator.bench.pacing.workspace import Method
from adapters.simulator.bench.pacing.world import Call, Script, Until, World

BUFFER = 256
"""Characters that ``chat_stream`` of ``slack_sdk`` gathers before it sends them.

Source: https://docs.slack.dev/tools/python-slack-sdk/web (``buffer_size``)
"""
Baseline = Callable[[World, Trace], Script]


def size_at(trace: Trace, now: float) -> int:
    """Return how many characters have been said by ``now``."""
    number = bisect_right(trace.said, now, key=lambda said: said[0])
    return trace.said[number - 1][1] if number else 0


def one_post(_world: World, trace: Trace) -> Script:
    """One message when the turn is over."""
    yield Until(trace.end)
    while (pause := (yield Call(Method.POST, trace.size))) is not None:
        yield Until(_world.now + pause)


def chat_stream(_world: World, trace: Trace) -> Script:
    """``slack_sdk``'s helper: sends whenever 256 characters are there; no retries."""
    sent, method = 0, Method.START
    for at, size in trace.said:
        yield Until(at)
        if size - sent >= BUFFER:
            if (yield Call(method, size)) is not None:
                return  # an exception, which ends the turn
            sent, method = size, Method.APPEND
    yield Call(Method.STOP, trace.size)


def edits(every: float, retries: int) -> Baseline:
    """`chat.update` at a fixed interval, with the SDK's rate-limit handler.

    Args:
        every: Seconds.
        retries: How often the handler tries again before it raises; the turn's
            task ends then.
    """

    def script(world: World, trace: Trace) -> Script:
        if not (yield from _insisting(world, Call(Method.POST, 0), retries)):
            return
        due, last = trace.start, 0
        while world.now < trace.end:
            due = max(due + every, world.now)
            yield Until(min(due, trace.end))
            size = size_at(trace, world.now)
            if size != last and world.now < trace.end:
                last = size
                call = Call(Method.UPDATE, size)
                if not (yield from _insisting(world, call, retries)):
                    return
        yield from _insisting(world, Call(Method.UPDATE, trace.size), retries)

    return script


def until_refused(every: float) -> Baseline:
    """Edits at a fixed interval until the first 429; the final is a new message."""

    def script(world: World, trace: Trace) -> Script:
        yield Call(Method.POST, 0)
        due, last = trace.start, 0
        while world.now < trace.end:
            due = max(due + every, world.now)
            yield Until(min(due, trace.end))
            size = size_at(trace, world.now)
            if size != last and world.now < trace.end:
                last = size
                if (yield Call(Method.UPDATE, size)) is not None:
                    break
        yield Until(trace.end)
        while (pause := (yield Call(Method.POST, trace.size))) is not None:
            yield Until(world.now + pause)

    return script


def _insisting(
    world: World, call: Call, retries: int
) -> Generator[Call | Until, float | None, bool]:
    """Call, and again after each 429; whether it was done in the end."""
    for left in range(retries, -1, -1):
        pause = yield call
        if pause is None:
            return True
        if left:
            # The handler adds up to a second so that not all come back at once.
            yield Until(world.now + pause + world.random.random())
    return False


BASELINES: dict[str, Baseline] = {
    "one post at the end": one_post,
    "slack_sdk chat_stream": chat_stream,
    "chat.update every 0.3 s, 1 retry": edits(0.3, 1),
    "chat.update every 0.3 s, 10 retries": edits(0.3, 10),
    "chat.update every 1 s, 1 retry": edits(1.0, 1),
    "chat.update every 1 s, 10 retries": edits(1.0, 10),
    "every 1 s until a 429, final as a post": until_refused(1.0),
}
