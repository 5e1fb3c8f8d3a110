"""The stories of the main job as people live them: clicks, words on the screen."""

import pytest
from playwright.async_api import Locator, expect

from tests.browser.stories.audience import Audience
from tests.support.play import Play

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(90)]

FOOTER = "no language model wrote this"


async def once(place: Locator, *sentences: str) -> None:
    """Assert that each sentence stands there exactly once."""
    said = await place.inner_text()
    assert {s: said.count(s) for s in sentences} == dict.fromkeys(sentences, 1), said


async def has_grown(answer: Locator, than: int) -> int:
    """Return the length of a text when it has become longer."""
    element = await answer.element_handle()
    assert element is not None
    await answer.page.wait_for_function(
        "([ts, n]) => document.querySelector(`#slack .msg[data-ts='${ts}']`)"
        ".innerText.length > n",
        arg=[await answer.get_attribute("data-ts"), than],
    )
    return len(await answer.inner_text())


@pytest.mark.parametrize("play", [25.0], indirect=True)
async def test_an_answer_grows_under_the_readers_eyes_and_cites_its_article(
    audience: Audience, play: Play
):
    await audience.ask("How do I connect to the VPN?")
    answer = audience.in_slack
    await expect(answer).to_contain_text("Working on it")
    await expect(answer.get_by_role("button", name="Stop")).to_be_visible()
    length = await has_grown(answer, len(await answer.inner_text()))
    await expect(answer).to_contain_text("Let me look")
    await has_grown(answer, length)
    await expect(answer).to_contain_text("Working on it")

    await expect(answer).to_contain_text("Here you go")
    await expect(answer).to_contain_text("📄 Connecting to the VPN")
    await expect(answer).to_have_count(1)
    await expect(answer.get_by_role("button")).to_have_count(0)
    await once(answer, "Let me look that up.", "From the article", FOOTER)
    await play.ended()


async def test_a_click_in_teams_gives_a_seat_to_somebody_in_slack(
    audience: Audience, play: Play
):
    await audience.ask("I need to be a Figma editor")
    waiting = audience.in_slack.first
    await expect(waiting).to_contain_text("Waiting for Priya Nair since")
    await expect(waiting).to_contain_text("CET")  # the company's own time
    await expect(waiting).to_contain_text("⏸️ Software")
    await expect(waiting.get_by_role("button")).to_have_text(["Stop"])
    card = audience.in_teams
    await expect(card).to_contain_text("Your decision is needed")
    await expect(card).to_contain_text("Maya Chen (Product designer, Design)")
    await expect(card).to_contain_text("Please decide by")

    await card.get_by_role("button", name="Approve").click()
    await expect(card).to_contain_text("Approved by Priya Nair.")
    await expect(card.get_by_role("button")).to_have_count(0)
    await expect(card.get_by_role("textbox")).to_have_count(0)
    await expect(audience.in_slack).to_have_count(2)
    await expect(waiting).to_contain_text("Done. My answer is below.")
    await expect(audience.in_slack.last).to_contain_text("You now have a Figma editor")
    await play.ended()
    await once(audience.slack, "Let me see about a Figma", "You now have a Figma")
    assert await audience.teams.get_by_role("article").count() == 1
    held = await play.rows("SELECT person_id, grant_name FROM access_grant")
    assert [tuple(row) for row in held] == [("maya.chen", "editor")]


async def test_a_reason_typed_in_slack_is_read_in_teams(audience: Audience, play: Play):
    await audience.ask("I need a 27 inch monitor")
    card = audience.in_slack
    await card.get_by_role("button", name="Reject").click()
    form = audience.page.get_by_role("dialog", name="Reject request")
    reason = form.get_by_label("Why?")
    await expect(reason).to_be_focused()
    await form.get_by_role("button", name="Reject").click()
    await expect(form).to_be_visible()  # a reason is asked for
    await reason.fill("The budget is spent.")
    await form.get_by_role("button", name="Reject").click()

    await expect(form).to_have_count(0)
    said = "Rejected by Tomás Ruiz: “The budget is spent.” Nothing was changed."
    await expect(card).to_contain_text(said)
    await expect(card.get_by_role("button")).to_have_count(0)
    progress, answer = audience.in_teams.first, audience.in_teams.nth(1)
    await expect(answer).to_contain_text("This could not be done")
    await expect(progress).to_contain_text("My answer is below.")
    await play.ended()
    await once(audience.teams, said, "Let me see about a 27-inch monitor.")
    assert not await play.rows("SELECT 1 FROM hardware_order")


@pytest.mark.parametrize("play", [8.0], indirect=True)
async def test_stop_ends_a_turn_in_its_middle(audience: Audience, play: Play):
    await audience.ask("Can I get read access to the design system repo?")
    answer = audience.in_slack
    await expect(answer).to_contain_text("Let me see")
    await answer.get_by_role("button", name="Stop").click()
    await expect(answer).to_contain_text("Stopped by Maya Chen. No change was made.")
    await expect(answer.get_by_role("button")).to_have_count(0)
    await play.ended()
    assert not await play.rows("SELECT 1 FROM access_grant")


@pytest.mark.parametrize("play", [5.0], indirect=True)
async def test_what_is_said_in_mid_turn_is_taken_into_account(
    audience: Audience, play: Play
):
    await audience.ask("Can I get read access to the design system repo?")
    await expect(audience.in_slack).to_contain_text("Let me see")
    await audience.ask("write access, not read")
    card = audience.in_teams
    await expect(card).to_contain_text("Grant write access to design-system")
    await expect(audience.in_slack).to_contain_text("Also noted: “write access")
    await card.get_by_role("button", name="Approve").click()
    await expect(audience.in_slack.last).to_contain_text("You now have write access")
    await play.ended()
    await once(audience.slack, "Also noted", "You now have write access")
    held = await play.rows("SELECT grant_name FROM access_grant")
    assert [row[0] for row in held] == ["write"]


async def test_an_open_request_is_asked_about_and_taken_back(
    audience: Audience, play: Play
):
    await audience.ask("I need a 27 inch monitor")
    card = audience.in_slack
    await expect(card.get_by_role("button", name="Approve")).to_be_visible()
    await audience.say("Teams", "How do I reset my password?")
    await expect(audience.in_teams.nth(1)).to_contain_text("Resetting your password")
    await audience.ask("what about my monitor?")
    await expect(audience.in_teams.nth(2)).to_contain_text("waits for Tomás Ruiz")

    await audience.say("Teams", "cancel it")
    await expect(audience.in_teams.nth(3)).to_contain_text("was withdrawn")
    await expect(card).to_contain_text("Withdrawn by Omar Haddad")
    await expect(card.get_by_role("button")).to_have_count(0)
    await expect(audience.in_teams.first).to_contain_text("Request withdrawn")
    await play.ended(4)
    assert await audience.in_teams.count() == 4  # it is no news to who took it back


async def test_what_policy_forbids_is_explained_once(audience: Audience, play: Play):
    await audience.ask("give me access to payments-core")
    await expect(audience.in_slack.last).to_contain_text("This could not be done")
    await once(audience.slack, "I can't give you", "Ask Tomás Ruiz")
    await play.ended()
    assert not await play.rows("SELECT 1 FROM access_grant")
