"""Turns as they happen, event by event, for the tests of what people see."""

from datetime import timedelta

from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent
from bot.protocol.ids import ApprovalId, CallId, FrameId, ItemId, PersonId
from bot.protocol.values import Approver, Fact, Source, Stage
from bot.turn.ledger import ledger_of
from bot.turn.state import ROOT, TurnState
from bot.view import wording
from tests.support.turns import NOW, STARTED, TURN, fold

ASKER = PersonId("p0")
BOSS = Approver(person_id=PersonId("p1"), name="Bea Boss")
HEAD = Approver(person_id=PersonId("p2"), name="Hana Head")
GUARD = Approver(person_id=PersonId("p3"), name="Gil Guard")
SEAT = ApprovalId("seat")
MANAGER = Stage(label="manager", approvers=(BOSS,), within=3600.0)
SECURITY = Stage(label="group:security", approvers=(HEAD, GUARD), need=2, within=600.0)


class Story:
    """A log that grows; every event comes some seconds after the one before."""

    def __init__(self, started: ev.TurnStarted = STARTED) -> None:
        self.log: list[Recorded] = []
        self.at = NOW
        self.tell(started)
        if not started.queued_behind:
            self.opens()

    def opens(self) -> "Story":
        return self.tell(
            ev.FrameOpened(frame_id=ROOT, agent="coordinator", task="please")
        )

    def tell(self, event: TurnEvent, *, after: float = 0.25) -> "Story":
        self.at += timedelta(seconds=after)
        seq = len(self.log) + 1
        self.log.append(Recorded(turn_id=TURN, seq=seq, at=self.at, event=event))
        return self

    @property
    def state(self) -> TurnState:
        return fold(self.log)

    def says(self, item: str, text: str, *, frame: FrameId = ROOT) -> "Story":
        self.tell(ev.ItemOpened(item_id=ItemId(item), frame_id=frame, kind="text"))
        return self.tell(ev.ItemAppended(item_id=ItemId(item), text=text))

    def stops_saying(self, item: str) -> "Story":
        return self.tell(ev.ItemClosed(item_id=ItemId(item), status="done"))

    def wants(
        self,
        call: str,
        title: str,
        *,
        effect: ev.Effect = "once",
        frame: FrameId = ROOT,
        to: str = "",
        why: str = "",
    ) -> "Story":
        return self.tell(
            ev.ToolRequested(
                call_id=CallId(call),
                frame_id=frame,
                item_id=ItemId(f"step {call}"),
                name="tool",
                arguments={},
                why=why,
                effect=effect,
                title=title,
                handoff_to=to,
            )
        )

    def starts(self, call: str) -> "Story":
        self.tell(ev.ToolAuthorized(call_id=CallId(call)))
        return self.tell(ev.ToolStarted(call_id=CallId(call), key=call))

    def finishes(
        self,
        call: str,
        title: str = "",
        *,
        outcome: ev.Outcome = "done",
        after: float = 2.5,
        result: str | dict[str, str] = "fine",
        cards: tuple[dict[str, object], ...] = (),
        sources: tuple[Source, ...] = (),
        reference: str = "",
    ) -> "Story":
        return self.tell(
            ev.ToolFinished(
                call_id=CallId(call),
                outcome=outcome,
                title=title,
                result=result if isinstance(result, str) else {**result},
                cards=cards,
                sources=sources,
                reference=reference,
            ),
            after=after,
        )

    def hands_over(
        self, call: str, agent: str, *, frame: FrameId = ROOT, why: str = ""
    ) -> FrameId:
        child = FrameId(f"f-{call}")
        title = f"Asking the {agent} specialist"
        self.wants(call, title, effect="read", frame=frame, to=agent, why=why)
        self.starts(call).tell(
            ev.FrameOpened(
                frame_id=child,
                parent_id=frame,
                call_id=CallId(call),
                agent=agent,
                title=agent.capitalize(),
                task="help",
            )
        )
        return child

    def asks_for_approval(
        self,
        call: str,
        *stages: Stage,
        approval: ApprovalId = SEAT,
        subject: str = "An editor seat for Asker",
    ) -> "Story":
        stages = stages or (MANAGER,)
        return self.tell(
            ev.ApprovalRequested(
                approval_id=approval,
                call_id=CallId(call),
                subject=subject,
                facts=(Fact(label="Cost", value="45 a month"),),
                args_hash="abc",
                policy="Seats cost money",
                requester_id=ASKER,
                stages=stages,
                expires_at=self.at + timedelta(seconds=stages[0].within),
            )
        )

    def parks(self) -> "Story":
        return self.tell(ev.TurnParked(waiting_for=(SEAT,)))

    def decides(
        self,
        verdict: ev.Verdict,
        by: Approver = BOSS,
        *,
        stage: int = 0,
        reason: str = "",
        after: float = 600.0,
    ) -> "Story":
        return self.tell(
            ev.ApprovalDecided(
                approval_id=SEAT,
                stage=stage,
                verdict=verdict,
                by=by.person_id,
                by_name=by.name,
                reason=reason,
            ),
            after=after,
        )

    def denies(self, call: str, reason: str, by: str = "policy") -> "Story":
        denied = {"call_id": call, "reason": reason, "by": by}
        return self.tell(ev.ToolDenied.model_validate(denied))

    def fails(self, code: str, *, after: float = 0.25) -> "Story":
        return self.seals(ev.TurnFailed(code=code), after=after)

    def stops(self, how: str = "stopped") -> "Story":
        stopped = {"by": ASKER, "by_name": "Asker", "how": how}
        return self.seals(ev.TurnCancelled.model_validate(stopped))

    def seals(
        self,
        event: ev.TurnCompleted | ev.TurnFailed | ev.TurnCancelled,
        *,
        after: float = 0.25,
    ) -> "Story":
        """End as the engine does: with the ledger."""
        damaged = isinstance(event, ev.TurnFailed) and event.code == "degraded"
        ledger = ledger_of(self.state, damaged=damaged)
        return self.tell(event.model_copy(update={"ledger": ledger}), after=after)

    def ends(self, event: TurnEvent | None = None, *, after: float = 0.25) -> "Story":
        return self.tell(event or ev.TurnCompleted(), after=after)


def knowledge_story() -> Story:
    """A question that an article answers, told up to the middle of the answer."""
    story = Story().wants("c1", "Searching: vpn", effect="read").starts("c1")
    found = (Source(title="Use the VPN", ref="vpn", quote="Install it"),) * 2
    story.finishes("c1", "Found 1 article", sources=found)
    return story.says("t1", "To connect:\n\n1. Install the **client")


def approval_story() -> Story:
    """A seat that the manager must approve, told up to the waiting."""
    story = Story().says("t1", "I have asked your manager.").stops_saying("t1")
    child = story.hands_over("c1", "software")
    story.wants("c2", "Assign an editor seat", frame=child)
    return story.asks_for_approval("c2").parks()


def approved_story() -> Story:
    """The same, to its good end."""
    story = approval_story().decides("approved", reason="She needs it")
    story.tell(ev.TurnResumed(because="decision")).starts("c2")
    seat: dict[str, object] = {
        "title": "Seat assigned",
        "facts": [],
        "note": "",
        "tone": "good",
    }
    story.finishes("c2", "Assigned an editor seat", cards=(seat,))
    story.finishes("c1", after=0.5).says("t2", "You are an editor now.")
    return story.stops_saying("t2").ends()


def onboarding_story() -> Story:
    """Two specialists side by side: one granted, one not allowed, one unknown."""
    story = Story()
    software = story.hands_over("c1", "software")
    hardware = story.hands_over("c2", "hardware")
    story.wants("c3", "Grant read on the code", frame=software)
    story.wants("c4", "Order a monitor", frame=hardware).starts("c3")
    story.denies("c4", "The rule “No screens” does not allow it. Ask Bea Boss.")
    story.finishes("c3", "Granted read on the code")
    story.wants("c5", "Order a cable", frame=hardware).starts("c5")
    return story.finishes("c5", "Not sure it worked: a cable", outcome="unknown")


def mixed_story() -> Story:
    """Everything an ending can account for, told up to where it ends.

    Granted, approved and ordered, refused, lost with a ticket, and never begun.
    """
    story = Story().wants("r1", "Looking you up", effect="read").starts("r1")
    story.finishes("r1", "Found you")
    story.wants("c1", "Giving read access to the code").starts("c1")
    story.finishes("c1", "Gave read access to the code", reference="GR-12")
    story.wants("c2", "Assigning an editor seat").asks_for_approval("c2")
    story.decides("approved", reason="She needs it", after=5.0).starts("c2")
    story.finishes("c2", "Assigned an editor seat", reference="SEAT-3")
    story.wants("c3", "Ordering a monitor")
    story.denies("c3", "The rule “No screens” does not allow it. Ask Bea Boss.")
    story.wants("c4", "Ordering a cable").starts("c4")
    ticket: dict[str, object] = {
        "title": "Ticket IT-7",
        "facts": [{"label": "About", "value": "Did this happen? Ordering a cable"}],
    }
    story.finishes(
        "c4",
        "Not sure it worked: Ordering a cable",
        outcome="unknown",
        cards=(ticket,),
        reference="IT-7",
    )
    return story.wants("c5", "Ordering a mouse")


def changed_story() -> Story:
    """A seat whose requester wanted another one, told up to waiting for that."""
    story = approval_story().decides(
        "withdrawn",
        Approver(person_id=ASKER, name="Asker"),
        reason=wording.CHANGED_REASON,
    )
    story.tell(ev.TurnResumed(because="decision"))
    story.tell(ev.TurnSteered(text="a viewer seat is enough"))
    story.denies("c2", wording.CHANGED_REASON, "requester")
    story.wants("c3", "Assign a viewer seat", frame=FrameId("f-c1"))
    story.asks_for_approval(
        "c3", approval=ApprovalId("viewer"), subject="A viewer seat for Asker"
    )
    return story.parks()


def reconsidered_story() -> Story:
    """Somebody adds something before an order is placed."""
    story = Story().wants("c1", "Ordering a monitor")
    story.tell(ev.TurnSteered(text="the small one"))
    story.denies("c1", wording.RECONSIDERED, "requester")
    return story.wants("c2", "Ordering a small monitor").starts("c2")
