"""The page at work, in a real browser, on very small stand-ins."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.support.small_demo import SmallDemo

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60)]

CARD = "application/vnd.microsoft.card.adaptive"


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(action: str, text: str, **more: object) -> dict[str, Any]:
    face = {"type": "plain_text", "text": text}
    return {"type": "button", "action_id": action, "text": face, **more}


def card(*body: dict[str, Any], **more: object) -> list[dict[str, Any]]:
    content = {"type": "AdaptiveCard", "version": "1.5", "body": list(body), **more}
    return [{"contentType": CARD, "content": content}]


async def heard(demo: SmallDemo, kind: str) -> None:
    """Return when the journal has a change of this kind."""
    await demo.journal.until(
        lambda: any(change.kind == kind for change in demo.journal.after(0)),
        awaited=f"a change of the kind {kind}",
    )


async def test_it_starts_with_somebody_whose_manager_is_on_the_other_side(page: Page):
    await expect(page.get_by_label("You in Slack")).to_have_value("ann")
    await expect(page.get_by_label("You in Teams")).to_have_value("bob")


async def test_a_suggestion_is_asked_with_one_click(page: Page, demo: SmallDemo):
    await page.locator(".try").click()
    await expect(page.locator("#slack .msg")).to_contain_text("May I?")
    assert demo.slack.done == [("say", "UANN", "DANN", "May I?", None)]


async def test_enter_sends_and_a_channel_names_the_bot(page: Page, demo: SmallDemo):
    await page.get_by_role("button", name="help", exact=True).click()
    field = page.get_by_label("Message in Slack")
    await field.fill("one <b>")
    await field.press("Shift+Enter")
    await field.press("x")
    await field.press("Enter")
    await expect(page.locator("#slack .msg")).to_contain_text("@Helper one")
    assert demo.slack.done[0][2:4] == ("C1", "@Helper one <b>\nx")
    await expect(field).to_have_value("")


async def test_an_edit_is_shown_in_the_same_place(page: Page, demo: SmallDemo):
    for text in ("a", "ab", "abc"):
        demo.slack.show("1.1", text=text, blocks=[section(text)])
    message = page.locator("#slack .msg")
    await expect(message.locator(".bk-text")).to_have_text("abc")
    await expect(message.locator(".edits")).to_have_text("edited 2×")  # noqa: RUF001 - as shown
    await expect(message).to_have_count(1)


async def test_a_lost_connection_loses_and_doubles_nothing(page: Page, demo: SmallDemo):
    demo.slack.show("1.1", text="before")
    await expect(page.locator("#slack .msg")).to_have_count(1)
    demo.door.drop()
    demo.slack.show("1.1", text="after")
    demo.slack.show("2.1", text="meanwhile")
    await expect(page.locator("#slack .bk-text")).to_have_text(["after", "meanwhile"])
    await expect(page.locator("#connection")).to_have_class("is-live")


async def test_a_reload_loses_and_doubles_nothing(page: Page, demo: SmallDemo):
    demo.slack.show("1.1", text="one")
    await page.reload()
    demo.slack.show("1.1", text="two")
    demo.teams.show("7", text="three")
    await expect(page.locator("#slack .bk-text")).to_have_text(["two"])
    await expect(page.locator("#teams .bubble")).to_have_text(["three"])


async def test_a_button_reaches_the_bot_after_its_question(page: Page, demo: SmallDemo):
    ask = {"title": {"type": "plain_text", "text": "Sure?"}}
    go = button("go", "Go", confirm=ask | {"text": section("*really*")["text"]})
    row = {"type": "actions", "block_id": "row", "elements": [go]}
    demo.slack.show("1.1", blocks=[row])
    await page.get_by_role("button", name="Go").click()
    await expect(page.get_by_role("dialog")).to_contain_text("really")
    await page.get_by_role("button", name="Yes").click()
    await heard(demo, "clicked")
    assert demo.slack.done == [("click", "UANN", "DANN", "1.1", "go", "row")]


async def test_a_modal_shows_the_bots_complaint_and_closes_when_it_is_content(
    page: Page, demo: SmallDemo
):
    part = {"type": "plain_text_input", "action_id": "text", "multiline": True}
    label = {"type": "plain_text", "text": "Why?"}
    field = {"type": "input", "block_id": "reason", "label": label, "element": part}
    words = {
        name: {"type": "plain_text", "text": text}
        for name, text in (("title", "Reject"), ("submit", "Send"), ("close", "Back"))
    }
    demo.slack.open_modal({"id": "V1", "hash": "h", "blocks": [field], **words})
    dialog = page.get_by_role("dialog", name="Reject")
    await expect(dialog.get_by_label("Why?")).to_be_focused()
    await dialog.get_by_label("Why?").fill("no")
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog).to_contain_text("Say more.")
    await dialog.get_by_label("Why?").fill("too dear")
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog).to_have_count(0)
    assert demo.slack.done[-1] == (
        "submit",
        "UANN",
        "V1",
        {"reason": {"text": "too dear"}},
    )


async def test_escape_closes_a_modal(page: Page, demo: SmallDemo):
    title = {"type": "plain_text", "text": "Hello"}
    view = {"id": "V1", "hash": "h", "title": title, "blocks": [section("x")]}
    demo.slack.open_modal(view)
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_whispers_are_seen_by_their_reader_alone(page: Page, demo: SmallDemo):
    for ts, user in (("1.1", "UANN"), ("2.1", "UZOE")):
        whisper: dict[str, Any] = {"channel": "DANN", "ts": ts, "user": user}
        whisper |= {"thread_ts": None, "text": "psst", "blocks": []}
        demo.journal.record("slack.ephemeral", op="shown", **whisper)
    await expect(page.locator("#slack .msg")).to_have_count(1)
    await expect(page.locator("#slack .msg")).to_contain_text("Only visible to you")


async def test_a_card_is_answered_with_what_was_typed(page: Page, demo: SmallDemo):
    reason = {"type": "Input.Text", "id": "reason", "label": "Reason"}
    action = {"type": "Action.Execute", "verb": "reject", "title": "Reject"}
    action["data"] = {"id": 5}  # pyright: ignore[reportArgumentType] - JSON
    demo.teams.show("7", attachments=card(reason, actions=[action]))
    await page.get_by_label("Reason").fill("no <money>")
    await page.locator("#teams").get_by_role("button", name="Reject").click()
    await heard(demo, "invoked")
    asked = {"type": "Action.Execute", "verb": "reject", "data": {"id": 5}}
    assert demo.teams.done == [
        ("invoke", "29:bob", "7", asked, {"reason": "no <money>"})
    ]
    await expect(page.locator(".toast")).to_have_text("Noted.")


async def test_typed_words_and_focus_survive_an_edit_of_the_card(
    page: Page, demo: SmallDemo
):
    reason = {"type": "Input.Text", "id": "reason", "label": "Reason"}
    demo.teams.show("7", attachments=card({"type": "TextBlock", "text": "a"}, reason))
    await page.get_by_label("Reason").fill("half a sen")
    demo.teams.show("7", attachments=card({"type": "TextBlock", "text": "b"}, reason))
    await expect(page.locator("#teams .card")).to_contain_text("b")
    await expect(page.get_by_label("Reason")).to_have_value("half a sen")
    await expect(page.get_by_label("Reason")).to_be_focused()


async def test_a_card_of_ones_own_covers_the_message_until_it_is_edited(
    page: Page, demo: SmallDemo
):
    def body(text: str) -> dict[str, Any]:
        return {"type": "TextBlock", "text": text}

    demo.teams.show("7", attachments=card(body("for all")))
    demo.teams.cover("7", card(body("for you"))[0]["content"])
    await expect(page.locator("#teams .card")).to_have_text("for you")
    demo.teams.cover("7", None)
    demo.teams.show("7", attachments=card(body("for all, again")))
    await expect(page.locator("#teams .card")).to_have_text("for all, again")


async def test_who_reads_further_up_is_not_scrolled_away(page: Page, demo: SmallDemo):
    for number in range(40):
        demo.slack.show(f"{number + 1}.1", text=f"message {number}")
    await expect(page.locator("#slack .msg")).to_have_count(40)
    log = page.get_by_label("Messages in Slack")
    await log.evaluate("list => { list.scrollTop = 100; }")
    demo.slack.show("99.1", text="new")
    await expect(page.locator("#slack .msg")).to_have_count(41)
    assert await log.evaluate("list => list.scrollTop") == 100
    await page.get_by_role("button", name="New below").click()
    await expect(page.locator("#slack .msg").last).to_be_in_viewport()


async def test_a_streaming_message_grows_in_its_place(page: Page, demo: SmallDemo):
    plan = {
        "type": "plan",
        "title": "Working",
        "tasks": [{"task_id": "t", "title": "Looking", "status": "in_progress"}],
    }
    demo.slack.show("1.1", stream="open", blocks=[plan])
    message = page.locator("#slack .msg")
    await expect(message).to_have_class(re.compile("is-streaming"))
    await expect(message).to_contain_text("Looking")
    text = {"type": "markdown", "text": "So **far**"}
    demo.slack.show("1.1", stream="open", blocks=[plan, text])
    await expect(message.locator("strong")).to_have_text("far")
    demo.slack.show("1.1", stream="expired", blocks=[plan, text])
    await expect(message).not_to_have_class(re.compile("is-streaming"))
    await expect(message.locator(".stream-error")).to_be_visible()
    demo.slack.show("1.1", stream=None, blocks=[text])
    await expect(message.locator(".stream-error")).to_have_count(0)


async def test_a_working_agent_can_be_stopped_beside_its_messages(
    page: Page, demo: SmallDemo
):
    demo.slack.show("1.1", text="Help", bot_id=None, user="UANN")
    status = {"channel": "DANN", "thread_ts": "1.1", "expires_at": None}
    working = {"session": "processing", "status": "is working…"}
    demo.journal.record("slack.status", **status, **working)
    await page.locator("#slack .typing").get_by_role("button", name="Stop").click()
    await expect(page.locator("#slack .typing")).to_contain_text("is working…")
    assert [deed[0] for deed in demo.slack.done] == ["stop"]
    demo.journal.record("slack.status", **status, session="active", status="")
    await expect(page.locator("#slack .typing")).to_have_count(0)


async def test_a_bad_day_is_chosen_and_seen(page: Page, demo: SmallDemo):
    day = page.get_by_label("How Slack and Teams behave")
    await day.select_option("flaky")
    await expect(day.locator("option")).to_have_count(4)
    await expect(day).to_have_value("flaky")
    assert [profile.name for profile in demo.days] == ["flaky", "flaky"]


async def test_the_kill_button_shows_that_the_bot_is_down(page: Page, demo: SmallDemo):
    await page.get_by_role("button", name="kill -9 the bot").click()
    await expect(page.locator(".life")).to_contain_text("killed")
    assert demo.kills == ["kill -9"]


@pytest.mark.parametrize("width", [390, 761, 1366])
async def test_nothing_sticks_out_at_the_side(page: Page, demo: SmallDemo, width: int):
    demo.slack.show("1.1", text="long" * 200, blocks=[section("`" + "x" * 300 + "`")])
    demo.teams.show("7", attachments=card({"type": "TextBlock", "text": "y" * 300}))
    await page.set_viewport_size({"width": width, "height": 800})
    await expect(page.locator("#slack .msg")).to_have_count(1)
    wide = await page.evaluate(
        """() => [...document.querySelectorAll(".panes, .conv, .msg, .chat, .strip")]
            .filter((part) => part.getBoundingClientRect().right > innerWidth + 1)
            .map((part) => part.className)"""
    )
    assert wide == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_on_a_phone_one_side_is_seen_at_a_time(page: Page):
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.get_by_label("Message in Teams")).to_be_hidden()
    await page.get_by_role("tab", name="Teams").click()
    await expect(page.get_by_label("Message in Teams")).to_be_visible()
    await expect(page.get_by_label("Message in Slack")).to_be_hidden()
    await page.get_by_role("tab", name="Underneath").click()
    await expect(page.get_by_role("button", name="kill -9 the bot")).to_be_visible()
