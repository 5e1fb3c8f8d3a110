"""Logs that could happen: hypothesis strategies over the event protocol."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import get_args

from hypothesis import strategies as st

from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent
from bot.protocol.ids import (
    ApprovalId,
    CallId,
    FrameId,
    ItemId,
    PersonId,
    TenantId,
    TurnId,
)
from bot.protocol.inbound import Address
from bot.protocol.values import (
    Approver,
    CallBlock,
    Effect,
    Fact,
    Ledger,
    LedgerEntry,
    Requester,
    Source,
    Stage,
    StopReason,
    Summary,
    TextBlock,
    Usage,
)
from bot.turn.reduce import advance
from bot.turn.state import TurnState

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TURN = TurnId("t1")
ADDRESS = Address(platform="slack", workspace="T1", channel="D1", thread="1.0")
STARTED = ev.TurnStarted(
    tenant_id=TenantId("tenant"),
    requester=Requester(person_id=PersonId("p0"), name="Asker"),
    address=ADDRESS,
    text="please",
)
SUMMARY = Summary(
    text="It was said that.",
    until=NOW,
    references=("REQ-7",),
    model="m",
    usage=Usage(input_tokens=1, output_tokens=1, cache_read_tokens=1),
)
CONTINUED = STARTED.model_copy(update={"summary": SUMMARY})
QUEUED = STARTED.model_copy(update={"queued_behind": "Other", "queue_place": 1})

frames = st.sampled_from([FrameId("f1"), FrameId("f1-1-1"), FrameId("f1-1-2")])
calls = st.sampled_from([CallId(f"f1-1-{n}") for n in range(1, 4)])
items = st.sampled_from([ItemId(f"i{n}") for n in range(1, 4)])
approvals = st.sampled_from([ApprovalId("a1"), ApprovalId("a2")])
people = st.sampled_from([PersonId(f"p{n}") for n in range(4)])
words = st.text(max_size=12)
effects = st.sampled_from(["read", "idempotent", "once"])


@st.composite
def stages(draw: st.DrawFn) -> Stage:
    ids = draw(st.lists(people, min_size=1, max_size=3, unique=True))
    return Stage(
        label="manager",
        approvers=tuple(Approver(person_id=i, name=str(i).upper()) for i in ids),
        need=draw(st.integers(1, len(ids))),
        within=draw(st.sampled_from([60.0, 3600.0])),
        remind=draw(st.sampled_from([None, 20.0])),
    )


replies = st.builds(
    ev.ModelReplied,
    frame_id=frames,
    ask=st.integers(1, 3),
    blocks=st.lists(
        st.builds(TextBlock, text=words)
        | st.builds(
            CallBlock,
            call_id=calls,
            name=st.just("grant_access"),
            arguments=st.just({}),
        ),
        max_size=3,
    ).map(tuple),
    stop_reason=st.sampled_from(get_args(StopReason)),
    model=st.sampled_from(["", "claude-other"]),
)
tools = st.one_of(
    st.builds(
        ev.ToolRequested,
        call_id=calls,
        frame_id=frames,
        item_id=items,
        name=st.just("grant_access"),
        arguments=st.just({"grant": "read"}),
        effect=effects,
        title=words,
        handoff_to=st.sampled_from(["", "software"]),
        why=st.sampled_from(["", "they give access"]),
    ),
    st.builds(ev.ToolAuthorized, call_id=calls, policy=words),
    st.builds(
        ev.ToolDenied,
        call_id=calls,
        reason=words,
        malformed=st.booleans(),
        by=st.sampled_from(["policy", "person", "time", "requester"]),
    ),
    st.builds(ev.ToolStarted, call_id=calls, key=words, attempt=st.integers(1, 3)),
    st.builds(
        ev.ToolFinished,
        call_id=calls,
        outcome=st.sampled_from(["done", "failed", "unknown"]),
        title=words,
        result=st.just({"ok": True}),
        sources=st.just((Source(title="An article", ref="article"),)),
        reference=st.sampled_from(["", "REQ-7"]),
    ),
)
decisions = st.one_of(
    st.builds(
        ev.ApprovalRequested,
        approval_id=approvals,
        call_id=calls,
        subject=words,
        facts=st.just((Fact(label="What", value="a thing"),)),
        args_hash=words,
        policy=words,
        requester_id=st.just(PersonId("p0")),
        stages=st.lists(stages(), min_size=1, max_size=2).map(tuple),
        expires_at=st.just(NOW + timedelta(hours=1)),
    ),
    st.builds(
        ev.ApprovalDecided,
        approval_id=approvals,
        stage=st.integers(0, 1),
        verdict=st.sampled_from(["approved", "rejected", "withdrawn"]),
        by=people,
        by_name=words,
        reason=words,
    ),
    st.builds(
        ev.ApprovalEscalated,
        approval_id=approvals,
        stage=stages(),
        expires_at=st.just(NOW + timedelta(hours=2)),
    ),
    st.builds(ev.ApprovalExpired, approval_id=approvals),
)
ongoing: st.SearchStrategy[TurnEvent] = st.one_of(
    st.sampled_from([STARTED, QUEUED, CONTINUED]),
    st.builds(ev.TurnSteered, text=words),
    st.builds(
        ev.TurnParked,
        waiting_for=st.just(()),
        reminded=st.lists(approvals, max_size=2, unique=True).map(tuple),
    ),
    st.builds(ev.TurnResumed, because=st.just("decision")),
    st.builds(
        ev.FrameOpened,
        frame_id=frames,
        parent_id=st.none() | frames,
        call_id=st.none() | calls,
        agent=st.sampled_from(["coordinator", "software"]),
        title=st.sampled_from(["", "Software"]),
        task=words,
    ),
    st.builds(
        ev.FrameClosed,
        frame_id=frames,
        outcome=st.sampled_from(["done", "failed", "cancelled"]),
        result=words,
        code=st.sampled_from(["", "limit"]),
    ),
    st.builds(
        ev.ItemOpened,
        item_id=items,
        frame_id=frames,
        kind=st.sampled_from(["text", "thought", "card", "notice"]),
        title=words,
        text=words,
    ),
    st.builds(ev.ItemAppended, item_id=items, text=words),
    st.builds(ev.ItemPatched, item_id=items, title=st.none() | words),
    st.builds(ev.ItemReplaced, item_id=items, text=words),
    st.builds(
        ev.ItemClosed,
        item_id=items,
        status=st.sampled_from(["done", "failed", "cancelled"]),
    ),
    st.builds(
        ev.ModelAsked,
        frame_id=frames,
        ask=st.integers(1, 3),
        model=st.just("scripted"),
        steers_seen=st.integers(0, 2),
        summary=st.none() | st.just(SUMMARY),
    ),
    replies,
    tools,
    decisions,
)
entries = st.lists(
    st.builds(
        LedgerEntry,
        call_id=calls,
        tool=st.just("grant_access"),
        title=words,
        reference=st.sampled_from(["", "REQ-7"]),
    ),
    max_size=2,
).map(tuple)
ledgers = st.none() | st.builds(Ledger, did=entries, did_not=entries, unknown=entries)
endings: st.SearchStrategy[TurnEvent] = st.one_of(
    st.builds(ev.TurnCompleted, ledger=ledgers),
    st.builds(
        ev.TurnFailed, code=st.sampled_from(["model", "deadline"]), ledger=ledgers
    ),
    st.builds(ev.TurnCancelled, by=people, by_name=words, ledger=ledgers),
)
events: st.SearchStrategy[TurnEvent] = ongoing | endings


def record(bodies: Sequence[TurnEvent]) -> list[Recorded]:
    """Number events as a log does, a second apart."""
    return [
        Recorded(turn_id=TURN, seq=n, at=NOW + timedelta(seconds=n), event=event)
        for n, event in enumerate(bodies, start=1)
    ]


# Mostly unfinished turns: a finished one ignores everything, so it proves little.
# One in eight is queued, because a queued one hardly goes on without its place.
logs = st.tuples(
    st.integers(0, 7).map(lambda n: QUEUED if n == 7 else STARTED),
    st.lists(ongoing, max_size=25),
    st.lists(events, max_size=2),
).map(lambda parts: record([parts[0], *parts[1], *parts[2]]))


def fold(log: Sequence[Recorded]) -> TurnState:
    """Return the state after the whole log."""
    return reduce(advance, log, TurnState())


# --------------------------------------------------- the events of one simple turn

ROOT = FrameId("f1")
CALL = CallId("f1-1-1")
OPENED = ev.FrameOpened(frame_id=ROOT, agent="coordinator", task="please")
ASKED = ev.ModelAsked(frame_id=ROOT, ask=1, model="m")


def requested(effect: Effect = "idempotent", handoff: str = "") -> ev.ToolRequested:
    return ev.ToolRequested(
        call_id=CALL,
        frame_id=ROOT,
        item_id=ItemId(CALL),
        name="grant_access",
        arguments={},
        effect=effect,
        title="Granting",
        handoff_to=handoff,
    )


REPLIED = ev.ModelReplied(
    frame_id=ROOT,
    ask=1,
    blocks=(CallBlock(call_id=CALL, name="grant_access", arguments={}),),
    stop_reason="tool_use",
)
SAID = ev.ModelReplied(
    frame_id=ROOT, ask=1, blocks=(TextBlock(text="Hi"),), stop_reason="end_turn"
)
AUTHORIZED = ev.ToolAuthorized(call_id=CALL)
BEGUN = ev.ToolStarted(call_id=CALL, key="k")
FINISHED = ev.ToolFinished(call_id=CALL, outcome="done")
WANTED = ev.ApprovalRequested(
    approval_id=ApprovalId("a1"),
    call_id=CALL,
    subject="Editor",
    facts=(),
    args_hash="h",
    policy="p",
    requester_id=PersonId("p0"),
    stages=(
        Stage(
            label="manager",
            approvers=(Approver(person_id=PersonId("p1"), name="P1"),),
            within=3600,
        ),
    ),
    expires_at=NOW + timedelta(hours=1),
)
APPROVED = ev.ApprovalDecided(
    approval_id=ApprovalId("a1"),
    stage=0,
    verdict="approved",
    by=PersonId("p1"),
    by_name="P1",
)
PARKED = ev.TurnParked(waiting_for=(ApprovalId("a1"),))
CHILD = ev.FrameOpened(
    frame_id=FrameId(CALL), parent_id=ROOT, call_id=CALL, agent="software", task="t"
)
ASKING: list[TurnEvent] = [STARTED, OPENED, ASKED]
CALLING: list[TurnEvent] = [*ASKING, requested()]
STEERED = ev.TurnSteered(text="and more")
RESUMED = ev.TurnResumed(because="decision")
