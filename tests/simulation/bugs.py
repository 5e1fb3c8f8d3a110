"""Mistakes put in on purpose, one at a time: each must be found.

A bug changes the real engine, or the store behind it, in one place. That no seed finds
it would mean that an invariant is missing, or a fault that the world never has.
"""
# ruff: noqa: ANN401 - what stands in for the engine's parts takes what they take
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from bot.engine import acting, decisions, doubt, projection, showing, worker
from bot.engine.conversation import Conversation
from bot.engine.exhibit import Exhibit
from bot.engine.ingress import Ingress
from bot.engine.letters import Letter
from bot.engine.log import Also
from bot.engine.outbox import Outgoing
from bot.engine.receipts import Receipts
from bot.engine.runner import Runner
from bot.engine.showing import SHOWN, Outcome, Showing
from bot.engine.sweeper import Sweeper
from bot.errors import AmbiguousSendError, DeskhandError, StillStreamingError
from bot.pacing.lanes import Bucket
from bot.pacing.way import Use, Way
from bot.ports.inbox import Acceptance
from bot.ports.rows import Append, Claim
from bot.ports.surface import Payload, Receipt
from bot.protocol.events import ToolStarted
from bot.protocol.ids import ConversationId, effect_key_for
from bot.protocol.inbound import Inbound
from bot.turn import approvals, decide
from bot.turn.state import Call, TurnState
from bot.view import replies
from tests.simulation import store_conversations, store_log, store_people
from tests.simulation.company import TENANT
from tests.simulation.database import Session
from tests.simulation.notices import Switchboard
from tests.simulation.platforms import SimPlatform
from tests.simulation.recipe import Recipe
from tests.simulation.store import SimStore, SimTransaction, over_the_wire
from tests.simulation.works import Works

Plant = Callable[[], AbstractContextManager[None]]


@contextmanager
def swapped(owner: object, **parts: object) -> Generator[None]:
    """Let parts of a class or a module be others for a while."""
    before = {name: getattr(owner, name) for name in parts}
    try:
        for name, part in parts.items():
            setattr(owner, name, part)
        yield
    finally:
        for name, part in before.items():
            setattr(owner, name, part)


@contextmanager
def _all(*swaps: AbstractContextManager[None]) -> Generator[None]:
    with ExitStack() as stack:
        for swap in swaps:
            stack.enter_context(swap)
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One mistake."""

    name: str
    plant: Plant
    """Returns a block within which the mistake is there."""
    caught_by: tuple[str, ...]
    """Invariants, any of which may be the first to find it."""

    def may_show_in(self, recipe: Recipe) -> bool:
        """Whether a world is one in which what the bug needs happens often."""
        dense = recipe.brief > 0.5
        if self.plant is dedup_removed:
            return dense
        if self.plant is no_fence_on_append:  # by who stood still: one world in twenty
            return recipe.bots > 1 and "pause" in dict(recipe.mishaps)
        if self.plant in _OF_STREAMS:
            return recipe.streams == "needed" and self._may_show_in_streams(recipe)
        late = recipe.platform_trouble > 0.15 and "late" in recipe.platform_troubles
        return not dense and (late or self.plant is not late_edit_covers)

    def _may_show_in_streams(self, recipe: Recipe) -> bool:
        unanswered = {"answer lost", "late"}
        if self.plant is appended_again:  # few lost answers are those of an append
            troubles = {*recipe.platform_troubles}
            return recipe.platform_trouble > 0.3 and troubles <= unanswered
        if self.plant is ending_opens_a_stream:  # who has to wait ends unseen
            return recipe.brief > 0.5 and recipe.narrow
        if self.plant is any_stream_is_mine:
            lost = not unanswered.isdisjoint(recipe.platform_troubles)
            return recipe.brief > 0.5 and recipe.platform_trouble > 0.15 and lost
        return recipe.platform_trouble > 0.1 or "kill" in dict(recipe.mishaps)


# ---------------------------------------------------------------------- who may write


def no_fence_on_append() -> AbstractContextManager[None]:
    """An old owner's events are taken, if only their numbers fit."""
    real = store_log._append

    async def append(s: Session, turn_id: Any, appends: Sequence[Append]) -> bool:
        claim = appends[0].claim
        row = s.get(s.tables.conversation, store_conversations.key_of(claim))
        now = replace(claim, fence=row.fence if row else claim.fence)
        return await real(s, turn_id, [replace(a, claim=now) for a in appends])

    return swapped(store_log, _append=append)


def lease_never_checked() -> AbstractContextManager[None]:
    """A heartbeat says that every lease still holds."""

    async def heartbeat(
        s: Session, claims: Sequence[Claim], lease: timedelta
    ) -> dict[ConversationId, int]:
        held = await store_conversations.heartbeat(s, claims, lease)
        return {claim.conversation_id: 0 for claim in claims} | held

    return swapped(SimTransaction, heartbeat=over_the_wire(heartbeat))


# ------------------------------------------------------------------------- what comes in


def ack_before_commit() -> AbstractContextManager[None]:
    """A delivery is answered first and taken in afterwards."""
    real = Ingress.accept

    async def accept(self: Ingress, inbound: Inbound) -> Acceptance:
        async def later() -> None:
            with suppress(DeskhandError):
                await real(self, inbound)

        asyncio.get_running_loop().create_task(later())
        return Acceptance(outcome="accepted")

    return swapped(Ingress, accept=accept)


def dedup_removed() -> AbstractContextManager[None]:
    """Every copy of a delivery is a new one."""

    async def first_time(_s: Session, *_: object, **__: object) -> bool:
        return True

    return _all(
        swapped(store_people, first_time=first_time),
        swapped(SimTransaction, first_time=over_the_wire(first_time)),
    )


def lost_wakeup() -> AbstractContextManager[None]:
    """Notifications are dropped, and nobody looks at the table by himself."""
    return _all(swapped(Switchboard, tell=lambda *_: None), swapped(worker, POLL=1e9))


def steer_without_event() -> AbstractContextManager[None]:
    """What is said meanwhile is consumed, and that is all."""
    real = Conversation._hear

    async def hear(
        self: Conversation, tasks: asyncio.TaskGroup, mail_seq: int, letter: Letter
    ) -> bool:
        if any(runner.hears for runner in self._turns.busy):
            await self._consume(mail_seq)
            return True
        return await real(self, tasks, mail_seq, letter)

    return swapped(Conversation, _hear=hear)


def release_forgets_mail() -> AbstractContextManager[None]:
    """Who lets a conversation go does not look whether mail has come."""
    real = store_conversations.release

    async def release(
        s: Session, claim: Claim, next_due: datetime | None, **when: timedelta
    ) -> bool:
        freed = await real(s, claim, next_due, **when)
        key = store_conversations.key_of(claim)
        row = s.get(s.tables.conversation, key)
        if freed and row is not None:
            s.put(s.tables.conversation, key, replace(row, due_at=next_due))
            s.notices.clear()
        return freed

    return swapped(SimTransaction, release=over_the_wire(release))


def stop_queued() -> AbstractContextManager[None]:
    """Stop waits until the turn has nothing to do."""
    real = Conversation._take

    async def take(
        self: Conversation, tasks: asyncio.TaskGroup, mail_seq: int, letter: Letter
    ) -> bool:
        if letter.kind == "stop" and self._turns.at_work:
            return False
        return await real(self, tasks, mail_seq, letter)

    return swapped(Conversation, _take=take)


# ------------------------------------------------------------------------------ effects


def effect_without_intent() -> AbstractContextManager[None]:
    """A tool runs first, and that it was started is written afterwards."""

    async def run(self: acting.Actor, runner: Runner, call: Call) -> None:
        result = await self._agents.run(self._port_call(runner.state, call))
        key = effect_key_for(runner.state.turn_id, call.call_id)
        started = ToolStarted(call_id=call.call_id, key=key)
        await runner.emit(started, acting._finished(call.call_id, result))

    return swapped(acting.Actor, run=run)


def probe_only_looks() -> AbstractContextManager[None]:
    """Who asks whether an effect happened does not keep it from happening later."""
    return swapped(Works, settle=Works.look)


def once_again() -> AbstractContextManager[None]:
    """What may happen once is run again after a crash."""
    real = decide._for_call

    def for_call(state: TurnState, call: Call, running: Any) -> tuple[Any, ...]:
        actions = real(state, call, running)
        return tuple(
            decide.Run(a.call_id) if isinstance(a, decide.Probe) else a for a in actions
        )

    return swapped(decide, _for_call=for_call)


def unknown_is_failed() -> AbstractContextManager[None]:
    """What nobody can tell is said not to have happened."""
    real = acting._finished

    def finished(call_id: Any, result: Any) -> Any:
        if result.outcome == "unknown":
            result = replace(result, outcome="failed")
        return real(call_id, result)

    return swapped(acting, _finished=finished)


# ---------------------------------------------------------------------------- decisions


def decided_twice() -> AbstractContextManager[None]:
    """Somebody who presses twice counts twice."""
    real = decisions._refusal

    def refusal(*args: Any, **kwargs: Any) -> Any:
        refused = real(*args, **kwargs)
        return None if refused and refused[1] == replies.CLICK_ALREADY else refused

    return _all(
        swapped(decisions, _refusal=refusal),
        swapped(approvals, _has_ruled=lambda *_: False),
    )


def decided_by_anybody() -> AbstractContextManager[None]:
    """Who presses is not looked at."""
    real = decisions._refusal

    def refusal(*args: Any, **kwargs: Any) -> Any:
        refused = real(*args, **kwargs)
        return None if refused and refused[0] == "not_entitled" else refused

    return swapped(decisions, _refusal=refusal)


def stale_card_decides() -> AbstractContextManager[None]:
    """What the pressed card showed is not looked at."""
    real = decisions._refusal

    def refusal(*args: Any, **kwargs: Any) -> Any:
        refused = real(*args, **kwargs)
        return None if refused and refused[0] == "stale" else refused

    return swapped(decisions, _refusal=refusal)


# ---------------------------------------------------------------------- state and ends


def snapshot_late() -> AbstractContextManager[None]:
    """A snapshot says that it holds one event more than it does."""

    async def write(tx: Any, claim: Claim, state: TurnState) -> None:
        body, checksum = projection.freeze(state)
        await tx.save_snapshot(claim, state.turn_id, state.seq + 1, body, checksum)

    return swapped(projection, _write_snapshot=write)


def show_before_commit() -> AbstractContextManager[None]:
    """People see what is about to be written."""
    real = Runner._commit

    async def commit(self: Runner, entries: Sequence[Outgoing]) -> None:
        events = [event for entry in entries for event in entry.events]
        soon = projection.folded(self.state, events, self._clock.now())
        self._show(self.claim, soon)
        await real(self, entries)

    return swapped(Runner, _commit=commit)


def sweeper_closes_parked() -> AbstractContextManager[None]:
    """Who sweeps takes turns that wait for people for turns that are stuck."""
    real = Sweeper.sweep

    async def sweep(self: Sweeper) -> int:
        store = self._kit.store
        assert isinstance(store, SimStore), "it is a simulation"
        for row in list(store.tables.turn.rows.values()):
            if row.status != "parked":
                continue
            letter = Letter(
                kind="stop", person_id=row.requester_id, turn_id=row.turn_id
            )
            async with store.begin("sweeper.sweep") as tx:
                body = letter.model_dump_json()
                await tx.deliver(TENANT, row.conversation_id, None, "stop", body)
        return await real(self)

    return swapped(Sweeper, sweep=sweep)


def mail_never_consumed() -> AbstractContextManager[None]:
    """What mail means is written, and the mail stays where it is."""
    real = Runner.hand

    def hand(self: Runner, *events: Any, also: Also, bounce: Any) -> None:
        del also

        async def nothing(_tx: Any) -> None: ...

        real(self, *events, also=nothing, bounce=bounce)

    return swapped(Runner, hand=hand)


# ---------------------------------------------------------------------- what is shown


def post_without_intent() -> AbstractContextManager[None]:
    """A message is posted, and nobody knows that it was meant to be."""

    async def intended(_self: Receipts, exhibit: Exhibit) -> None:
        exhibit.intent_at = exhibit.state.started_at

    return swapped(Receipts, intended=intended)


def edit_unfenced() -> AbstractContextManager[None]:
    """Who has lost a conversation goes on editing what is shown of it."""

    async def still_ours(_self: Receipts, _exhibit: Exhibit) -> None: ...

    return swapped(Receipts, still_ours=still_ours)


def late_edit_covers() -> AbstractContextManager[None]:
    """An edit that was given up on is taken for one that never arrives."""
    return swapped(Exhibit, doubt=lambda *_: None)


def budget_ignored() -> AbstractContextManager[None]:
    """Sends go out as they come."""
    return swapped(Bucket, ready_at=lambda *_, **__: float("-inf"))


# -------------------------------------------------------------------- what is streamed


def stream_left_open() -> AbstractContextManager[None]:
    """A turn ends, and its message streams on."""

    async def close(_self: Showing, _exhibit: Exhibit, _payload: Payload) -> Outcome:
        return SHOWN

    return swapped(Showing, _close=close)


def ending_opens_a_stream() -> AbstractContextManager[None]:
    """A turn that has ended before anything of it was shown begins a stream by that."""
    real = Showing._ways

    def ways(*args: Any, **kwargs: Any) -> tuple[Way, ...]:
        found = real(*args, **kwargs)
        opening = tuple(
            replace(way, use=Use.ANY) for way in found if way.name == "open"
        )
        return opening + found if opening else found

    return swapped(Showing, _ways=ways)


def appended_again() -> AbstractContextManager[None]:
    """What may have been appended is appended once more."""
    real = Showing._on_stream

    async def on_stream(self: Showing, exhibit: Exhibit, call: Any) -> bool:
        before = exhibit.grown
        try:
            return await real(self, exhibit, call)
        except AmbiguousSendError:
            exhibit.grown, exhibit.rests = before, False
            raise

    return swapped(Showing, _on_stream=on_stream)


def edited_while_it_streams() -> AbstractContextManager[None]:
    """A message that streams is edited, and the refusal taken for an answer."""

    async def close(self: Showing, exhibit: Exhibit, payload: Payload) -> Outcome:
        assert exhibit.receipt is not None, "it streams"
        exhibit.receipt = exhibit.receipt.model_copy(update={"stream": None})
        await self._receipts.posted(exhibit, payload, exhibit.state.seq)
        return SHOWN

    real = SimPlatform._edit

    async def edit(
        self: SimPlatform, receipt: Receipt, payload: Payload, **how: Any
    ) -> Receipt:
        with suppress(StillStreamingError):
            return await real(self, receipt, payload, **how)
        return receipt

    return _all(swapped(Showing, _close=close), swapped(SimPlatform, _edit=edit))


def adopted_stream_goes_on() -> AbstractContextManager[None]:
    """Who takes a stream over appends as if it showed what is to be shown now."""
    recall, append = Exhibit.recall, Showing._append

    def recalled(self: Exhibit, *args: Any, **kwargs: Any) -> None:
        recall(self, *args, **kwargs)
        self.rests = False

    async def appended(
        self: Showing, exhibit: Exhibit, payload: Payload, seq: int
    ) -> Outcome:
        exhibit.grown = exhibit.grown or payload
        return await append(self, exhibit, payload, seq)

    return _all(swapped(Exhibit, recall=recalled), swapped(Showing, _append=appended))


def any_stream_is_mine() -> AbstractContextManager[None]:
    """A stream without a mark belongs to whoever looks for a message."""
    return _all(
        swapped(showing, may_stream=lambda _: True),
        swapped(doubt, _meant_first=lambda *_: True),
    )


def reminder_unchecked() -> AbstractContextManager[None]:
    """People are reminded of what is decided, and not known to the turn yet."""

    async def nothing(_: object) -> None:
        return None

    return swapped(acting, all_still_open=lambda *_: nothing)


def reminded_without_end() -> AbstractContextManager[None]:
    """Nobody counts how often people are reminded."""
    return swapped(approvals, MOST_REMINDERS=99)


_OF_STREAMS = (
    stream_left_open,
    ending_opens_a_stream,
    appended_again,
    edited_while_it_streams,
    adopted_stream_goes_on,
    any_stream_is_mine,
)
_PLANTS: Mapping[Plant, tuple[str, ...]] = {
    no_fence_on_append: ("only the owner appends",),
    lease_never_checked: ("nobody works on what they do not own",),
    ack_before_commit: ("what is accepted is never lost",),
    dedup_removed: ("what is said is heard once", "everything comes to rest"),
    lost_wakeup: ("everything comes to rest", "a stop takes a second"),
    steer_without_event: ("what is accepted is never lost",),
    release_forgets_mail: ("mail that waits is due", "everything comes to rest"),
    mail_never_consumed: ("what is said is heard once", "a decision counts once"),
    stop_queued: ("a stop takes a second",),
    effect_without_intent: (
        "no effect without an intent",
        "nothing goes wrong by mistake",
    ),
    probe_only_looks: ("no turn denies what happened",),
    once_again: ("an effect happens at most once",),
    unknown_is_failed: ("no turn denies what happened",),
    decided_twice: (
        "no effect without its approval",
        "only entitled people decide",
        "a decision counts once",
    ),
    decided_by_anybody: ("only entitled people decide",),
    stale_card_decides: ("a press decides what its card shows",),
    snapshot_late: ("a snapshot is the fold of the log",),
    show_before_commit: ("memory is the fold of the log",),
    sweeper_closes_parked: (
        "only who asked stops a turn",
        "a stop takes a second",
    ),
    post_without_intent: ("a post is intended before it is made",),
    edit_unfenced: ("only the owner shows", "every surface shows the end"),
    late_edit_covers: ("every surface shows the end",),
    budget_ignored: ("no lane is exceeded",),
    reminder_unchecked: ("nobody is reminded of what is decided",),
    reminded_without_end: ("nobody is reminded without end",),
    stream_left_open: ("no stream is left open", "a stream is closed in time"),
    ending_opens_a_stream: ("a stream is closed in time",),
    appended_again: ("a stream shows what was sent", "every surface shows the end"),
    edited_while_it_streams: (
        "every surface shows the end",
        "a stream is closed in time",
        "no stream is left open",
    ),
    adopted_stream_goes_on: ("a stream shows what was sent",),
    any_stream_is_mine: (
        "only what is committed is shown",
        "a surface is there once",
        "only the owner shows",
    ),
}
BUGS: Mapping[str, Bug] = MappingProxyType(
    {
        plant.__name__: Bug(name=plant.__name__, plant=plant, caught_by=caught_by)
        for plant, caught_by in _PLANTS.items()
    }
)
