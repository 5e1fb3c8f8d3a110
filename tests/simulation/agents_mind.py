"""What the simulated models say: a function of the seed and of what they are asked.

The same question gets the same reply from every process, as far as a reply goes well;
what breaks it off is for `tests.simulation.agents` to decide.
"""

from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from pydantic import JsonValue

from bot.ports.agent import Allowed as _Allowed
from bot.ports.agent import (
    Call,
    CallReady,
    NeedsApproval,
    Part,
    Question,
    Refused,
    Replied,
    Ruling,
    TextDelta,
    ThoughtDelta,
    ToolSpec,
)
from bot.protocol.ids import CallId
from bot.protocol.values import (
    Approver,
    Block,
    CallBlock,
    Fact,
    Stage,
    StopReason,
    TextBlock,
    Usage,
)
from tests.simulation.company import DECIDERS
from tests.simulation.recipe import Recipe

ROOT = "root"
LONGER = 5
"""So many times as much is said where it can be streamed."""
TIMEOUT = 5.0
"""Seconds for a tool."""
TOOLS = MappingProxyType(
    {
        "look": ToolSpec(effect="read", timeout=TIMEOUT),
        "assign": ToolSpec(effect="idempotent", timeout=TIMEOUT),
        "order": ToolSpec(effect="once", timeout=TIMEOUT),
        "mail": ToolSpec(effect="once", timeout=TIMEOUT),
        "undo": ToolSpec(effect="idempotent", timeout=TIMEOUT),
        "amend": ToolSpec(effect="idempotent", timeout=TIMEOUT),
        "to_ada": ToolSpec(effect="read", timeout=TIMEOUT, handoff_to="ada"),
        "to_bob": ToolSpec(effect="read", timeout=TIMEOUT, handoff_to="bob"),
    }
)
"""Nobody can tell afterwards whether ``mail`` happened; of the others somebody can."""
REQUEST_TOOLS = ("undo", "amend")
"""These change requests, not the works."""
_DEEDS = ("look", "assign", "assign", "order", "order", "mail")
_BELOW = {ROOT: ("to_ada", "to_bob"), "ada": ("to_bob",), "bob": ()}
_WORDS = ("so", "then", "we", "look", "at", "the", "*thing*", "again", "`x`", "done.")
_STRANGE = ("a\x00b", "half \ud800", "# ", "```\ncode", "[a](b)")
_ALLOWED = _Allowed(policy="anybody may")
_USAGE = Usage()
_STOPS: tuple[StopReason, ...] = ("end_turn", "max_tokens", "pause_turn", "refusal")
_OFTEN = (85, 10, 3, 2)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model says if nothing goes wrong; the last part is `Replied`."""

    parts: tuple[Part, ...]


class Mind:
    """The models and policies of one simulated company."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def reply(self, question: Question) -> Reply:
        """Return what the model says to this question."""
        asked = question.messages[-1]
        random = self._random(
            "reply",
            question.turn_id,
            question.frame_id,
            question.ask,
            len(asked.blocks),
        )
        names = self._calls(random, question)
        calls = [
            CallReady(
                call_id=self._call_id(random, question, number),
                name=name,
                arguments=_arguments(random, name, question),
            )
            for number, name in enumerate(names)
        ]
        parts: list[Part] = []
        if random.random() < 0.15:
            parts.append(ThoughtDelta(_text(random, 4)))
        blocks: list[Block] = []
        for call in [*calls, None]:
            silent = 0.5 if calls else 0.05
            said = "" if random.random() < silent else self._say(random, parts)
            if said:
                blocks.append(TextBlock(text=said))
            if call is not None:
                parts.append(call)
                blocks.append(
                    CallBlock(
                        call_id=call.call_id, name=call.name, arguments=call.arguments
                    )
                )
        stop = "tool_use" if calls else random.choices(_STOPS, _OFTEN)[0]
        parts.append(Replied(blocks=tuple(blocks), stop_reason=stop, usage=_USAGE))
        return Reply(tuple(parts))

    def rule(self, call: Call) -> Ruling:
        """Return what policy says about a call."""
        spec = TOOLS.get(call.name)
        if spec is None:
            return Refused(reason="There is no such tool.")
        if spec.effect == "read" or call.name in REQUEST_TOOLS:
            return _ALLOWED
        random = self._random("rule", call.key)
        if random.random() < 0.08:
            return Refused(reason="Nobody may do that.", policy="nobody may")
        if random.random() >= self._recipe.approvals:
            return _ALLOWED
        return NeedsApproval(
            subject=f"{call.name} {call.arguments.get('n')}",
            facts=(Fact(label="What", value=call.name),),
            args_hash=f"h-{call.key[:6]}",
            policy="somebody must agree",
            stages=tuple(self._stage(random) for _ in range(random.choice((1, 1, 2)))),
        )

    def _stage(self, random: Random) -> Stage:
        who = random.sample(DECIDERS, random.choice((1, 2, 2, 3)))
        stage = Stage(
            label="deciders",
            approvers=tuple(Approver(person_id=p, name=p.title()) for p in who),
            need=random.choice((1, 1, len(who))),
            within=random.choice((8.0, 30.0, 90.0)),
            then=random.choice(("expire", "escalate")),
        )
        if not self._recipe.reminds or random.random() >= self._recipe.reminds:
            return stage
        return stage.model_copy(update={"remind": random.choice((2.0, 7.0))})

    def _calls(self, random: Random, question: Question) -> list[str]:
        endless = self._random("endless", question.turn_id).random() < 0.01
        if endless and question.agent == ROOT:
            return ["look"]
        if self._random("brief", question.turn_id).random() < self._recipe.brief:
            return []
        ask = question.ask
        most = {1: 3, 2: 2, 3: 1}.get(ask, 0)
        count = min(most, random.choice((0, 1, 1, 2, 3)))
        choices = [*_DEEDS, *_BELOW[question.agent]]
        if question.open_requests and question.agent == ROOT:
            choices += ["undo", "amend"] * 3
        names = random.choices(choices, k=count)
        if random.random() < self._recipe.model_trouble / 3:
            names.append("no_such_tool")
        return names

    def _call_id(self, random: Random, question: Question, number: int) -> CallId:
        again = random.random() < self._recipe.model_trouble / 5
        ask = max(1, question.ask - 1) if again else question.ask
        return CallId(f"{question.frame_id}-{ask}-{number}")

    def _say(self, random: Random, parts: list[Part]) -> str:
        said = ""
        pieces = random.choice((1, 1, 1, 3))
        if self._recipe.streams:
            pieces *= LONGER
        for _ in range(pieces):
            piece = _text(random, random.choice((1, 3)))
            if random.random() < self._recipe.model_trouble / 10:
                piece += random.choice(_STRANGE)
            parts.append(TextDelta(piece))
            said += piece
        return said

    def _random(self, *about: object) -> Random:
        return Random(f"{self._recipe.seed} {about}")


def _text(random: Random, count: int) -> str:
    return " ".join(random.choices(_WORDS, k=count)) + " "


def _arguments(random: Random, name: str, question: Question) -> dict[str, JsonValue]:
    number = random.randrange(100)
    if name in REQUEST_TOOLS and question.open_requests:
        request = random.choice(question.open_requests)
        return {"request": request.approval_id, "n": number}
    if name in TOOLS and TOOLS[name].handoff_to:
        return {"task": f"see to {number}"}
    return {"n": number}
