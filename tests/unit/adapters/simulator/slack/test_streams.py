"""Native streaming as Slack's own client meets it at the stand-in."""

from typing import Any

import pytest

from tests.unit.adapters.simulator.slack.stage import ADA, BOB, Json, Stage, error_of

METADATA = {"event_type": "ours", "event_payload": {"surface": "s1"}}
DIVIDER = {"type": "divider"}


def text(words: str) -> Json:
    return {"type": "markdown_text", "text": words}


def task(status: str = "in_progress", **more: object) -> Json:
    return {"type": "task_update", "id": "t1", "title": "Look", "status": status} | more


class Streaming:
    """A thread of Ada's, and a stream in it."""

    def __init__(self, staged: Stage) -> None:
        self.staged = staged
        self.client = staged.client
        self.where: Json = {}
        self.thread = ""

    async def start(self, *chunks: Json, **more: object) -> str:
        self.thread = await self.staged.ask("help")
        given: dict[str, Any] = {
            "channel": self.staged.channel,
            "thread_ts": self.thread,
            "recipient_user_id": ADA.id,
            "recipient_team_id": self.staged.world.workspace.team.id,
            "task_display_mode": "plan",
            "chunks": list(chunks) or None,
            **more,
        }
        sent = {key: value for key, value in given.items() if value is not None}
        answer = await self.client.api_call("chat.startStream", json=sent)
        self.where = {"channel": answer["channel"], "ts": answer["ts"]}
        return str(answer["ts"])

    async def append(self, *chunks: Json, **more: object) -> Json:
        sent = {**self.where, "chunks": list(chunks), **more}
        return await self.client.api_call("chat.appendStream", json=sent)

    async def stop(self, *chunks: Json, **more: object) -> Json:
        sent = {**self.where, "chunks": list(chunks), **more}
        return await self.client.api_call("chat.stopStream", json=sent)

    async def edit(self) -> Json:
        return await self.client.chat_update(**self.where, text="edited")

    @property
    def message(self) -> Json:
        found = self.staged.world.messages(self.where["channel"])
        return next(m for m in found if m["ts"] == self.where["ts"])

    @property
    def drawn(self) -> list[str]:
        return [block["type"] for block in self.message["blocks"]]

    @property
    def session(self) -> str | None:
        key = (self.where["channel"], self.thread)
        return self.staged.world.workspace.statuses[key]["session"]


@pytest.fixture
def stream(staged: Stage) -> Streaming:
    return Streaming(staged)


# ---------------------------------------------------------------------------- life


async def test_a_stream_grows_in_place_and_ends_as_a_message_that_can_be_edited(
    stream: Streaming,
) -> None:
    await stream.start({"type": "plan_update", "title": "Working"}, task())
    assert (stream.message["stream"], stream.session) == ("open", "processing")
    await stream.append(text("Hel"))
    await stream.append(text("lo"), task("complete"))
    await stream.stop(text("!"), blocks=[DIVIDER], metadata=METADATA)
    assert stream.drawn == ["plan", "markdown", "divider"]
    assert stream.message["blocks"][0]["title"] == "Working"
    assert stream.message["blocks"][0]["tasks"][0]["status"] == "complete"
    assert stream.message["blocks"][1]["text"] == "Hello!"
    assert stream.message["metadata"] == METADATA
    assert (stream.message["stream"], stream.session) == ("stopped", "active")
    await stream.edit()
    assert (stream.message["text"], stream.message["stream"]) == ("edited", None)
    assert stream.message["metadata"] == METADATA


async def test_metadata_and_blocks_are_taken_at_the_stop_only(
    stream: Streaming,
) -> None:
    await stream.start(text("a"), metadata=METADATA, blocks=[DIVIDER])
    await stream.append(text("b"), metadata=METADATA, blocks=[DIVIDER])
    assert stream.message["metadata"] is None
    assert stream.drawn == ["markdown"]


async def test_a_timeline_shows_cards_between_the_text(stream: Streaming) -> None:
    await stream.start(text("a"), task(), text("b"), task_display_mode="timeline")
    assert stream.drawn == ["markdown", "task_card", "markdown"]


async def test_a_tasks_title_is_replaced_and_its_details_are_appended(
    stream: Streaming,
) -> None:
    await stream.start(task(title="One", details="a", output="x"))
    await stream.append(task("complete", title="Two", details="b", output="y"))
    (card,) = stream.message["blocks"][0]["tasks"]
    assert (card["title"], card["status"]) == ("Two", "complete")
    assert "ab" in str(card["details"])
    assert "xy" in str(card["output"])


async def test_a_task_left_in_progress_at_the_stop_has_failed(
    stream: Streaming,
) -> None:
    await stream.start(task(), task("pending", id="t2"), task("complete", id="t3"))
    await stream.stop()
    tasks = stream.message["blocks"][0]["tasks"]
    assert [t["status"] for t in tasks] == ["error", "pending", "complete"]


async def test_a_stream_dies_of_age_however_busy_it_is(stream: Streaming) -> None:
    await stream.start(text("a"), task())
    for _ in range(9):
        stream.staged.clock.advance(33)
        await stream.append(text("."))
    stream.staged.clock.advance(3)
    gone = "message_not_in_streaming_state"
    assert await error_of(stream.append(text("b"))) == gone
    assert await error_of(stream.stop()) == gone
    assert stream.message["stream"] == "expired"
    assert stream.message["blocks"][0]["tasks"][0]["status"] == "error"
    assert stream.session == "active"
    await stream.edit()
    assert stream.message["stream"] is None


async def test_a_stream_that_nobody_touches_dies_too(stream: Streaming) -> None:
    await stream.start(text("a"))
    await stream.staged.clock.someone_sleeps(300)
    stream.staged.clock.advance(300)
    await stream.staged.world.wait_for(lambda: stream.message["stream"] == "expired")


async def test_while_it_streams_a_message_can_be_neither_edited_nor_deleted(
    stream: Streaming,
) -> None:
    await stream.start(text("a"))
    assert await error_of(stream.edit()) == "streaming_state_conflict"
    delete = stream.client.chat_delete(**stream.where)
    assert await error_of(delete) == "cant_delete_message"
    await stream.stop()
    await stream.edit()


async def test_what_was_stopped_cannot_be_stopped_again(stream: Streaming) -> None:
    await stream.start(text("a"))
    await stream.stop()
    gone = "message_not_in_streaming_state"
    assert await error_of(stream.stop()) == gone
    assert await error_of(stream.append(text("b"))) == gone


async def test_a_persons_stop_ends_the_stream_and_is_told_to_the_bot(
    stream: Streaming,
) -> None:
    ts = await stream.start(text("a"))
    world = stream.staged.world
    await world.stop_session(ADA.id, stream.staged.channel, stream.thread)
    events = [received async for received in _until_stopped(stream)]
    assert events[-1]["streaming_message_ts"] == [ts]
    assert events[-1]["user"] == ADA.id
    assert await error_of(stream.append(text("b"))) == "stopped_by_user"
    assert await error_of(stream.stop()) == "message_not_in_streaming_state"
    # Changing the status is up to the app.
    assert stream.session == "processing"
    await stream.edit()


async def _until_stopped(stream: Streaming):
    while True:
        event = (await stream.staged.bot.next()).event
        yield event
        if event["type"] == "agent_session_stopped":
            return


# ------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"thread_ts": None}, "invalid_thread_ts"),
        ({"thread_ts": "0"}, "invalid_thread_ts"),
        ({"thread_ts": "1.000000"}, "invalid_thread_ts"),
        ({"recipient_user_id": None}, "missing_recipient_user_id"),
        ({"recipient_team_id": None}, "missing_recipient_team_id"),
        ({"recipient_user_id": "B0BOT"}, "invalid_arguments"),
        ({"task_display_mode": "list"}, "invalid_arguments"),
        ({"channel": "C9"}, "channel_not_found"),
        (
            {"markdown_text": "x", "chunks": [text("y")]},
            "cannot_provide_both_markdown_text_and_chunks",
        ),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"chunks": [{"type": "song"}]}, "invalid_chunks"),
        ({"chunks": [task("done")]}, "invalid_chunks"),
        ({"chunks": [task(title="x" * 257)]}, "invalid_chunks"),
        ({"chunks": [task(output="x" * 257)]}, "invalid_chunks"),
        ({"chunks": [{"type": "task_update", "title": "x"}]}, "invalid_chunks"),
        ({"chunks": [{"type": "blocks", "blocks": [{"type": "?"}]}]}, "invalid_blocks"),
        (
            {"chunks": [{"type": "blocks", "blocks": [{"type": "file"}]}]},
            "internal_error",
        ),
    ],
)
async def test_a_start_is_refused(stream: Streaming, more: Json, error: str) -> None:
    assert await error_of(stream.start(**more)) == error
    assert not any(
        m["bot_id"] for m in stream.staged.world.messages(stream.staged.channel)
    )


async def test_in_a_direct_conversation_nobody_need_be_named(staged: Stage) -> None:
    ts = await staged.world.say(ADA.id, staged.ada_dm, "help")
    started = await staged.client.api_call(
        "chat.startStream",
        json={"channel": staged.ada_dm, "thread_ts": ts, "markdown_text": "*hi*"},
    )
    assert started["ok"]


async def test_an_append_must_bring_something(stream: Streaming) -> None:
    await stream.start(text("a"))
    assert await error_of(stream.append()) == "markdown_text_or_chunks_required"


async def test_the_first_content_decides_in_which_form_the_rest_comes(
    stream: Streaming,
) -> None:
    await stream.start(text("a"))
    wrong = {"chunks": None, "markdown_text": "b"}
    assert await error_of(stream.append(**wrong)) == "streaming_mode_mismatch"
    assert await error_of(stream.stop(**wrong)) == "streaming_mode_mismatch"
    await stream.start(markdown_text="a")
    assert await error_of(stream.append(text("b"))) == "streaming_mode_mismatch"
    await stream.append(chunks=None, markdown_text="b")
    await stream.stop()
    assert stream.message["text"] == "ab"


async def test_the_whole_message_holds_twelve_thousand_characters(
    stream: Streaming,
) -> None:
    await stream.start(text("x" * 11_990), task(title="x" * 10))
    assert await error_of(stream.append(text("y"))) == "msg_too_long"
    assert await error_of(stream.append(task(title="x" * 11))) == "msg_too_long"
    await stream.append(task(title="z" * 10))
    assert await error_of(stream.stop(text("y"))) == "msg_too_long"
    await stream.stop()
    assert len(stream.message["text"]) == 11_990


async def test_a_refused_append_changes_nothing(stream: Streaming) -> None:
    await stream.start(text("a"))
    assert await error_of(stream.append(text("b"), task("done"))) == "invalid_chunks"
    assert stream.message["text"] == "a"


async def test_blocks_too_many_are_left_out_with_a_warning(stream: Streaming) -> None:
    await stream.start(text("a"))
    answer = await stream.append({"type": "blocks", "blocks": [DIVIDER] * 53})
    assert "3 blocks" in str(answer["response_metadata"]["warnings"])
    assert len(stream.drawn) == 51
    too_many = stream.stop(blocks=[DIVIDER] * 51)
    assert await error_of(too_many) == "invalid_blocks"


async def test_only_the_bots_own_streams_can_be_appended_to(stream: Streaming) -> None:
    ts = await stream.start(text("a"))
    stream.where["ts"] = stream.thread
    assert await error_of(stream.append(text("b"))) == "message_not_owned_by_app"
    stream.where["ts"] = await stream.staged.post("plain")
    assert await error_of(stream.append(text("b"))) == "message_not_in_streaming_state"
    stream.where["ts"] = ts
    stream.staged.world.mishaps.delete(stream.staged.channel, ts)
    assert await error_of(stream.append(text("b"))) == "message_not_found"
    assert await error_of(stream.stop()) == "message_not_found"


# -------------------------------------------------------------------------- history


async def test_history_shows_a_message_as_it_was_a_moment_ago(
    stream: Streaming,
) -> None:
    await stream.start(text("a"))
    stream.staged.clock.advance(10)
    await stream.stop(text("b"), metadata=METADATA)
    assert await _seen(stream) == ("a", None)
    stream.staged.clock.advance(2.9)
    assert await _seen(stream) == ("a", None)
    stream.staged.clock.advance(0.2)
    assert await _seen(stream) == ("ab", METADATA)


async def _seen(stream: Streaming) -> tuple[str, Json | None]:
    told = await stream.client.conversations_replies(
        channel=stream.staged.channel, ts=stream.thread, include_all_metadata=True
    )
    message = told["messages"][-1]
    return message["text"], message.get("metadata")


# -------------------------------------------------------------------------- mishaps


async def test_nothing_can_be_changed_in_an_archived_channel(stream: Streaming) -> None:
    await stream.start(text("a"))
    mishaps = stream.staged.world.mishaps
    mishaps.archive(stream.staged.channel)
    for call in (stream.staged.post(), stream.append(text("b")), stream.edit()):
        assert await error_of(call) == "is_archived"
    await stream.client.conversations_history(channel=stream.staged.channel)
    mishaps.archive(stream.staged.channel, archived=False)
    await stream.append(text("b"))


async def test_a_bot_that_was_removed_can_do_nothing_there(stream: Streaming) -> None:
    await stream.start(text("a"))
    mishaps = stream.staged.world.mishaps
    mishaps.remove_bot(stream.staged.channel)
    history = stream.client.conversations_history(channel=stream.staged.channel)
    for call in (stream.staged.post(), stream.append(text("b")), history):
        assert await error_of(call) == "not_in_channel"
    mishaps.invite_bot(stream.staged.channel)
    await stream.append(text("b"))


async def test_a_revoked_token_opens_nothing_and_the_bot_is_told(
    staged: Stage,
) -> None:
    staged.world.mishaps.revoke_token()
    assert await error_of(staged.client.auth_test()) == "token_revoked"
    assert (await staged.bot.next()).event["type"] == "tokens_revoked"
    staged.world.mishaps.restore_token()
    await staged.client.auth_test()


async def test_messages_cannot_be_edited_after_the_edit_window(staged: Stage) -> None:
    staged.world.mishaps.allow_edits_for(60)
    edit = {"channel": staged.channel, "ts": await staged.post(), "text": "x"}
    await staged.client.chat_update(**edit)
    staged.clock.advance(61)
    late = staged.client.chat_update(**edit)
    assert await error_of(late) == "edit_window_closed"


async def test_starts_are_counted_as_posts_and_by_their_own_rate(
    stream: Streaming,
) -> None:
    for _ in range(5):
        await stream.start(text("a"))
    assert await error_of(stream.start(text("a"))) == "ratelimited"
    lanes = {b["lane"]: b["left"] for b in stream.staged.world.budgets()}
    assert lanes["slack/T0TEAM/chat.startStream"] == 15
    assert BOB.id in stream.staged.world.help_channel.members
