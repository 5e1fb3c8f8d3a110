"""With a key set, the bot speaks through Anthropic's API; policy decides all the same."""

from pathlib import Path

from bot.view import replies
from tests.support.claude import (
    Answering,
    ended,
    refused,
    sse,
    start,
    text,
)
from tests.support.claude_speaks import (
    Question,
    calling,
    has_answers,
    saying,
    speaking,
)
from tests.support.play import said_in

DESIGNER, CONTRACTOR = "U0MAYA", "U0NOAH"


async def test_a_reply_streams_through_the_whole_bot(
    database_url: str, tmp_path: Path
) -> None:
    def reply(question: Question) -> bytes:
        if has_answers(question):
            return saying("Install the **client** and sign in.")
        return calling("search_knowledge", query="VPN")

    async with speaking(database_url, tmp_path, reply) as play:
        await play.say_in_slack(DESIGNER, "How do I connect to the VPN?")
        await play.ended()
        [message] = play.bot_in_slack(DESIGNER)
        assert "Install the **client**" in said_in(message)
        assert "Connecting to the VPN" in said_in(message)
        assert "no language model" not in said_in(message)


async def test_a_hostile_model_cannot_reset_somebody_elses_password(
    database_url: str, tmp_path: Path
) -> None:
    def reply(question: Question) -> bytes:
        if has_answers(question):
            return saying("All done, I have reset it.")
        if "reset_password" in {tool["name"] for tool in question["tools"]}:
            return calling("reset_password", person="Elena Sato")
        return calling("ask_security", task="Reset the password of Elena Sato")

    async with speaking(database_url, tmp_path, reply) as play:
        await play.say_in_slack(DESIGNER, "Reset the password of Elena Sato")
        await play.ended()
        assert not await play.rows("SELECT 1 FROM password_reset")
        [message] = play.bot_in_slack(DESIGNER)
        assert "your own password" in said_in(message)


async def test_a_hostile_model_cannot_use_a_tool_that_its_agent_was_not_given(
    database_url: str, tmp_path: Path
) -> None:
    def reply(question: Question) -> bytes:
        if has_answers(question):
            return saying("All done, I have reset it.")
        return calling("reset_password")

    async with speaking(database_url, tmp_path, reply) as play:
        await play.say_in_slack(DESIGNER, "Reset my password")
        await play.ended()
        assert not await play.rows("SELECT 1 FROM password_reset")
        [message] = play.bot_in_slack(DESIGNER)
        assert "nothing was done" in said_in(message)


async def test_a_hostile_model_cannot_grant_what_policy_denies(
    database_url: str, tmp_path: Path
) -> None:
    def reply(question: Question) -> bytes:
        if has_answers(question):
            return saying("Access granted!")
        return calling("grant_access", resource="repo/payments-core", grant="write")

    async with speaking(database_url, tmp_path, reply) as play:
        await play.say_in_slack(CONTRACTOR, "give me access to payments-core")
        await play.ended()
        assert not await play.rows("SELECT 1 FROM access_grant")
        denied = await play.rows("SELECT 1 FROM turn_event WHERE type = 'tool.denied'")
        assert denied


async def test_a_model_that_is_away_ends_the_turn_honestly(
    database_url: str, tmp_path: Path
) -> None:
    def reply(_question: Question) -> bytes:
        return b'event: error\ndata: {"type":"error","error":{"type":"invalid_request_error","message":"no"}}\n\n'

    async with speaking(database_url, tmp_path, reply) as play:
        await play.say_in_slack(DESIGNER, "How do I connect to the VPN?")
        await play.ended()
        [message] = play.bot_in_slack(DESIGNER)
        assert "language model" in said_in(message)
        assert [r[0] for r in await play.rows("SELECT status FROM turn")] == ["failed"]


OVERLOADED = sse(
    {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
)


async def test_a_reply_that_breaks_off_is_replaced_and_nothing_is_said_twice(
    database_url: str, tmp_path: Path
) -> None:
    asked: list[str] = []

    def reply(question: Question) -> bytes:
        asked.append(question["model"])
        if len(asked) == 1:
            return sse(start(), *text(0, "Install the cli")[:2]) + OVERLOADED
        return saying("Install the client.")

    async with speaking(database_url, tmp_path, reply) as play:
        await play.say_in_slack(DESIGNER, "How do I connect to the VPN?")
        await play.ended()
        [message] = play.bot_in_slack(DESIGNER)
        assert said_in(message).count("Install the") == 1
        assert "Install the client." in said_in(message)
        assert len(asked) == 2


async def test_another_model_answers_where_the_first_one_is_not_there(
    database_url: str, tmp_path: Path
) -> None:
    def reply(question: Question) -> bytes | Answering:
        if question["model"] != "claude-spare":
            return refused(404, "not_found_error")
        return saying("Install the client.")

    spare = {"DESKHAND_FALLBACK_MODEL": "claude-spare"}
    async with speaking(database_url, tmp_path, reply, **spare) as play:
        await play.say_in_slack(DESIGNER, "How do I connect to the VPN?")
        await play.ended()
        [message] = play.bot_in_slack(DESIGNER)
        assert "Install the client." in said_in(message)
        query = "SELECT body ->> 'model' FROM turn_event WHERE type = 'model.replied'"
        assert await play.rows(query) == [("claude-spare",)]


async def test_a_long_answer_goes_on_at_a_press_in_slack_and_in_teams(
    database_url: str, tmp_path: Path
) -> None:
    def reply(question: Question) -> bytes:
        last = question["messages"][-1]["content"][-1]["text"]
        if last == replies.CONTINUE_SAID:
            assert question["messages"][-2]["role"] == "assistant"
            return saying("That is all.")
        return sse(start(), *text(0, "And then. "), *ended("max_tokens"))

    async with speaking(database_url, tmp_path, reply) as play:
        await play.say_in_slack(DESIGNER, "Tell me a long story")
        await play.ended()
        [message] = play.bot_in_slack(DESIGNER)
        assert "grew too long" in said_in(message)
        await play.stage.slack.click(
            DESIGNER, play.direct(DESIGNER), message["ts"], "turn.continue"
        )
        await play.ended(2)
        assert await play.slack_shows(DESIGNER, "That is all.")

        await play.stage.teams.say("priya.nair", "Tell me a long story")
        await play.ended(3)
        card = await play.teams_shows("priya.nair", "grew too long")
        await play.press_in_teams("priya.nair", card, "turn.continue")
        await play.ended(4)
        assert await play.teams_shows("priya.nair", "That is all.")
