"""The log writer by itself: many appenders, no runner, no turn that is folded."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from adapters.simulator.bench.alone.crowd import WORD, Window
from adapters.simulator.bench.alone.engine import Alone, cpu_now
from bot.ports.rows import Claim
from bot.protocol.events import ItemAppended
from bot.protocol.ids import ItemId, PersonId, TurnId
from bot.protocol.values import Requester

_LEASE = timedelta(minutes=5)
_SETTLE = 1.0
_EVENT = ItemAppended(item_id=ItemId("f1-1-t"), text=WORD)


@dataclass(slots=True)
class _Seen:
    """What the appenders counted."""

    listening: bool = False
    waits: list[float] = field(default_factory=list[float])


async def run(alone: Alone, *, turns: int, seconds: float) -> dict[str, object]:
    """Return what so many appenders look like that each wait for their last event.

    Args:
        alone: The engine, of which only the log writer runs.
        turns: How many append, each to a turn of its own.
        seconds: For how long it is watched.
    """
    owned = await _owned(alone, turns)
    seen = _Seen()
    async with asyncio.TaskGroup() as tasks:
        background = [tasks.create_task(alone.kit.writer.run())]
        background += [
            tasks.create_task(_append_on(alone, seen, claim, turn_id))
            for claim, turn_id in owned
        ]
        await alone.clock.sleep(_SETTLE)
        commits, cpu = alone.commits, cpu_now()
        started, seen.listening = alone.clock.monotonic(), True
        await alone.clock.sleep(seconds)
        seen.listening = False
        window = Window(
            turns=turns,
            seconds=alone.clock.monotonic() - started,
            cpu=cpu_now() - cpu,
            events=len(seen.waits),
            commits=alone.commits - commits,
            words=len(seen.waits),
            waits=seen.waits,
        )
        for task in background:
            task.cancel()
    return asdict(window)


async def _append_on(alone: Alone, seen: _Seen, claim: Claim, turn_id: TurnId) -> None:
    clock, seq = alone.clock, 0
    while True:
        seq, started = seq + 1, clock.monotonic()
        await alone.kit.writer.append(claim, turn_id, [_EVENT], first_seq=seq)
        if seen.listening:
            seen.waits.append(clock.monotonic() - started)


async def _owned(alone: Alone, turns: int) -> Sequence[tuple[Claim, TurnId]]:
    """Return turns without events, each in a conversation that is claimed."""
    ids = {await alone.say() for _ in range(turns)}
    owned: list[tuple[Claim, TurnId]] = []
    async with alone.kit.store.begin("worker.claim") as tx:
        claimed = await tx.claim_conversations(
            worker_id="bench", lease=_LEASE, generation=10**6, most=turns
        )
    for claim, turn_id in zip(claimed.claims, ids, strict=True):
        async with alone.kit.store.begin("turn.begin") as tx:
            await tx.create_turn(
                claim,
                turn_id=turn_id,
                requester=Requester(person_id=PersonId("p0"), name="Person p0"),
                text="Hello!",
                at=alone.clock.now(),
            )
        owned.append((claim, turn_id))
    return owned
