"""Simulated agents behind the engine's port: models and tools that go wrong.

Models stall past their time, break off and forget to end; tools raise, hang, lose the
answer, and do what they were asked long after everybody has given up on them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Literal

from pydantic import JsonValue
from typing_extensions import override

from bot.clock import Clock
from bot.errors import EffectVoidedError, ModelError, StoreUnavailableError
from bot.ports.agent import (
    Agents,
    Call,
    Part,
    Question,
    Ruling,
    ToolResult,
    ToolSpec,
)
from bot.protocol.ids import PersonId
from bot.protocol.values import Approver, CardData, Stage
from tests.simulation.agents_mind import REQUEST_TOOLS, ROOT, TOOLS, Mind
from tests.simulation.loop import SimLoop
from tests.simulation.network import Wire
from tests.simulation.recipe import Recipe, ToolTrouble
from tests.simulation.records import SimRecords
from tests.simulation.works import Deed, Works

_BREAKS = ("long", "error", "lasting", "stop", "bug")
"""How a model breaks off; it stalls less often, because that takes minutes."""


class ToolTroubleError(Exception):
    """What a tool raises on purpose."""


class SimAgents(Agents):
    """One process's agents.

    Args:
        loop: The simulation.
        recipe: How often things go wrong.
        works: What tools change.
        records: Requests for a decision, for the tools that change those.
        clock: The process's.
    """

    root: str = ROOT

    def __init__(
        self,
        loop: SimLoop,
        recipe: Recipe,
        *,
        works: Works,
        records: SimRecords,
        clock: Clock,
    ) -> None:
        self._loop = loop
        self._recipe = recipe
        self._mind = Mind(recipe)
        self._works = works
        self._records = records
        self._clock = clock
        self._wire = Wire(loop, 0.01, 0.2)

    @override
    def model_name(self, agent: str) -> str:
        return "sim"

    @override
    def footer(self) -> str:
        return "Nobody speaks."

    @override
    def spec(self, name: str) -> ToolSpec | None:
        return TOOLS.get(name)

    @override
    def title(self, name: str, arguments: dict[str, JsonValue]) -> str:
        return f"{name} {arguments.get('n', '')}"

    # ------------------------------------------------------------------------- models

    @override
    async def ask(self, question: Question) -> AsyncIterator[Part]:
        loop = self._loop
        parts = self._mind.reply(question).parts
        pace = loop.random.choice((0.02, 0.2, 1.0))
        breaks_at = -1
        if self._trouble(self._recipe.model_trouble):
            self._loop.happened["model: reply broken"] += 1
            breaks_at = loop.random.randrange(len(parts))
        for number, part in enumerate(parts):
            await self._clock.sleep(loop.latency(0.0, pace))
            if number == breaks_at and await self._break_off():
                return
            yield part

    async def _break_off(self) -> bool:
        """Stall, raise, or just stop; whether it stopped."""
        match self._loop.random.choice(("stall", *_BREAKS * 3)):
            case "stall":
                await self._clock.sleep(1000.0)
            case "long":
                await self._clock.sleep(self._loop.random.uniform(5.0, 60.0))
                return False
            case "error":
                raise ModelError("overloaded", transient=True)
            case "lasting":
                raise ModelError("refused", transient=False)
            case "bug":
                raise ToolTroubleError("the model's adapter is wrong")
            case _:
                pass
        return True

    # -------------------------------------------------------------------------- tools

    @override
    async def rule(self, call: Call) -> Ruling:
        await self._clock.sleep(self._loop.latency(0.0, 0.05))
        if self._trouble(self._recipe.tool_trouble / 10):
            raise ToolTroubleError("policy is away")
        return self._mind.rule(call)

    @override
    async def escalate(
        self, stage: Stage, requester_id: PersonId, *, now: datetime
    ) -> Stage | None:
        del now
        if stage.then != "escalate":
            return None
        up = Approver(person_id=PersonId("fay"), name="Fay")
        if up.person_id == requester_id:
            return None
        return stage.model_copy(
            update={"approvers": (up,), "need": 1, "then": "expire", "within": 20.0}
        )

    @override
    async def run(self, call: Call) -> ToolResult:
        # What a process does before it sends the request. Standing still here makes it
        # a zombie that means to act.
        await self._clock.sleep(self._loop.latency(0.0, 0.2))
        if call.name in REQUEST_TOOLS:
            return await self._change_request(call)
        fate: ToolTrouble | Literal["works"] = "works"
        if self._trouble(self._recipe.tool_trouble):
            fate = self._loop.random.choice(self._recipe.tool_troubles)
            self._loop.happened[f"tool: {fate}"] += 1
        if fate == "raises":
            raise ToolTroubleError("nothing was sent")
        if fate == "late" and call.name != "look":
            self._loop.world.spawn(self._late(call))
            raise ToolTroubleError("the connection broke")
        return await self._wire.call(lambda: self._serve(call, fate))

    async def _late(self, call: Call) -> None:
        await self._loop.delay(0.1, 20.0)
        with suppress(EffectVoidedError):
            self._works.perform(_deed(call))

    async def _serve(
        self, call: Call, fate: ToolTrouble | Literal["works"]
    ) -> ToolResult:
        """Do it, on the far side."""
        if fate in ("lost", "hangs"):
            await self._loop.delay(0.1, 1000.0 if fate == "hangs" else 1.0)
            raise ToolTroubleError("it never arrived")
        if fate == "refuses":
            return ToolResult(outcome="failed", title="No", content={"error": "no"})
        if call.name == "look":
            return ToolResult(outcome="done", title="Looked", content={"n": 1})
        reference = self._works.perform(_deed(call))
        if fate == "hangs after":
            await asyncio.sleep(1000.0)
        if fate == "answer lost":
            raise ToolTroubleError("the answer was lost")
        return _done(reference)

    async def _change_request(self, call: Call) -> ToolResult:
        change = f"change {call.arguments.get('n')}" if call.name == "amend" else ""
        became = await self._records.take_back(
            call.tenant_id,
            str(call.arguments.get("request", "")),
            by=call.requester.person_id,
            change=change,
        )
        outcome = "done" if became in ("withdrawn", "changed") else "failed"
        return ToolResult(outcome=outcome, title=became, content=became)

    @override
    async def probe(self, call: Call) -> ToolResult | None:
        if call.name in REQUEST_TOOLS:
            return await self._change_request(call)
        if self._trouble(self._recipe.tool_trouble / 4):
            raise StoreUnavailableError("the records are away")
        spec = TOOLS.get(call.name)
        if spec is None or call.name in ("mail", "look"):
            return None
        return await self._wire.call(lambda: self._settle(call))

    async def _settle(self, call: Call) -> ToolResult:
        if self._works.settle(call.key):
            return _done(self._works.reference(call.key))
        return ToolResult(outcome="failed", title="Did not", content={"error": "not"})

    @override
    async def report(self, call: Call, title: str) -> ToolResult | None:
        if self._trouble(self._recipe.tool_trouble / 4):
            raise StoreUnavailableError("the records are away")

        async def open_ticket() -> str:
            return self._works.open_ticket(f"{call.key}:report")

        reference = await self._wire.call(open_ticket)
        return replace(_done(reference), title=f"Look into {title}")

    def _trouble(self, chance: float) -> bool:
        return self._loop.chance(chance)


def _deed(call: Call) -> Deed:
    return Deed(
        key=call.key,
        tool=call.name,
        effect=TOOLS[call.name].effect,
        turn_id=call.turn_id,
        call_id=call.call_id,
    )


def _done(reference: str) -> ToolResult:
    return ToolResult(
        outcome="done",
        title=f"Did {reference}",
        content={"reference": reference},
        cards=(CardData(title=reference),),
        reference=reference,
    )
