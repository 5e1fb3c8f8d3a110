import asyncio
from typing import Any

import pytest
from aiohttp import web

from bot.errors import PlatformError
from tests.unit.adapters.simulator.teams.stage import Stage

Json = dict[str, Any]
CARD = "application/vnd.microsoft.card.adaptive"
APPROVE = {
    "type": "Action.Execute",
    "title": "Approve",
    "verb": "decide",
    "id": "approve",
    "data": {"request": "r1", "reason": ""},
}


def card(text: str) -> Json:
    body = [{"type": "TextBlock", "text": text}]
    return {"type": "AdaptiveCard", "version": "1.5", "body": body}


def answer(value: object, kind: str = CARD, status: int = 200) -> web.Response:
    return web.json_response({"statusCode": status, "type": kind, "value": value})


async def shown_card(staged: Stage) -> str:
    attachments = [{"contentType": CARD, "content": card("Approve?")}]
    body = {"type": "message", "attachments": attachments}
    _, sent, _ = await staged.client.call("POST", f"/{staged.ada}/activities", body)
    return str(sent["id"])


async def test_a_click_carries_the_data_with_the_inputs_merged_in(staged: Stage):
    activity = await shown_card(staged)
    staged.bot.answers.append(answer(card("Done")))
    inputs = {"reason": "fine"}
    got = await staged.world.invoke("ada", activity, APPROVE, inputs)
    heard = await staged.bot.next("invoke")
    assert (heard["name"], heard["replyToId"]) == ("adaptiveCard/action", activity)
    assert heard["value"] == {
        "action": {
            "type": "Action.Execute",
            "id": "approve",
            "verb": "decide",
            "data": {"request": "r1", "reason": "fine"},
        },
        "trigger": "manual",
    }
    assert got == {"statusCode": 200, "type": CARD, "value": card("Done")}


async def test_the_returned_card_covers_the_message_until_its_next_update(
    staged: Stage,
):
    activity = await shown_card(staged)
    staged.bot.answers.append(answer(card("Done")))
    await staged.world.invoke("ada", activity, APPROVE)
    [overlay] = staged.world.snapshot()["overlays"]
    assert overlay == {
        "conversation": staged.ada,
        "activity": activity,
        "person": "ada",
        "card": card("Done"),
    }
    assert staged.world.seen_by("ada")[0]["attachments"][0]["content"] == card("Done")
    [message] = staged.world.messages(staged.ada)
    assert message["attachments"][0]["content"] == card("Approve?")
    await staged.client.update(staged.ada, activity)
    assert staged.world.snapshot()["overlays"] == []
    assert [change["card"] for change in staged.changes("teams.overlay")] == [
        card("Done"),
        None,
    ]


async def test_a_message_as_answer_is_handed_on_and_covers_nothing(staged: Stage):
    activity = await shown_card(staged)
    kind = "application/vnd.microsoft.activity.message"
    staged.bot.answers.append(answer("Not you.", kind))
    got = await staged.world.invoke("ada", activity, APPROVE)
    assert got == {"statusCode": 200, "type": kind, "value": "Not you."}
    assert staged.world.snapshot()["overlays"] == []


@pytest.mark.parametrize(
    "broken",
    [
        web.Response(status=200),
        web.json_response({"statusCode": "fine"}),
        answer({"type": "AdaptiveCard", "version": "1.6"}),
        answer(card("Done"), status=500),
    ],
    ids=["empty", "shape", "card", "status"],
)
async def test_an_answer_that_cannot_be_shown_is_an_error(
    staged: Stage, broken: web.Response
):
    activity = await shown_card(staged)
    staged.bot.answers.append(broken)
    got = await staged.world.invoke("ada", activity, APPROVE)
    assert got["type"] == "application/vnd.microsoft.error"
    assert got["value"]["message"].startswith("Something went wrong")
    assert staged.world.snapshot()["overlays"] == []


async def test_a_failed_click_comes_twice_with_one_id_and_twice_with_another(
    staged: Stage,
):
    activity = await shown_card(staged)
    staged.bot.answers.extend(web.Response(status=501) for _ in range(9))
    got = await staged.world.invoke("ada", activity, APPROVE)
    assert got["value"]["message"] == "Unable to reach app. Please try again."
    heard = [await staged.bot.next("invoke") for _ in range(4)]
    assert heard[0] == heard[1]
    assert heard[2] == heard[3]
    assert heard[0]["id"] != heard[2]["id"]
    assert heard[0]["value"] == heard[2]["value"]
    await staged.world.wait_for(lambda _: len(invokes(staged)) == 4)
    assert len(staged.bot.answers) == 5


def invokes(staged: Stage) -> list[Json]:
    return [d for d in staged.changes("delivery") if d["type"] == "invoke"]


async def test_once_accepted_a_click_does_not_come_again(staged: Stage):
    activity = await shown_card(staged)
    staged.bot.answers.extend([web.Response(status=500), answer(card("Done"))])
    await staged.world.invoke("ada", activity, APPROVE)
    await staged.world.wait_for(lambda _: len(invokes(staged)) == 2)
    assert [d["status"] for d in invokes(staged)] == [500, 200]
    assert staged.world.snapshot()["overlays"] == []


async def test_a_bot_that_thinks_too_long_over_a_click_is_unreachable(staged: Stage):
    activity = await shown_card(staged)
    slow = asyncio.Event()
    staged.bot.answers.append(slow)
    async with asyncio.TaskGroup() as group:
        click = group.create_task(staged.world.invoke("ada", activity, APPROVE))
        await staged.bot.next("invoke")
        await staged.clock.someone_sleeps(15.0)
        await staged.clock.advance(15.0)
    assert click.result()["statusCode"] == 504
    slow.set()


async def test_a_click_can_be_delivered_again(staged: Stage):
    activity = await shown_card(staged)
    staged.bot.answers.append(answer(card("Done")))
    await staged.world.invoke("ada", activity, APPROVE)
    first = await staged.bot.next("invoke")
    await staged.world.redeliver(first["id"], times=2)
    assert [await staged.bot.next("invoke") for _ in "ab"] == [first] * 2


async def test_only_a_message_in_ones_own_chat_can_be_clicked(staged: Stage):
    activity = await shown_card(staged)
    with pytest.raises(PlatformError):
        await staged.world.invoke("bob", activity, APPROVE)
    await staged.client.call("DELETE", f"/{staged.ada}/activities/{activity}")
    with pytest.raises(PlatformError):
        await staged.world.invoke("ada", activity, APPROVE)
