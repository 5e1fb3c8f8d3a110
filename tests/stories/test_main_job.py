"""The stories of the main job, with the sample company, over the wire."""

from tests.support.play import Play, actions_in, said_in

DESIGNER, HER_MANAGER = "U0MAYA", "priya.nair"
ENGINEER, HIS_MANAGER = "omar.haddad", "U0TOMAS"
CONTRACTOR = "U0NOAH"
SECTION = "Connecting to the VPN \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} On a new laptop"
"""Where the answer stands: articles are cited by their headings."""


async def test_a_question_is_answered_with_the_article_it_rests_on(play: Play) -> None:
    asked = await play.say_in_slack(DESIGNER, "How do I connect to the VPN?")
    answer = await play.slack_shows(
        DESIGNER, "Acme Connect", SECTION, "no language model"
    )
    assert answer["thread_ts"] == asked
    await play.ended()
    assert len(play.bot_in_slack(DESIGNER)) == 1


async def test_a_misspelt_question_in_teams_cites_the_heading_too(play: Play) -> None:
    await play.stage.teams.say(ENGINEER, "how do i conect to the vpn")
    await play.teams_shows(ENGINEER, "Acme Connect", SECTION)
    await play.ended()


async def test_what_policy_allows_is_granted_at_once(play: Play) -> None:
    await play.say_in_slack(
        DESIGNER, "Can I get read access to the design system repo?"
    )
    await play.ended()
    [message] = play.bot_in_slack(DESIGNER)
    assert "✅" in said_in(message)
    rows = await play.rows(
        "SELECT person_id, resource_id, grant_name FROM access_grant"
    )
    assert [tuple(row) for row in rows] == [("maya.chen", "repo/design-system", "read")]


async def test_a_paid_seat_goes_to_the_manager_on_the_other_platform(
    play: Play,
) -> None:
    asked = await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    card = await play.teams_shows(HER_MANAGER, "Maya Chen", "Figma", "editor")
    waiting = await play.slack_shows(DESIGNER, "Priya Nair", "Figma")
    assert {a["verb"] for a in actions_in(card)} == {
        "approval.approve",
        "approval.reject",
    }
    assert not await play.rows("SELECT 1 FROM access_grant")

    answered = await play.press_in_teams(HER_MANAGER, card, "approval.approve")
    assert answered["statusCode"] == 200
    await play.ended()

    rows = await play.rows(
        "SELECT person_id, resource_id, grant_name FROM access_grant"
    )
    assert [tuple(row) for row in rows] == [("maya.chen", "app/figma", "editor")]
    [locked] = play.bot_in_teams(HER_MANAGER)
    assert "approved" in said_in(locked).lower()
    assert not actions_in(locked)
    first, answer = play.bot_in_slack(DESIGNER, thread=asked)
    assert first["ts"] == waiting["ts"]
    assert "Figma" in said_in(answer)
    assert not actions_in(first)


async def test_a_rejection_is_read_with_its_reason(play: Play) -> None:
    await play.stage.teams.say(ENGINEER, "I need a 27 inch monitor")
    card = await play.slack_shows(HIS_MANAGER, "Omar Haddad", "monitor")
    channel = play.direct(HIS_MANAGER)
    await play.stage.slack.click(HIS_MANAGER, channel, card["ts"], "approval.reject")
    views = play.stage.slack.snapshot()["modals"][HIS_MANAGER]
    view = views[-1]
    block = next(b for b in view["blocks"] if b["type"] == "input")
    values = {block["block_id"]: {block["element"]["action_id"]: "Budget is spent"}}
    await play.stage.slack.submit_view(HIS_MANAGER, view["id"], values)
    await play.teams_shows(ENGINEER, "Budget is spent", "Tomás Ruiz")
    await play.ended()
    assert not await play.rows("SELECT 1 FROM hardware_order")
    [locked] = play.bot_in_slack(HIS_MANAGER)
    assert not actions_in(locked)


async def test_three_wishes_run_side_by_side_and_end_in_one_summary(
    play: Play,
) -> None:
    asked = await play.say_in_slack(
        DESIGNER,
        "I start on Monday: design system repo, a Figma seat and a monitor please",
    )
    seat = await play.teams_shows(HER_MANAGER, "Figma", "editor")
    monitor = await play.teams_shows(HER_MANAGER, "27-inch monitor")
    assert seat["id"] != monitor["id"]
    await play.press_in_teams(HER_MANAGER, seat, "approval.approve")
    await play.press_in_teams(HER_MANAGER, monitor, "approval.approve")
    await play.ended()
    grants = await play.rows("SELECT resource_id FROM access_grant ORDER BY 1")
    assert [row[0] for row in grants] == ["app/figma", "repo/design-system"]
    _, summary = play.bot_in_slack(DESIGNER, thread=asked)
    for thing in ("design-system", "Figma", "monitor"):
        assert thing in said_in(summary)
    frames = await play.rows(
        "SELECT body->>'agent' FROM turn_event WHERE type = 'frame.opened'"
    )
    assert {row[0] for row in frames} == {"coordinator", "software", "hardware"}


async def test_what_policy_forbids_is_explained_and_not_done(play: Play) -> None:
    await play.say_in_slack(CONTRACTOR, "give me access to payments-core")
    await play.slack_shows(CONTRACTOR, "payments-core", "Tomás Ruiz")
    await play.ended()
    assert not await play.rows("SELECT 1 FROM access_grant")
    assert not await play.rows("SELECT 1 FROM approval")


async def test_somebody_elses_password_stays_theirs(play: Play) -> None:
    await play.say_in_slack(DESIGNER, "Reset the password of Elena Sato")
    await play.slack_shows(DESIGNER, "your own password")
    await play.ended()
    assert not await play.rows("SELECT 1 FROM password_reset")


async def test_an_open_request_does_not_hold_the_chat_and_can_be_withdrawn(
    play: Play,
) -> None:
    teams = play.stage.teams
    await teams.say(ENGINEER, "I need a 27 inch monitor")
    await play.slack_shows(HIS_MANAGER, "monitor")
    await play.teams_shows(ENGINEER, "Tomás Ruiz")

    await teams.say(ENGINEER, "How do I reset my password?")
    await play.teams_shows(ENGINEER, "Resetting your password")
    await play.ended(1)

    await teams.say(ENGINEER, "what about my monitor?")
    await play.ended(2)
    told = play.bot_in_teams(ENGINEER)[-1]
    assert "Tomás Ruiz" in said_in(told)

    await teams.say(ENGINEER, "cancel it")
    await play.ended(4)
    [card] = play.bot_in_slack(HIS_MANAGER)
    assert not actions_in(card)
    assert "withdr" in said_in(card).lower()
    assert [r[0] for r in await play.rows("SELECT status FROM approval")] == [
        "withdrawn"
    ]
    assert not await play.rows("SELECT 1 FROM hardware_order")
