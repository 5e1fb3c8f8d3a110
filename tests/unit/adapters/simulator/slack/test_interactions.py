"""Buttons, modals and response URLs."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.simulator.slack.interactions import ClickResult
from bot.errors import MalformedError
from tests.unit.adapters.simulator.slack.stage import (
    ADA,
    BOB,
    Stage,
    error_of,
    refusal_of,
)

Json = dict[str, Any]


def card(*labels: str, revision: int = 1) -> list[Json]:
    return [
        {
            "type": "actions",
            "block_id": f"card:r{revision}",
            "elements": [
                {
                    "type": "button",
                    "action_id": f"approval.{label}",
                    "text": {"type": "plain_text", "text": label},
                    "value": "7",
                }
                for label in labels
            ],
        }
    ]


def modal(**more: object) -> Json:
    return {
        "type": "modal",
        "callback_id": "why",
        "title": {"type": "plain_text", "text": "Reject"},
        "submit": {"type": "plain_text", "text": "Send"},
        "private_metadata": "7",
        "blocks": [
            {
                "type": "input",
                "block_id": "reason",
                "label": {"type": "plain_text", "text": "Why?"},
                "element": {
                    "type": "plain_text_input",
                    "action_id": "text",
                    "max_length": 20,
                },
            }
        ],
        **more,
    }


async def clicked(staged: Stage) -> Json:
    """Post a card, let Ada click, and return what the bot got."""
    root = await staged.post("thread")
    ts = await staged.post("card", thread_ts=root, blocks=card("approve", "reject"))
    result = await staged.world.click(ADA.id, staged.channel, ts, "approval.reject")
    assert result.ok
    return (await staged.bot.next()).payload


async def opened(staged: Stage, view: Json) -> Json:
    """Click and open ``view``; return it as opened."""
    trigger_id = (await clicked(staged))["trigger_id"]
    answer = await staged.client.views_open(trigger_id=trigger_id, view=view)
    return answer["view"]


async def test_a_click_has_slacks_shape(staged: Stage) -> None:
    payload = await clicked(staged)
    message = staged.world.messages(staged.channel)[1]
    assert payload["type"] == "block_actions"
    assert payload["user"]["id"] == ADA.id
    assert payload["container"] == {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": staged.channel,
        "is_ephemeral": False,
        "thread_ts": message["thread_ts"],
    }
    assert payload["channel"] == {"id": staged.channel, "name": "help"}
    assert payload["message"]["blocks"] == message["blocks"]
    (action,) = payload["actions"]
    assert (action["action_id"], action["value"]) == ("approval.reject", "7")
    assert action["block_id"] == "card:r1"
    assert action["action_ts"]


async def test_a_click_is_not_repeated_when_the_bot_fails(staged: Stage) -> None:
    ts = await staged.post(blocks=card("approve"))
    staged.bot.answers.append(web.Response(status=500))
    result = await staged.world.click(ADA.id, staged.channel, ts, "approval.approve")
    assert result == ClickResult(ok=False, status=500, reason="http_error")
    assert staged.bot.received.qsize() == 1


async def test_a_click_without_an_answer_times_out_after_three_seconds(
    staged: Stage,
) -> None:
    ts = await staged.post(blocks=card("approve"))
    silence = asyncio.Event()
    staged.bot.answers.append(silence)
    async with asyncio.TaskGroup() as group:
        click = group.create_task(
            staged.world.click(ADA.id, staged.channel, ts, "approval.approve")
        )
        await staged.clock.someone_sleeps(3.0)
        staged.clock.advance(3)
    assert click.result() == ClickResult(
        ok=False, status=None, reason="http_timeout", seconds=3
    )
    silence.set()


async def test_a_button_that_an_edit_took_away_can_be_clicked_only_on_purpose(
    staged: Stage,
) -> None:
    ts = await staged.post(blocks=card("approve"))
    await staged.client.chat_update(
        channel=staged.channel, ts=ts, text="x", blocks=card("other", revision=2)
    )
    click = ADA.id, staged.channel, ts, "approval.approve"
    with pytest.raises(MalformedError):
        await staged.world.click(*click)
    assert (await staged.world.click(*click, stale=True)).ok
    assert (await staged.bot.next()).payload["actions"][0]["block_id"] == "card:r1"


async def test_nobody_clicks_in_somebody_elses_conversation(staged: Stage) -> None:
    ts = await staged.post(channel=staged.ada_dm, blocks=card("approve"))
    with pytest.raises(MalformedError):
        await staged.world.click(BOB.id, staged.ada_dm, ts, "approval.approve")


async def test_a_modal_opens_for_who_clicked(staged: Stage) -> None:
    view = await opened(staged, modal())
    assert (view["private_metadata"], view["root_view_id"]) == ("7", view["id"])
    assert staged.world.snapshot()["modals"] == {ADA.id: [view]}


async def test_a_trigger_works_once(staged: Stage) -> None:
    trigger_id = (await clicked(staged))["trigger_id"]
    await staged.client.views_open(trigger_id=trigger_id, view=modal())
    again = staged.client.views_open(trigger_id=trigger_id, view=modal())
    assert await error_of(again) == "exchanged_trigger_id"


async def test_three_forms_lie_on_one_another_and_no_fourth(staged: Stage) -> None:
    for _ in range(3):
        await opened(staged, modal())
        staged.clock.advance(2)  # each click has two posts of its own
    trigger_id = (await clicked(staged))["trigger_id"]
    fourth = staged.client.views_open(trigger_id=trigger_id, view=modal())
    assert await error_of(fourth) == "push_limit_reached"


async def test_a_trigger_works_three_seconds(staged: Stage) -> None:
    trigger_id = (await clicked(staged))["trigger_id"]
    staged.clock.advance(3.1)
    late = staged.client.views_open(trigger_id=trigger_id, view=modal())
    assert await error_of(late) == "expired_trigger_id"


async def test_a_modal_that_is_not_valid_does_not_open(staged: Stage) -> None:
    trigger_id = (await clicked(staged))["trigger_id"]
    wrong = modal(title={"type": "plain_text", "text": "x" * 25})
    refusal = await refusal_of(
        staged.client.views_open(trigger_id=trigger_id, view=wrong)
    )
    assert refusal.body["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]


async def test_a_submitted_modal_closes(staged: Stage) -> None:
    view = await opened(staged, modal())
    values = {"reason": {"text": "too dear"}}
    result = await staged.world.submit_view(ADA.id, view["id"], values)
    payload = (await staged.bot.next()).payload
    assert result.ok
    assert payload["type"] == "view_submission"
    assert payload["view"]["state"]["values"] == {
        "reason": {"text": {"type": "plain_text_input", "value": "too dear"}}
    }
    assert payload["view"]["private_metadata"] == "7"
    assert staged.world.snapshot()["modals"] == {}


async def test_values_may_come_as_a_page_collects_them(staged: Stage) -> None:
    view = await opened(staged, modal())
    typed = {"type": "plain_text_input", "value": "too dear"}
    await staged.world.submit_view(ADA.id, view["id"], {"reason": {"text": typed}})
    state = (await staged.bot.next()).payload["view"]["state"]
    assert state["values"]["reason"]["text"] == typed


async def test_errors_keep_the_modal_open(staged: Stage) -> None:
    view = await opened(staged, modal())
    staged.bot.answers.append(
        web.json_response({"response_action": "errors", "errors": {"reason": "more"}})
    )
    values = {"reason": {"text": "no"}}
    result = await staged.world.submit_view(ADA.id, view["id"], values)
    assert (result.response_action, result.errors) == ("errors", {"reason": "more"})
    assert staged.world.snapshot()["modals"] == {ADA.id: [view]}


@pytest.mark.parametrize("text", ["", "x" * 21])
async def test_what_is_incomplete_is_not_even_sent(staged: Stage, text: str) -> None:
    view = await opened(staged, modal())
    values = {"reason": {"text": text}}
    result = await staged.world.submit_view(ADA.id, view["id"], values)
    assert (result.status, list(result.errors)) == (None, ["reason"])
    assert staged.bot.received.empty()


@pytest.mark.parametrize(("answer", "left"), [("update", 1), ("push", 2), ("clear", 0)])
async def test_an_answer_changes_the_stack(
    staged: Stage, answer: str, left: int
) -> None:
    view = await opened(staged, modal())
    staged.bot.answers.append(
        web.json_response({"response_action": answer, "view": modal()})
    )
    values = {"reason": {"text": "no"}}
    assert (await staged.world.submit_view(ADA.id, view["id"], values)).ok
    assert len(staged.world.snapshot()["modals"].get(ADA.id, [])) == left


async def test_a_closed_modal_is_told_only_when_asked_for(staged: Stage) -> None:
    quiet = await opened(staged, modal())
    assert await staged.world.close_view(ADA.id, quiet["id"]) is None
    loud = await opened(staged, modal(notify_on_close=True))
    assert await staged.world.close_view(ADA.id, loud["id"])
    assert (await staged.bot.next()).payload["type"] == "view_closed"
    assert staged.world.snapshot()["modals"] == {}


async def test_an_open_modal_is_updated_unless_it_changed_meanwhile(
    staged: Stage,
) -> None:
    view = await opened(staged, modal())
    where = {"view_id": view["id"], "hash": view["hash"]}
    await staged.client.views_update(**where, view=modal(private_metadata="8"))
    assert staged.world.snapshot()["modals"][ADA.id][0]["private_metadata"] == "8"
    again = staged.client.views_update(**where, view=modal())
    assert await error_of(again) == "hash_conflict"


async def test_a_response_url_replaces_whispers_and_ends(staged: Stage) -> None:
    hook = AsyncWebhookClient((await clicked(staged))["response_url"])
    answer = await hook.send(text="done", replace_original=True)
    assert answer.body == "ok"
    changed = staged.world.messages(staged.channel)[1]
    assert (changed["text"], changed["blocks"]) == ("done", [])
    await hook.send(text="only you")
    assert staged.world.snapshot()["ephemerals"][ADA.id][0]["text"] == "only you"
    await hook.send(text="everybody", response_type="in_channel")
    assert staged.world.messages(staged.channel)[-1]["text"] == "everybody"
    await hook.send(delete_original=True)
    assert len(staged.world.messages(staged.channel)) == 2
    assert (await hook.send(text="the fifth")).status_code == 200
    assert (await hook.send(text="the sixth")).status_code == 404


async def test_a_response_url_lives_half_an_hour(staged: Stage) -> None:
    hook = AsyncWebhookClient((await clicked(staged))["response_url"])
    staged.clock.advance(30 * 60 + 1)
    answer = await hook.send(text="late")
    assert "expired_url" in answer.body


async def test_a_button_in_an_ephemeral_message_works_and_can_be_replaced(
    staged: Stage,
) -> None:
    posted = await staged.client.chat_postEphemeral(
        channel=staged.channel, user=ADA.id, text="x", blocks=card("approve")
    )
    ts = posted["message_ts"]
    assert (await staged.world.click(ADA.id, staged.channel, ts, "approval.approve")).ok
    payload = (await staged.bot.next()).payload
    assert payload["container"]["is_ephemeral"] is True
    assert "message" not in payload
    hook = AsyncWebhookClient(payload["response_url"])
    await hook.send(text="thanks", replace_original=True)
    assert [e["text"] for e in staged.world.snapshot()["ephemerals"][ADA.id]] == [
        "thanks"
    ]
