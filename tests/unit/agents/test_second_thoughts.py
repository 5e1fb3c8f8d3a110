"""What one specialist does with a word that was for all of them, or for another one."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import JsonValue

from bot.ports.agent import Message, Question, Replied, ToolAnswer
from bot.protocol.ids import CallId, FrameId, PersonId, TurnId
from bot.protocol.values import CallBlock, Requester, TextBlock
from bot.view import wording
from tests.support.agent_turns import TENANT
from tests.support.companies import HOSPITAL, SAMPLE, desk_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who and what plays the parts in one company."""

    file: Path
    device: str
    device_name: str
    other: str
    other_name: str
    seat_name: str
    """Another specialist's thing."""
    lower: str
    """Its smaller grant."""


ACME = Cast(
    file=SAMPLE,
    device="hw/monitor-27",
    device_name="27-inch monitor",
    other="hw/laptop-14",
    other_name="laptop",
    seat_name="Figma",
    lower="viewer",
)
ELMWOOD = Cast(
    file=HOSPITAL,
    device="thing/trolley-tablet",
    device_name="trolley tablet",
    other="thing/pager",
    other_name="pager",
    seat_name="Dictaphone",
    lower="listener",
)


@pytest.fixture(params=[ACME, ELMWOOD], ids=["sample", "hospital"])
def cast(request: pytest.FixtureRequest) -> Cast:
    return request.param


def call(number: int, name: str, arguments: dict[str, JsonValue]) -> CallBlock:
    return CallBlock(call_id=CallId(f"c{number}"), name=name, arguments=arguments)


def asked(*calls: CallBlock) -> Message:
    return Message(role="assistant", blocks=calls)


def told(*answers: tuple[CallBlock, JsonValue], steer: str = "") -> Message:
    return Message(
        role="user",
        blocks=(TextBlock(text=steer),) if steer else (),
        answers=tuple(
            ToolAnswer(call_id=block.call_id, content=content)
            for block, content in answers
        ),
    )


def denied(reason: str) -> JsonValue:
    return {"denied": reason, "by": "requester"}


async def after(
    cast: Cast, answer: JsonValue, steer: str = ""
) -> tuple[list[str], str]:
    """Return what the specialist asks for, and says, once its order is answered so."""
    desk = desk_of(cast.file, "somebody")
    look = call(1, "look_up_catalog", {"query": cast.device})
    order = call(2, "order_hardware", {"resource": cast.device, "reason": ""})
    question = Question(
        tenant_id=TENANT,
        turn_id=TurnId("t"),
        frame_id=FrameId("f2"),
        ask=3,
        agent="hardware",
        requester=Requester(person_id=PersonId("somebody"), name="Somebody"),
        open_requests=(),
        messages=(
            Message(role="user", blocks=(TextBlock(text=cast.device_name),)),
            asked(look),
            told((look, {"resources": []})),
            asked(order),
            told((order, answer), steer=steer),
        ),
    )
    parts = [part async for part in desk.agents.ask(question)]
    replied = parts[-1]
    assert isinstance(replied, Replied)
    wanted = [
        str(block.arguments.get("resource") or block.arguments["query"])
        for block in replied.blocks
        if isinstance(block, CallBlock)
    ]
    return wanted, "".join(b.text for b in replied.blocks if isinstance(b, TextBlock))


async def test_a_withdrawn_request_stays_so_when_another_one_is_changed(
    cast: Cast,
) -> None:
    for steer in (
        f"make the {cast.seat_name} one {cast.lower} instead",
        f"change my {cast.seat_name} request to {cast.lower}",
        f"make it {cast.lower} instead",
        "thanks",
        "please hurry, it burns",
        "",
    ):
        wanted, text = await after(cast, denied(wording.WITHDRAWN_REASON), steer)
        assert wanted == []
        assert wording.WITHDRAWN_REASON in text


async def test_a_word_about_something_else_makes_the_same_call_again(
    cast: Cast,
) -> None:
    for steer in (
        f"make the {cast.seat_name} one {cast.lower} instead",
        f"change the {cast.seat_name} request to {cast.lower}",
        f"cancel the {cast.seat_name} one",
        f"also {cast.lower} on {cast.seat_name}",
        "thanks",
        "How do I reset my password?",
    ):
        wanted, _ = await after(cast, denied(wording.RECONSIDERED), steer)
        assert wanted == [cast.device], steer


async def test_what_replaces_another_specialists_thing_comes_on_top_here(
    cast: Cast,
) -> None:
    for steer in (
        f"change the {cast.seat_name} one to a {cast.other_name}",
        f"a {cast.other_name} instead of {cast.seat_name}",
    ):
        wanted, _ = await after(cast, denied(wording.RECONSIDERED), steer)
        assert wanted == [cast.other]  # is looked up before both are asked for


async def test_what_replaces_this_specialists_thing_is_left_to_whose_it_is(
    cast: Cast,
) -> None:
    for steer in (
        f"no, {cast.seat_name} {cast.lower} instead",
        f"change my request for a {cast.device_name} to {cast.seat_name}",
        "cancel it",
        f"I don't need the {cast.device_name} any more",
    ):
        wanted, text = await after(cast, denied(wording.RECONSIDERED), steer)
        assert wanted == [], steer
        assert wording.RECONSIDERED in text


async def test_an_outcome_that_nobody_knows_is_told_with_its_ticket(
    cast: Cast,
) -> None:
    for ticket, words in (("IT-7", "ticket IT-7"), ("", "ask your IT team")):
        answer: JsonValue = {"error": wording.EFFECT_UNKNOWN, "ticket": ticket}
        wanted, text = await after(cast, answer)
        assert wanted == []
        assert "could not find out whether this happened" in text
        assert words in text


async def test_the_coordinator_gives_back_what_was_dropped_for_another_wish(
    cast: Cast,
) -> None:
    """One specialist cannot know whether "no, …" was meant for it."""
    asker = {SAMPLE: "maya.chen", HOSPITAL: "p-100"}[cast.file]
    desk = desk_of(cast.file, asker)
    desk.thoughts = {"assign_seat": f"no, a {cast.other_name}"}
    told_ = await desk.say(f"I need {cast.seat_name} and a {cast.device_name}")
    kinds = [(r.kind, r.resource_id) for _, r in desk.records.rows]
    assert [r for k, r in kinds if k == "order"] == [cast.other]
    assert [k for k, _ in kinds].count("grant") == 1
    assert "waitlist" not in [k for k, _ in kinds]
    assert told_.names.count("ask_software") == 2
    assert wording.RECONSIDERED not in told_.text
    assert len(told_.text.splitlines()) == 2
