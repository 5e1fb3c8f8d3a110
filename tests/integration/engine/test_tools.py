"""Tools that fail, hang, or were started by somebody who is gone."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.ports.agent import Call, Refused, ToolResult
from bot.protocol.ids import effect_key_for
from bot.protocol.values import Effect, Outcome
from bot.view import wording
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.scripted_agents import Tool, Use, did


def knows(outcome: Outcome) -> ToolResult:
    return ToolResult(outcome=outcome, title=f"It is {outcome}", content=None)


class Hanging:
    """A tool that never comes back."""

    def __init__(self) -> None:
        self.begun = Gate()

    async def __call__(self, _call: Call) -> ToolResult:
        await self.begun.arrive()
        return did("Came back")


async def raising(_call: Call) -> ToolResult:
    raise OSError("the line to 10.0.0.7 is dead, password=hunter2")


async def killed_while_running(house: House, tool: Tool) -> None:
    """Let one process die in the middle of a tool, and another go on."""
    hanging = Hanging()
    usual, tool.run = tool.run, hanging
    house.agents.tools["grant"] = tool
    house.agents.say(Use("grant"))
    first = house.process("w1")
    await house.say("maya", "please")
    await hanging.begun.reached.wait()
    await first.kill()
    tool.run = usual
    await house.expire_leases()
    house.process("w2")
    await house.idle()


@pytest.mark.parametrize("outcome", ["done", "failed"])
async def test_a_once_tool_with_an_intent_and_no_result_is_looked_up(
    house: House, outcome: Outcome
) -> None:
    async def probe(_call: Call) -> ToolResult:
        return knows(outcome)

    await killed_while_running(house, Tool(effect="once", probe=probe))
    assert len(house.agents.ran) == 1
    assert len(house.agents.probed) == 1
    assert house.agents.probed[0].key == house.agents.ran[0].key
    [call] = (await house.state()).calls
    assert (call.outcome, call.title) == (outcome, f"It is {outcome}")


async def test_what_nobody_can_look_up_is_told_as_unknown(house: House) -> None:
    await killed_while_running(house, Tool(effect="once"))
    assert len(house.agents.ran) == 1
    [call] = (await house.state()).calls
    assert call.outcome == "unknown"
    [message] = house.halls["slack"].messages.values()
    assert wording.UNSURE in message.words
    assert call.title in message.words


@pytest.mark.parametrize("effect", ["idempotent", "read"])
async def test_what_may_run_again_runs_again_under_the_same_key(
    house: House, effect: Effect
) -> None:
    await killed_while_running(house, Tool(effect=effect))
    assert len(house.agents.ran) == 2
    assert house.agents.probed == []
    key = effect_key_for(await house.turn(), house.agents.ran[0].call_id)
    assert {call.key for call in house.agents.ran} == {key}
    [call] = (await house.state()).calls
    assert (call.outcome, call.attempt) == ("done", 2)


async def test_a_reading_tool_that_throws_has_failed(house: House) -> None:
    house.agents.tools["look"] = Tool(effect="read", run=raising)
    house.agents.say(Use("look"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    [call] = (await house.state()).calls
    assert call.outcome == "failed"
    assert house.agents.asked[-1].messages[-1].answers[0].is_error
    assert (await house.types())[-1] == "turn.completed"


@pytest.mark.parametrize("effect", ["read", "once"])
async def test_what_a_tool_threw_is_in_the_log_alone_and_people_get_a_reference(
    house: House, effect: Effect
) -> None:
    house.agents.tools["use"] = Tool(effect=effect, run=raising)
    house.agents.say(Use("use"))
    with capture_logs() as logs:
        house.process()
        await house.say("maya", "please")
        await house.idle()
    [line] = [entry for entry in logs if entry["event"] == "tool.failed"]
    assert "10.0.0.7" in line["error"] and line["exc_info"]
    [call] = (await house.state()).calls
    assert line["fault"].startswith("E-") and line["fault"] in call.title
    assert line["fault"] in str(call.result)
    shown = "".join(m.words for m in house.halls["slack"].messages.values())
    assert line["fault"] in shown
    for told in (str(call), shown):
        assert "10.0.0.7" not in told and "OSError" not in told


async def test_an_effect_that_throws_is_unknown_until_looked_up(house: House) -> None:
    async def probe(_call: Call) -> ToolResult:
        return knows("failed")

    house.agents.tools["grant"] = Tool(run=raising)
    house.agents.tools["order"] = Tool(run=raising, probe=probe)
    house.agents.say(Use("grant", "c1"), Use("order", "c2"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    outcomes = {c.name: c.outcome for c in (await house.state()).calls}
    assert outcomes == {"grant": "unknown", "order": "failed"}
    assert len(house.agents.ran) == 2


async def test_a_probe_that_throws_knows_nothing(house: House) -> None:
    async def probe(_call: Call) -> ToolResult:
        raise OSError("this line too")

    house.agents.tools["grant"] = Tool(run=raising, probe=probe)
    house.agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    [call] = (await house.state()).calls
    assert call.outcome == "unknown"


async def test_a_tool_that_takes_too_long_is_given_up(house: House) -> None:
    hanging = Hanging()
    house.agents.tools["grant"] = Tool(run=hanging, timeout=0.05)
    house.agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    [call] = (await house.state()).calls
    assert call.outcome == "unknown"


async def test_what_policy_refuses_does_not_run(house: House) -> None:
    def refuse(_call: Call) -> Refused:
        return Refused(reason="Only on Mondays.", policy="mondays")

    house.agents.tools["grant"] = Tool(rule=refuse)
    house.agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    assert house.agents.ran == []
    [call] = (await house.state()).calls
    assert (call.status, call.reason, call.policy) == (
        *("denied", "Only on Mondays."),
        "mondays",
    )
    [message] = house.halls["slack"].messages.values()
    assert "Only on Mondays." in message.words


async def test_a_policy_that_cannot_be_checked_says_no(house: House) -> None:
    def broken(_call: Call) -> Refused:
        raise OSError("no policy today")

    house.agents.tools["grant"] = Tool(rule=broken)
    house.agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    assert house.agents.ran == []
    [call] = (await house.state()).calls
    assert (call.status, call.reason) == ("denied", wording.POLICY_UNCHECKED)


async def test_several_tools_of_one_reply_run_at_once(house: House) -> None:
    both = asyncio.Barrier(2)

    async def meet(_call: Call) -> ToolResult:
        await both.wait()
        return did()

    house.agents.tools["look"] = Tool(effect="read", run=meet)
    house.agents.say(Use("look", "c1"), Use("look", "c2"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    assert [c.outcome for c in (await house.state()).calls] == ["done", "done"]


async def test_an_effect_that_throws_although_it_happened_is_told_as_done(
    house: House,
) -> None:
    async def probe(_call: Call) -> ToolResult:
        return did("Granted after all")

    house.agents.tools["grant"] = Tool(run=raising, probe=probe)
    house.agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    [message] = house.halls["slack"].messages.values()
    assert "Granted after all" in message.words
