"""A turn without an engine: ask, rule, run, as the engine does, in memory.

Transcripts have the engine's form (see ``bot/engine/question.py``): answers and
steers of one boundary in one user message, denials as ``{"denied": …, "by": …}``,
hand-offs as ``{"answer": …, "did": []}``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeAlias

from pydantic import JsonValue

from bot.ports.agent import (
    Agents,
    Allowed,
    Call,
    CallReady,
    Message,
    NeedsApproval,
    Part,
    Question,
    Refused,
    Replied,
    TextDelta,
    ToolAnswer,
    ToolResult,
)
from bot.protocol.ids import (
    ApprovalId,
    FrameId,
    PersonId,
    TenantId,
    TurnId,
    effect_key_for,
)
from bot.protocol.values import CallBlock, OpenRequest, Requester, TextBlock
from bot.view import wording
from tests.support.records import NOW, MemoryRecords

TENANT = TenantId("t1")

Deciding: TypeAlias = Callable[[NeedsApproval], str]
"""Returns "" to approve, or why it was denied."""


@dataclass(slots=True, kw_only=True)
class Told:
    """What one turn did and said."""

    texts: list[str] = field(default_factory=list[str])
    """Of the root frame, one a reply."""
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Each call's name with what became of it."""
    asked: list[NeedsApproval] = field(default_factory=list[NeedsApproval])
    results: list[ToolResult] = field(default_factory=list[ToolResult])
    refusals: list[Refused] = field(default_factory=list[Refused])
    agents: list[str] = field(default_factory=list[str])
    """Who worked, in the order in which they began."""
    parts: list[Part] = field(default_factory=list[Part])

    @property
    def text(self) -> str:
        """The last thing said."""
        return self.texts[-1]

    @property
    def names(self) -> list[str]:
        """Names of the calls."""
        return [name for name, _ in self.calls]


@dataclass(slots=True, kw_only=True)
class Desk:
    """One requester's chat."""

    agents: Agents
    records: MemoryRecords
    person: str
    history: list[Message] = field(default_factory=list[Message])
    turns: int = 0
    decide: Deciding = lambda _: ""
    steers: dict[tuple[str, int], str] = field(
        default_factory=dict[tuple[str, int], str]
    )
    """What is written while a reply streams: (agent, number of its ask) to text."""
    thoughts: dict[str, str] = field(default_factory=dict[str, str])
    """What is written just before a tool's first call would be ruled on: name to text.
    The call is not made, and the model hears why."""
    meanwhile: list[str] = field(default_factory=list[str])
    """What is written, each in a turn of its own, while the next request waits."""
    others: list[Told] = field(default_factory=list[Told])
    """What those turns did and said."""
    makes_things_up: bool = False
    """Whether the model may call tools that there are not."""
    changed_reason: str = wording.CHANGED_REASON
    """Why a call is denied whose request was changed."""
    _steered: list[str] = field(default_factory=list[str])
    _open: tuple[OpenRequest, ...] = ()
    _frames: int = 0
    _told: Told = field(default_factory=Told)

    async def say(self, text: str) -> Told:
        """Run a whole turn on ``text``."""
        self.turns += 1
        self._frames, self._steered, self._told = 0, [], Told()
        # As in a turn's first event: what changes later is not known to it.
        self._open = tuple(r for who, r in self.records.waiting if who == self.person)
        await self._frame(self.agents.root, text, parent_saw=0, history=self.history)
        self.history += [_user(text), _assistant(self._told.text)]
        return self._told

    @property
    def turn_id(self) -> TurnId:
        """The turn that runs, or ran last."""
        return TurnId(f"turn-{self.turns}")

    async def _frame(
        self, agent: str, task: str, *, parent_saw: int, history: list[Message]
    ) -> str:
        self._frames += 1
        self._told.agents.append(agent)
        frame_id, messages = FrameId(f"f{self._frames}"), list(history)
        is_root, saw, ask = frame_id == "f1", parent_saw, 0
        texts, answers = [task], list[ToolAnswer]()
        while True:
            ask += 1
            texts, saw = [*texts, *self._steered[saw:]], len(self._steered)
            messages.append(
                Message(
                    role="user",
                    blocks=tuple(TextBlock(text=t) for t in texts),
                    answers=tuple(answers),
                )
            )
            question = await self._question(agent, frame_id, ask, messages)
            replied = await self._reply(question)
            said = "".join(b.text for b in replied.blocks if isinstance(b, TextBlock))
            if is_root:
                self._told.texts.append(said)
            if steer := self.steers.get((agent, ask)):
                self._steered.append(steer)
            messages.append(Message(role="assistant", blocks=replied.blocks))
            calls = [b for b in replied.blocks if isinstance(b, CallBlock)]
            assert (replied.stop_reason == "tool_use") == bool(calls)
            texts, answers = [], [await self._call(call, saw, agent) for call in calls]
            if not calls and len(self._steered) == saw:
                return said
            assert ask < 9, "a dialogue must come to an end"

    async def _question(
        self, agent: str, frame_id: FrameId, ask: int, messages: list[Message]
    ) -> Question:
        person = self.records.company.person(self.person)
        return Question(
            tenant_id=TENANT,
            turn_id=self.turn_id,
            frame_id=frame_id,
            ask=ask,
            agent=agent,
            requester=self._requester(person.name if person else "Somebody"),
            open_requests=self._open,
            messages=tuple(messages),
            earlier=len(self.history) if frame_id == "f1" else 0,
            now=NOW + timedelta(minutes=self.turns),
        )

    def _requester(self, name: str) -> Requester:
        return Requester.model_validate({"person_id": self.person, "name": name})

    async def _reply(self, question: Question) -> Replied:
        parts = [part async for part in self.agents.ask(question)]
        again = [part async for part in self.agents.ask(question)]
        assert parts == again, "a reply is a pure function of its question"
        replied = parts[-1]
        assert isinstance(replied, Replied)
        streamed = "".join(p.text for p in parts if isinstance(p, TextDelta))
        assert streamed == "".join(
            b.text for b in replied.blocks if isinstance(b, TextBlock)
        )
        ready = [p.call_id for p in parts if isinstance(p, CallReady)]
        assert ready == [b.call_id for b in replied.blocks if isinstance(b, CallBlock)]
        self._told.parts += parts
        return replied

    async def _call(self, block: CallBlock, saw: int, agent: str) -> ToolAnswer:
        spec = self.agents.spec(block.name)
        assert spec or self.makes_things_up, f"there is no tool {block.name}"
        assert self.agents.title(block.name, block.arguments)
        call = self.call(block.name, block.arguments, call_id=block.call_id)
        call = replace(call, agent=agent)
        if thought := self.thoughts.pop(block.name, ""):
            self._steered.append(thought)
            self._told.calls.append((block.name, "put off"))
            return _denied(block, wording.RECONSIDERED, by="requester")
        ruling = await self.agents.rule(call)
        match ruling:
            case Refused(reason=reason):
                self._told.calls.append((block.name, "refused"))
                self._told.refusals.append(ruling)
                return _denied(block, reason, by="policy")
            case NeedsApproval():
                self._told.asked.append(ruling)
                if denied := await self._wait(block, ruling):
                    return denied
                if reason := self.decide(ruling):
                    self._told.calls.append((block.name, "rejected"))
                    return _denied(block, reason, by="person")
            case Allowed():
                pass
        if spec and spec.handoff_to:
            self._told.calls.append((block.name, "done"))
            task = str(block.arguments["task"])
            answer = await self._frame(
                spec.handoff_to, task, parent_saw=saw, history=[]
            )
            return ToolAnswer(
                call_id=block.call_id, content={"answer": answer, "did": []}
            )
        result = await self.agents.run(call)
        self._told.calls.append((block.name, result.outcome))
        self._told.results.append(result)
        return ToolAnswer(
            call_id=block.call_id,
            content=result.content,
            is_error=result.outcome != "done",
        )

    async def _wait(self, block: CallBlock, needs: NeedsApproval) -> ToolAnswer | None:
        """Let the requester write on while a request waits; how that ended it."""
        approval = ApprovalId(f"a{len(self._told.asked)}-{self.turn_id}")
        waiting = OpenRequest(
            approval_id=approval,
            turn_id=self.turn_id,
            subject=needs.subject,
            waiting_for=tuple(a.name for a in needs.stages[0].approvers),
        )
        person, records = PersonId(self.person), self.records
        records.waiting.append((person, waiting))
        while self.meanwhile and (person, waiting) in records.waiting:
            other = replace(
                self, turns=self.turns + 100, meanwhile=[], thoughts={}, steers={}
            )
            self.others.append(await other.say(self.meanwhile.pop(0)))
        if (person, waiting) in records.waiting:
            records.waiting.remove((person, waiting))
            return None
        if change := records.changed.get(approval, ""):
            self._steered.append(change)
        self._told.calls.append((block.name, "changed" if change else "withdrawn"))
        reason = self.changed_reason if change else wording.WITHDRAWN_REASON
        return _denied(block, reason, by="requester")

    def call(
        self, name: str, arguments: dict[str, JsonValue], *, call_id: str = "c1"
    ) -> Call:
        """Return a call by this desk's person."""
        block = CallBlock.model_validate(
            {"call_id": call_id, "name": name, "arguments": arguments}
        )
        person = self.records.company.person(self.person)
        return Call(
            tenant_id=TENANT,
            turn_id=self.turn_id,
            call_id=block.call_id,
            key=effect_key_for(self.turn_id, block.call_id),
            name=name,
            arguments=arguments,
            requester=self._requester(person.name if person else "Somebody"),
            now=NOW,
        )


def _denied(block: CallBlock, reason: str, *, by: str) -> ToolAnswer:
    content: JsonValue = {"denied": reason, "by": by}
    return ToolAnswer(call_id=block.call_id, content=content, is_error=True)


def _user(text: str) -> Message:
    return Message(role="user", blocks=(TextBlock(text=text),))


def _assistant(text: str) -> Message:
    return Message(role="assistant", blocks=(TextBlock(text=text),))
