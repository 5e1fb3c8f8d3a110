"""Slack refuses the same thing again and again, or refuses a card that asks."""

from contextlib import suppress

import pytest

from adapters.simulator.slack.faults import Fault, Refusal, ServerError
from adapters.slack import limits
from bot.engine import conversation
from bot.engine.refusals import LOCKED_OUT, PATIENCE
from bot.protocol.values import Approver, Stage
from tests.support.fake_platform import Gate
from tests.support.play import said_in
from tests.support.scripted_agents import Tool, Use, needs
from tests.support.slack_house import EDIT, POST, SlackHouse
from tests.support.wire_house import Spot
from tests.support.wire_turns import FILL, FIRST, SECOND, Told, is_whole, turn_in
from tests.support.workshop import PRIYA

MANAGER = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="Priya"),), within=3600
)

WRITTEN = """
SELECT coalesce(sum((length(said) - length(replace(said, 'word', ''))) / 4), 0) >= {words}
FROM (SELECT body ->> 'text' AS said FROM turn_event WHERE type = 'item.appended') AS t
"""
"""Whether so many of the words of `FILL` are in the log."""


async def refused(
    house: SlackHouse, times: int, *methods: str, within: float = 200
) -> None:
    """Return when so many of these calls have gone wrong, and the bot knows it."""
    told = methods or (POST, EDIT)
    await house.journal.until(
        lambda: sum(not call["ok"] for call in house.calls(*told)) >= times,
        within=within,
        awaited=f"{times} of {told} that are refused",
    )
    await house.tried()


async def ends(told: Told) -> None:
    told.more.open()
    await told.rest.reached.wait()
    told.rest.open()


# ------------------------------------------------------------------------ a whole turn


@pytest.mark.parametrize("spot", ["first", "progress", "last"])
async def test_a_token_that_is_taken_again_shows_all(
    workspace: SlackHouse, spot: Spot
) -> None:
    house = workspace
    async with turn_in(house) as told:
        await told.until(spot, streams=False)
        house.world.mishaps.revoke_token()
        await told.go_on(spot)
        await refused(house, 1)
        house.passes(LOCKED_OUT + 1)
        await refused(house, 2)
        house.world.mishaps.restore_token()
        house.passes(LOCKED_OUT + 1)
        await ends(told)
        await house.idle(within=200)
    assert told.whole()
    # A lease may be lost on a busy machine while the clock jumps: that is another matter.
    assert set(told.fates) - {"leave"} == {"retry"}
    assert "token_revoked" in told.reasons
    assert len(house.shown("maya")) == 1
    assert (told.abandoned, await house.errors()) == ([], {})


async def test_a_closed_channel_is_tried_once_more_and_not_with_every_step(
    workspace: SlackHouse,
) -> None:
    house = workspace
    gates = [Gate() for _ in range(4)]
    async with turn_in(house) as told:
        await told.until("first", streams=False)
        parts = [part for gate in gates for part in (FILL, gate)]
        house.agents.answer = lambda _: (FIRST, *parts, SECOND)
        await told.go_on("first")
        await house.reads("maya", "The first")
        house.world.mishaps.archive(house.place("maya"))
        for number, gate in enumerate(gates, 1):
            await gate.reached.wait()
            words = (1 + number) * FILL.count("word")
            await house.until(WRITTEN.format(words=words), within=200)
            house.passes(2)  # time enough for a refresh
            await house.tried()
            gate.open()
        await house.idle(within=200)
    assert [call["method"] for call in house.failures("maya")] == [EDIT, EDIT]
    assert set(told.fates) == {"pass over", "move"}
    [direct] = house.at(house.direct("maya"))
    assert is_whole([str(direct["blocks"])])


async def test_what_is_refused_in_every_shape_is_given_up_and_says_why(
    workspace: SlackHouse,
) -> None:
    house = workspace
    async with turn_in(house) as told:
        await told.until("last", streams=False)
        for method in (POST, EDIT):
            house.world.fail_next(method, Refusal("invalid_blocks"), times=20)
        await told.go_on("last")
        await house.idle(within=200)
    assert told.fates == ["retry", "retry", "retry", "give up"]
    assert "invalid_blocks" in (await house.errors())["progress"]
    [words] = house.words("maya")
    assert "The second" in words, "what was there stays"


async def test_a_message_without_a_mark_whose_answer_is_lost_is_found_all_the_same(
    workspace: SlackHouse,
) -> None:
    house = workspace
    async with turn_in(house) as told:
        await told.until("first", streams=False)
        lost = ServerError(applied=True)
        house.meets("maya", "first", Refusal("metadata_too_large"), lost)
        await told.go_on("first")
        await refused(house, 2, POST)
        await ends(told)
        await house.idle(within=200)
    assert told.whole()
    assert len(house.shown("maya")) == 1


# ---------------------------------------------------------------------- cards that ask


async def asks(house: SlackHouse, *faults: Fault) -> None:
    """Let Maya ask for what Priya must approve; her card meets this."""
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say("I ask for it. ", Use("grant"))
    house.agents.say("Granted.")
    house.works(streams=False)
    for fault in faults:
        house.world.fail_next(POST, fault, channel=house.direct("priya"))
    await house.writes("maya")


async def approves(house: SlackHouse) -> None:
    [card] = house.shown("priya")
    await house.world.click("U0PRIYA", card["channel"], card["ts"], "approval.approve")
    await house.happened("approval.decided", within=200)
    await house.idle(within=200)


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (Refusal("internal_error"), 0.0),
        (ServerError(applied=True), 0.0),
        (Refusal("ratelimited"), limits.RETRY_AFTER + 1),
        (Refusal("metadata_too_large"), 0.0),
    ],
    ids=lambda value: getattr(value, "error", type(value).__name__),
)
async def test_a_card_comes_once_and_can_be_decided(
    workspace: SlackHouse, fault: Fault, pause: float
) -> None:
    house = workspace
    await asks(house, fault)
    await refused(house, 1, POST)
    house.passes(pause)
    await house.reads("priya", "grant for Maya Chen")
    await house.idle(within=200)
    [_] = house.shown("priya")
    await approves(house)
    await house.journal.until(
        lambda: "approval.approve" not in str(house.shown("priya")),
        within=200,
        awaited="a card that is locked",
    )
    [_] = house.shown("priya")
    assert [call.name for call in house.agents.ran] == ["grant"]
    assert "Granted." in house.words("maya")[-1]
    assert await house.errors() == {}


@pytest.mark.parametrize("code", ["is_archived", "missing_scope"])
async def test_a_card_that_cannot_be_shown_is_given_up_and_says_why(
    workspace: SlackHouse, code: str
) -> None:
    house = workspace
    house.busy_at_the_end = True  # it waits for a decision
    await asks(house, Refusal(code))
    await house.until("SELECT count(*) = 1 FROM surface WHERE error != ''")
    assert code in (await house.errors())["approval"]
    assert house.shown("priya") == []


async def test_a_card_is_never_shown_without_its_buttons_and_who_asked_is_told(
    workspace: SlackHouse,
) -> None:
    house = workspace
    await asks(house, Refusal("invalid_blocks"))
    told = await house.reads("maya", "could not show this request to Priya")
    await house.idle(within=200)
    assert "tell your IT team" in said_in(told)
    assert house.shown("priya") == [], "nobody is asked what they cannot answer"
    assert "invalid_blocks" in (await house.errors())["approval"]
    assert house.agents.ran == []
    assert await house.phases() == ["parked"]


async def test_a_card_tries_while_the_quota_is_spent_and_comes_once_there_is_more(
    workspace: SlackHouse,
) -> None:
    house = workspace
    began = house.clock.monotonic()
    await asks(house, *[Refusal("message_limit_exceeded")] * 2)
    await refused(house, 2, POST)
    await house.reads("priya", "grant for Maya Chen")
    assert house.clock.monotonic() - began < limits.QUOTA_PAUSE, "it waits for nobody"
    await house.idle(within=200)
    await approves(house)
    assert [call.name for call in house.agents.ran] == ["grant"]
    assert await house.errors() == {}


async def test_a_card_that_somebody_deleted_comes_again_once_it_is_decided(
    workspace: SlackHouse,
) -> None:
    house = workspace
    await asks(house)
    card = await house.reads("priya", "grant for Maya Chen")
    await house.idle(within=200)
    house.world.fail_next(EDIT, Refusal("message_not_found"), channel=card["channel"])
    await approves(house)
    old, new = house.shown("priya")
    assert old["ts"] == card["ts"]
    assert "approval.approve" not in str(new), "the second one is locked"
    assert await house.errors() == {}


# ------------------------------------------------------------------------ for good


async def test_a_message_that_never_takes_an_edit_is_followed_by_two_and_no_more(
    workspace: SlackHouse,
) -> None:
    house = workspace
    async with turn_in(house) as told:
        await told.until("progress", streams=False)
        locked = Refusal("edit_window_closed")
        house.world.fail_next(EDIT, locked, times=100, channel=house.place("maya"))
        await told.go_on("progress")
        await refused(house, 1, EDIT)
        await ends(told)
        await house.idle(within=200)
    assert told.whole()
    assert 2 <= len(house.shown("maya")) <= 3
    assert set(told.fates) <= {"retry", "pass over"}
    assert len([c for c in house.calls(EDIT) if not c["ok"]]) <= 2
    assert await house.phases() == ["completed"]
    assert (told.abandoned, await house.errors()) == ([], {})


async def test_a_token_that_is_gone_for_good_ends_the_turn_and_the_tries(
    workspace: SlackHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = workspace
    monkeypatch.setattr(conversation, "PATIENCE", 2 * PATIENCE)  # it is not let go
    async with turn_in(house) as told:
        await told.until("progress", streams=False)
        house.world.mishaps.revoke_token()
        await told.go_on("progress")
        await refused(house, 1)
        await ends(told)
        await house.until("SELECT status = 'completed' FROM turn")
        tries = 1
        while not told.abandoned:
            house.passes(LOCKED_OUT + 1)
            tries += 1
            assert tries < 3 * PATIENCE / LOCKED_OUT, "it never ends"
            with suppress(TimeoutError):  # once it is given up, there is no other try
                await refused(house, tries, within=20)
        await house.idle(within=200)
        made = len(house.calls(POST, EDIT))
        house.passes(10 * LOCKED_OUT)
        await house.tried()  # by whoever would still
    assert len(house.calls(POST, EDIT)) == made
    assert len(house.calls(EDIT)) >= PATIENCE / LOCKED_OUT
    assert "token_revoked" in (await house.errors())["progress"]
    assert await house.phases() == ["completed"]
    assert "The first" in house.words("maya")[-1], "what was there stays"
