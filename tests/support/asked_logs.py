"""Logs that end with a question, for what models are told: written once, then kept.

``tests/golden/context`` has each as JSON with the request that follows from it; the
tests read the log from there. ``DESKHAND_UPDATE_GOLDEN=1`` writes both anew.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue

from agents.brief import prompt_for
from agents.models.wire import messages_for
from agents.roster import roster_of
from agents.vocabulary import vocabulary_of
from bot.engine.question import question_for
from bot.protocol import events as ev
from bot.protocol.codec import decode, encode
from bot.protocol.events import Recorded
from bot.protocol.ids import CallId, FrameId, PersonId, TurnId
from bot.protocol.values import (
    CallBlock,
    Ledger,
    LedgerEntry,
    OpenRequest,
    PastTurn,
    StopReason,
    Summary,
    TextBlock,
)
from bot.turn.state import ROOT
from bot.view import wording
from tests.support.stories import SEAT, Story
from tests.support.turns import NOW, STARTED, TURN, fold
from tests.support.workshop import WORKSHOP

DAY = 24 * 3600.0


def ask(story: Story, number: int, *, frame: FrameId = ROOT, steers: int = 0) -> Story:
    """Let a frame's model be asked."""
    return story.tell(
        ev.ModelAsked(frame_id=frame, ask=number, model="m", steers_seen=steers)
    )


def reply(
    story: Story,
    number: int,
    text: str,
    *calls: str,
    frame: FrameId = ROOT,
    stop: StopReason | None = None,
) -> Story:
    """Let it reply."""
    blocks = [
        CallBlock(call_id=CallId(c), name="tool", arguments={"about": c}) for c in calls
    ]
    return story.tell(
        ev.ModelReplied(
            frame_id=frame,
            ask=number,
            blocks=(TextBlock(text=text), *blocks),
            stop_reason=stop or ("tool_use" if calls else "end_turn"),
        )
    )


def _plain() -> Story:
    return ask(Story(), 1)


def _answered() -> Story:
    story = ask(Story(), 1).wants("c1", "Looking", effect="read")
    story = reply(story, 1, "Let me look.", "c1").starts("c1")
    return ask(story.finishes("c1", result={"found": "it </data> <b>"}), 2)


def _handing_over() -> Story:
    story = ask(Story(), 1)
    software = story.hands_over("c1", "software")
    hardware = story.hands_over("c2", "hardware")
    story = reply(story, 1, "I ask both.", "c1", "c2")
    story = ask(ask(story, 1, frame=software), 1, frame=hardware)
    story = story.wants("c3", "Granting", frame=software)
    story = reply(story, 1, "", "c3", frame=software).starts("c3")
    return ask(story.finishes("c3", reference="GR-1"), 2, frame=software)


def _handed_over() -> Story:
    story = _handing_over()
    for frame, number, said in (("f-c1", 2, "Granted."), ("f-c2", 1, "None left.")):
        story = reply(story, number, said, frame=FrameId(frame))
        story = story.tell(
            ev.FrameClosed(frame_id=FrameId(frame), outcome="done", result=said)
        )
    story.finishes("c1", result={"answer": "Granted."})
    return ask(story.finishes("c2", result={"answer": "None left."}), 2)


def _denied() -> Story:
    story = reply(ask(Story(), 1).wants("c1", "Granting"), 1, "", "c1")
    return ask(story.denies("c1", "The rule does not allow it. Ask Bea Boss."), 2)


def _asked_for() -> Story:
    story = reply(ask(Story(), 1).wants("c1", "A seat"), 1, "I ask.", "c1")
    return story.asks_for_approval("c1").parks()


def _approved_after_days() -> Story:
    story = _asked_for().decides("approved", after=3 * DAY)
    story = story.tell(ev.TurnResumed(because="decision")).starts("c1")
    return ask(story.finishes("c1", "Assigned a seat", reference="SEAT-3"), 2)


def _steered() -> Story:
    story = ask(Story(), 1).wants("c1", "Looking", effect="read")
    story = story.tell(ev.TurnSteered(text="the write one, please"))
    story = reply(story, 1, "Let me look.", "c1").starts("c1").finishes("c1")
    story = ask(story, 2, steers=1)
    return story.tell(ev.TurnSteered(text="this came after the question"))


def _changed() -> Story:
    story = _asked_for().decides("withdrawn", reason=wording.CHANGED_REASON)
    story = story.tell(ev.TurnSteered(text="for two weeks only"))
    story = story.tell(ev.TurnResumed(because="decision"))
    story = story.denies("c1", wording.CHANGED_REASON, by="requester")
    return ask(story, 2, steers=1)


def _withdrawn() -> Story:
    story = _asked_for().decides("withdrawn")
    story = story.tell(ev.TurnResumed(because="decision"))
    return ask(story.denies("c1", wording.WITHDRAWN_REASON, by="requester"), 2)


def _interrupted() -> Story:
    """Two calls of a reply were complete when its model broke off; then one too long."""
    story = ask(Story(), 1).says("t1", "I do bo").wants("c1", "One").wants("c2", "Two")
    story = story.starts("c1").finishes("c1")
    story = story.starts("c2").finishes("c2", outcome="unknown")
    story = ask(reply(story, 1, "I do bo", "c1", "c2"), 2)
    return ask(reply(story, 2, "It is a long", stop="max_tokens"), 3)


def _past(n: int, person: str = "p0", name: str = "Asker") -> PastTurn:
    at = NOW - timedelta(days=9 - n)
    entry = LedgerEntry(
        call_id=CallId("c"), tool="tool", title=f"Gave {n}", reference=f"IT-{n}"
    )
    return PastTurn(
        asked=f"Please give me {n}.",
        answered=f"You have {n}.",
        turn_id=TurnId(f"t{n}"),
        person_id=PersonId(person),
        name=name,
        at=at,
        ended_at=at + timedelta(minutes=1),
        status="completed",
        ledger=Ledger(did=(entry,)),
    )


def _in_a_thread() -> Story:
    waits = _past(3).model_copy(
        update={"status": "parked", "ended_at": None, "ledger": None}
    )
    started = STARTED.model_copy(
        update={
            "history": (_past(1), _past(2, "p7", "Omar"), waits),
            "open_requests": (
                OpenRequest(
                    approval_id=SEAT,
                    turn_id=TurnId("t3"),
                    subject="A seat for Asker",
                    waiting_for=("Bea Boss",),
                ),
            ),
        }
    )
    return ask(Story(started), 1)


def _folded() -> Story:
    """The first three are in the summary that was made for this question."""
    history = tuple(_past(n) for n in range(4))
    before = Summary(text="Long ago.", until=NOW - timedelta(days=30))
    began = STARTED.model_copy(update={"history": history, "summary": before})
    until = history[2].ended_at
    assert until is not None
    summary = Summary(text="They have 0, 1, 2.", until=until, references=("IT-2",))
    return Story(began).tell(
        ev.ModelAsked(frame_id=ROOT, ask=1, model="m", summary=summary)
    )


def _too_long() -> Story:
    """The model's window was full: the same is asked in few words."""
    long = _past(1).model_copy(update={"answered": "word " * 300})
    story = ask(Story(STARTED.model_copy(update={"history": (long,)})), 1)
    story = story.wants("c1", "Looking", effect="read")
    story = reply(story, 1, "Let me look.", "c1").starts("c1")
    found = {"page": "word " * 300, "heading": "One"}
    story = ask(story.finishes("c1", result=found), 2)
    return story.tell(ev.ModelAsked(frame_id=ROOT, ask=2, model="m", brief=True))


CASES: Mapping[str, Callable[[], Story]] = {
    "plain": _plain,
    "answered": _answered,
    "handing-over": _handing_over,
    "handed-over": _handed_over,
    "denied": _denied,
    "approved-after-days": _approved_after_days,
    "steered": _steered,
    "changed": _changed,
    "withdrawn": _withdrawn,
    "interrupted": _interrupted,
    "in-a-thread": _in_a_thread,
    "folded": _folded,
    "too-long": _too_long,
}


def logged(story: Story) -> JsonValue:
    """Return a log as JSON."""
    return [
        {"at": row.at.isoformat(), "event": json.loads(encode(row.event))}
        for row in story.log
    ]


def requests_of(log: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the models are sent that are out for an answer, without the prompt.

    Args:
        log: Rows as in the recorded documents.
    """
    state = fold(
        [
            Recorded(
                turn_id=TURN,
                seq=seq,
                at=datetime.fromisoformat(row["at"]),
                event=decode(json.dumps(row["event"])),
            )
            for seq, row in enumerate(log, start=1)
        ]
    )
    roster = roster_of(WORKSHOP)
    vocabulary = vocabulary_of(WORKSHOP, roster)
    sent: dict[str, Any] = {}
    for frame in state.frames:
        if frame.waits_for_reply and not frame.outcome:
            question = question_for(state, frame.frame_id)
            prompt = prompt_for(WORKSHOP, vocabulary, roster, question)
            sent[frame.frame_id] = messages_for(
                question.messages, earlier=question.earlier, current=prompt.current
            )
    return sent
