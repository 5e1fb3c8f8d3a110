"""How the page draws a message that streams in Teams."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from tests.support.small_demo import SmallDemo

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60)]


async def test_a_streaming_message_says_what_is_done_then_its_words_then_neither(
    page: Page, demo: SmallDemo
):
    begun = datetime.now(UTC).isoformat()
    chat = page.locator("#teams .chat")
    demo.teams.show("7", timestamp=begun, streaming=True, informative="Searching <b>")
    await expect(chat.locator(".informative")).to_have_text("Searching <b>")
    await expect(chat.locator(".bubble")).to_have_count(0)
    demo.teams.show("7", timestamp=begun, streaming=True, text="It is", revision=1)
    await expect(chat.locator(".bubble")).to_have_text("It is")
    await expect(chat.locator(".informative")).to_have_count(0)
    await expect(chat.locator(".badge")).to_have_text("streaming")
    await expect(chat.locator(".edits")).to_have_count(0)
    await chat.get_by_role("button", name="Stop").click()
    await demo.journal.until(
        lambda: any(change.kind == "stopped" for change in demo.journal.after(0)),
        awaited="a stop",
    )
    assert demo.teams.done == [("stop", "29:bob")]
    demo.teams.show("7", timestamp=begun, text="It is so.", revision=1)
    await expect(chat.locator(".bubble")).to_have_text("It is so.")
    await expect(chat.locator(".badge")).to_have_count(0)
    await expect(chat).to_have_count(1)


async def test_a_stream_that_nobody_ended_does_not_look_alive_for_ever(
    page: Page, demo: SmallDemo
):
    long_ago = (datetime.now(UTC) - timedelta(minutes=3)).isoformat()
    demo.teams.show("7", timestamp=long_ago, streaming=True, text="Half a")
    await expect(page.locator("#teams .bubble")).to_have_text("Half a")
    await expect(page.locator("#teams .is-streaming")).to_have_count(0)
