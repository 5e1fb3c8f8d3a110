"""A store that loses answers or notifications loses nothing else."""

from collections import Counter
from datetime import datetime

import pytest
from typing_extensions import override

from bot.errors import StoreUnavailableError
from bot.ports.agent import Call, Ruling, ToolResult
from bot.ports.store import Point, Store
from bot.protocol.ids import PersonId
from bot.protocol.values import Approver, Stage
from bot.turn.state import Phase
from tests.support.engine import House
from tests.support.fake_platform import FakePlatform
from tests.support.faulty_store import FaultyStore
from tests.support.scripted_agents import ScriptedAgents, Tool, Use, did, needs
from tests.support.workshop import PRIYA

MANAGER = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="Priya"),), within=3600
)
POINTS: tuple[Point, ...] = (
    "log.append",
    "log.append_with",
    "turn.begin",
    "conversation.open",
    "conversation.mail",
    "conversation.delivered",
    "conversation.release",
    "surface.intent",
    "surface.receipt",
    "worker.claim",
)


@pytest.mark.parametrize("point", POINTS)
async def test_a_commit_whose_answer_is_lost_is_neither_lost_nor_made_twice(
    house: House, point: Point
) -> None:
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say("Let me see", Use("grant"))
    house.agents.say("Granted.")

    def losing(store: Store) -> Store:
        faulty = FaultyStore(store)
        faulty.lose_answers.append(point)
        return faulty

    process = house.process(on=losing)
    await house.say("maya", "please")
    if point == "worker.claim":
        # Nobody knows of this claim: it runs out.
        await house.until("SELECT lease_until IS NOT NULL FROM conversation")
        await house.expire_leases()
    await house.happened("turn.parked")
    await house.press("priya", await house.approval())
    await house.happened("turn.completed")
    await house.idle()
    assert (await house.state()).phase is Phase.COMPLETED
    assert len(house.agents.ran) == 1
    assert len(await house.turns()) == 1
    messages = house.halls["slack"].messages.values()
    assert len({m.receipt.message_id for m in messages}) == len(messages)
    assert process.metrics.registry.get_sample_value("deskhand_leases_lost_total") == 0


async def test_a_post_that_was_not_even_meant_for_certain_is_not_looked_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has posted it: whoever sees it need not wait for the platform's history."""
    looked: list[str] = []

    async def find_post(_self: FakePlatform, *marks: object, **_more: object) -> None:
        looked.append(str(marks))

    def losing(store: Store) -> Store:
        faulty = FaultyStore(store)
        faulty.lose_answers.append("surface.intent")
        return faulty

    monkeypatch.setattr(FakePlatform, "find_post", find_post)
    house.process(on=losing)
    await house.say("maya", "please")
    await house.idle()
    assert not looked


async def test_without_any_notification_everything_happens_a_little_later(
    house: House,
) -> None:
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say(Use("grant"))
    house.agents.say("Granted.")

    def deaf(store: Store) -> Store:
        faulty = FaultyStore(store)
        faulty.deaf = True
        return faulty

    house.process("w1", on=deaf)
    house.process("w2", on=deaf)
    await house.say("maya", "please")
    await house.happened("turn.parked")
    await house.press("priya", await house.approval())
    await house.happened("turn.completed")
    await house.idle()
    assert (await house.state()).phase is Phase.COMPLETED


class InterruptedAgents(ScriptedAgents):
    """Agents whose records are away the first two times that they are asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for: Counter[str] = Counter()

    def _need(self, what: str) -> None:
        self.asked_for[what] += 1
        if self.asked_for[what] <= 2:
            raise StoreUnavailableError("it is being restarted")

    @override
    async def rule(self, call: Call) -> Ruling:
        self._need("rule")
        return await super().rule(call)

    @override
    async def escalate(
        self, stage: Stage, requester_id: PersonId, *, now: datetime
    ) -> Stage | None:
        self._need("escalate")
        return await super().escalate(stage, requester_id, now=now)

    @override
    async def run(self, call: Call) -> ToolResult:
        self._need("run")
        return await super().run(call)

    @override
    async def probe(self, call: Call) -> ToolResult | None:
        self._need("probe")
        return await super().probe(call)

    @override
    async def report(self, call: Call, title: str) -> ToolResult | None:
        self._need("report")
        return await super().report(call, title)


def interrupted(house: House) -> InterruptedAgents:
    agents = InterruptedAgents()
    house.agents = agents
    return agents


async def test_policy_is_asked_again_when_its_records_are_back(house: House) -> None:
    agents = interrupted(house)
    agents.tools["look"] = Tool(effect="read")
    agents.say(Use("look"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    [call] = (await house.state()).calls
    assert (call.status, call.outcome) == ("finished", "done")
    assert agents.asked_for == {"rule": 3, "run": 3}


async def test_what_happened_is_looked_up_when_the_records_are_back(
    house: House,
) -> None:
    async def probe(_call: Call) -> ToolResult:
        return did("Granted after all")

    agents = interrupted(house)
    agents.tools["grant"] = Tool(probe=probe)
    agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    [call] = (await house.state()).calls
    assert (call.outcome, call.title) == ("done", "Granted after all")
    assert agents.asked_for == {"rule": 3, "run": 1, "probe": 3}


async def test_what_nobody_can_tell_has_its_ticket_when_the_records_are_back(
    house: House,
) -> None:
    agents = interrupted(house)
    agents.tools["grant"] = Tool()
    agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    [call] = (await house.state()).calls
    assert (call.outcome, call.reference) == ("unknown", "T-1")
    assert agents.asked_for["report"] == 3


async def test_who_comes_next_is_looked_up_when_the_records_are_back(
    house: House,
) -> None:
    agents = interrupted(house)
    soon = MANAGER.model_copy(update={"within": 0.2})
    agents.tools["grant"] = Tool(rule=needs(soon))
    agents.escalates_to = MANAGER
    agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await house.happened("approval.escalated")
    await house.idle()
    assert agents.asked_for["escalate"] == 3


class ForgetfulAgents(ScriptedAgents):
    """Agents whose first ticket is opened, and not heard of."""

    @override
    async def report(self, call: Call, title: str) -> ToolResult | None:
        ticket = await super().report(call, title)
        if len(self.reported) == 1:
            raise ConnectionResetError
        return ticket


async def test_a_ticket_that_nobody_heard_of_is_asked_for_again(house: House) -> None:
    agents = house.agents = ForgetfulAgents()
    agents.tools["grant"] = Tool(effect="once", run=breaking)
    agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    [call] = (await house.state()).calls
    assert (call.outcome, call.reference) == ("unknown", "T-2")


async def breaking(_call: Call) -> ToolResult:
    raise ConnectionResetError
