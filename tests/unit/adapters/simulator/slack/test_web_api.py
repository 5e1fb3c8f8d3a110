"""What slack_sdk's own client gets from the stand-in, over HTTP."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.simulator.slack.limits import UNLISTED
from tests.unit.adapters.simulator.slack.stage import (
    ADA,
    BOB,
    TOKEN,
    Stage,
    error_of,
    refusal_of,
    stage,
)

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*hi*"}}


async def test_the_token_says_who_calls(staged: Stage) -> None:
    answer = await staged.client.auth_test()
    assert answer["user_id"] == staged.world.bot.user_id
    assert "chat:write" in answer.headers["X-OAuth-Scopes"]


@pytest.mark.parametrize(
    ("token", "error"), [("", "not_authed"), ("xoxb-other", "invalid_auth")]
)
async def test_without_the_right_token_nothing_is_answered(
    staged: Stage, token: str, error: str
) -> None:
    client: Any = AsyncWebClient(token=token, base_url=staged.client.base_url)
    assert await error_of(client.team_info()) == error


async def test_a_method_that_is_not_there_is_unknown(staged: Stage) -> None:
    assert await error_of(staged.client.api_call("chat.dance")) == "unknown_method"


async def test_arguments_come_as_a_form_a_query_or_json(staged: Stage) -> None:
    url = f"{staged.client.base_url}chat.postMessage"
    args = {"channel": staged.channel, "text": "hi"}
    header = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession() as session:
        for sent in (
            {"data": {**args, "token": TOKEN, "blocks": "[]"}},
            {"params": args, "headers": header},
            {"json": args, "headers": header},
        ):
            async with session.post(url, **sent) as response:  # pyright: ignore[reportArgumentType] - one of three shapes
                assert (await response.json())["ok"]
        async with session.post(url, data="{", headers=header | _JSON) as response:
            assert (await response.json())["error"] == "invalid_json"
    assert [m["text"] for m in staged.world.messages(staged.channel)] == ["hi"] * 3


_JSON = {"Content-Type": "application/json"}


async def test_a_posted_message_is_there_with_everything(staged: Stage) -> None:
    metadata = {"event_type": "helpdesk_post", "event_payload": {"op": "1"}}
    ts = await staged.post(blocks=[SECTION], metadata=metadata)
    (message,) = staged.world.messages(staged.channel)
    assert message["ts"] == ts
    assert message["bot_id"] == staged.world.bot.bot_id
    assert message["metadata"] == metadata
    assert message["blocks"][0]["block_id"]
    assert message["revision"] == 1


async def test_timestamps_are_unique_and_grow(staged: Stage) -> None:
    posted = [await staged.post() for _ in range(4)]
    assert posted == sorted(set(posted))


async def test_an_edit_replaces_and_counts(staged: Stage) -> None:
    ts = await staged.post("one", blocks=[SECTION])
    answer = await staged.client.chat_update(
        channel=staged.channel, ts=ts, text="two", blocks=[SECTION, {"type": "divider"}]
    )
    assert answer["text"] == "two"
    (message,) = staged.world.messages(staged.channel)
    assert (message["text"], len(message["blocks"])) == ("two", 2)
    assert (message["revision"], bool(message["edited"])) == (2, True)


async def test_text_without_blocks_takes_the_blocks_away_but_keeps_metadata(
    staged: Stage,
) -> None:
    metadata = {"event_type": "kept", "event_payload": {"op": "1"}}
    ts = await staged.post("one", blocks=[SECTION], metadata=metadata)
    await staged.client.chat_update(channel=staged.channel, ts=ts, text="two")
    (message,) = staged.world.messages(staged.channel)
    assert (message["blocks"], message["metadata"]) == ([], metadata)


async def test_a_long_text_is_cut_in_a_post_and_refused_in_an_edit(
    staged: Stage,
) -> None:
    ts = await staged.post("x" * 40_001)
    assert len(staged.world.messages(staged.channel)[0]["text"]) == 40_000
    for length, error in ((4_001, "msg_too_long"), (4_000, None)):
        edit = staged.client.chat_update(
            channel=staged.channel, ts=ts, text="y" * length
        )
        if error:
            assert await error_of(edit) == error
        else:
            assert (await edit)["ok"]


async def test_only_own_messages_can_be_edited_or_deleted(staged: Stage) -> None:
    ts = await staged.ask("mine")
    where = {"channel": staged.channel, "ts": ts}
    client = staged.client
    assert await error_of(client.chat_update(**where, text="x")) == (
        "cant_update_message"
    )
    assert await error_of(client.chat_delete(**where)) == "cant_delete_message"
    where["ts"] = "1.000000"
    assert await error_of(client.chat_update(**where, text="x")) == "message_not_found"


async def test_a_deleted_message_is_gone(staged: Stage) -> None:
    ts = await staged.post()
    await staged.client.chat_delete(channel=staged.channel, ts=ts)
    assert staged.world.messages(staged.channel) == []
    edit = staged.client.chat_update(channel=staged.channel, ts=ts, text="x")
    assert await error_of(edit) == "message_not_found"


async def test_a_post_needs_a_channel_a_content_and_a_thread_that_is_there(
    staged: Stage,
) -> None:
    client, channel = staged.client, staged.channel
    assert await error_of(client.chat_postMessage(channel="C9", text="x")) == (
        "channel_not_found"
    )
    assert await error_of(
        client.api_call("chat.postMessage", json={"channel": channel})
    ) == ("no_text")
    assert await error_of(
        client.chat_postMessage(channel=channel, text="x", thread_ts="1.0")
    ) == ("thread_not_found")
    assert await error_of(
        client.chat_postMessage(channel=channel, text="x", markdown_text="y")
    ) == ("markdown_text_conflict")
    long = client.chat_postMessage(channel=channel, markdown_text="x" * 12_001)
    assert await error_of(long) == "msg_too_long"
    attachments = [{"text": "x"}] * 101
    many = client.chat_postMessage(channel=channel, text="x", attachments=attachments)
    assert await error_of(many) == "too_many_attachments"


async def test_replies_gather_under_the_first_message(staged: Stage) -> None:
    root = await staged.ask("help")
    reply = await staged.post("on it", thread_ts=root)
    nested = await staged.post("still", thread_ts=reply)
    assert [m["ts"] for m in staged.world.thread(staged.channel, root)] == [
        root,
        reply,
        nested,
    ]


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        ({"event_type": "with_underscore", "event_payload": {}}, True),
        ({"event_type": "with.dot", "event_payload": {}}, False),
    ],
)
async def test_metadata_with_a_dot_in_its_type_is_forgotten(
    staged: Stage, metadata: dict[str, object], *, kept: bool
) -> None:
    await staged.post(metadata=metadata)
    (message,) = staged.world.messages(staged.channel)
    assert (message["metadata"] is not None) is kept


async def test_too_much_metadata_is_refused(staged: Stage) -> None:
    for size, fits in ((8_000, True), (9_000, False)):
        metadata = {"event_type": "x", "event_payload": {"a": "b" * size}}
        post = staged.client.chat_postMessage(
            channel=staged.channel, text="x", metadata=metadata
        )
        if fits:
            assert (await post)["ok"]
        else:
            assert await error_of(post) == "metadata_too_large"


async def test_invalid_blocks_are_explained(staged: Stage) -> None:
    refusal = await refusal_of(
        staged.client.chat_postMessage(
            channel=staged.channel, text="x", blocks=[{"type": "sofa"}]
        )
    )
    assert refusal.error == "invalid_blocks"
    assert refusal.body["response_metadata"]["messages"] == [
        "[ERROR] unsupported type: sofa [json-pointer:/blocks/0/type]"
    ]


async def test_an_ephemeral_message_is_seen_by_one_and_cannot_be_edited(
    staged: Stage,
) -> None:
    answer = await staged.client.chat_postEphemeral(
        channel=staged.channel, user=ADA.id, text="psst"
    )
    shown = staged.world.snapshot()["ephemerals"]
    assert [e["text"] for e in shown[ADA.id]] == ["psst"]
    assert BOB.id not in shown
    edit = staged.client.chat_update(
        channel=staged.channel, ts=answer["message_ts"], text="x"
    )
    assert await error_of(edit) == "message_not_found"
    stranger = staged.client.chat_postEphemeral(
        channel=staged.ada_dm, user=BOB.id, text="x"
    )
    assert await error_of(stranger) == "user_not_in_channel"


async def test_people_are_found_by_id_and_by_email(staged: Stage) -> None:
    by_id = await staged.client.users_info(user=ADA.id)
    by_email = await staged.client.users_lookupByEmail(email="ADA@x.test")
    assert by_id["user"] == by_email["user"]
    assert by_id["user"]["profile"]["title"] == "Designer"
    assert await error_of(staged.client.users_info(user="U9")) == "user_not_found"
    assert await error_of(staged.client.users_lookupByEmail(email="no@x.test")) == (
        "users_not_found"
    )


async def test_a_person_can_be_written_to_directly(staged: Stage) -> None:
    opened = await staged.client.conversations_open(users=[ADA.id])
    assert opened["channel"]["id"] == staged.ada_dm
    info = await staged.client.conversations_info(channel=staged.ada_dm)
    assert (info["channel"]["is_im"], info["channel"]["user"]) == (True, ADA.id)
    await staged.post("by user id", channel=ADA.id)
    assert len(staged.world.messages(staged.ada_dm)) == 1
    nobody = staged.client.conversations_open(users="U9")
    assert await error_of(nobody) == "user_not_found"


async def test_only_a_post_finds_a_place_by_a_name_or_a_person(staged: Stage) -> None:
    dm, client = {"channel": ADA.id}, staged.client
    ts = await staged.post("hi", **dm)
    root = await staged.ask("help")
    staged.clock.advance(10)
    named = {"channel": f"#{staged.world.help_channel.name}"}
    assert await staged.post("by name", **named)
    for call in (
        client.chat_update(**dm, ts=ts, text="x"),
        client.chat_delete(**dm, ts=ts),
        client.conversations_history(**dm),
        client.conversations_replies(**named, ts=root),
        client.chat_postEphemeral(**named, user=ADA.id, text="x"),
        client.reactions_add(**dm, timestamp=ts, name="eyes"),
    ):
        assert await error_of(call) == "channel_not_found"


async def test_an_app_that_is_sold_unlisted_reads_little_and_seldom() -> None:
    async with stage(limits_profile=UNLISTED) as staged:
        roots = [await staged.ask(str(n)) for n in range(20)]
        staged.clock.advance(10)
        read = staged.client.conversations_history
        page = await read(channel=staged.channel, limit=100)
        assert [m["ts"] for m in page["messages"]] == roots[:4:-1]
        assert page["has_more"]
        refusal = await refusal_of(read(channel=staged.channel))
        assert (refusal.status, refusal.headers["Retry-After"]) == (429, "60")


async def test_what_was_just_posted_cannot_be_read_back_yet(staged: Stage) -> None:
    root = await staged.ask("help")
    staged.clock.advance(10)
    metadata = {"event_type": "post", "event_payload": {"op": "7"}}
    await staged.post("answer", thread_ts=root, metadata=metadata)

    async def read(*, with_metadata: bool = True) -> list[dict[str, Any]]:
        answer = await staged.client.conversations_replies(
            channel=staged.channel, ts=root, include_all_metadata=with_metadata
        )
        return list(answer["messages"])

    assert [m["text"] for m in await read()] == ["help"]
    staged.clock.advance(3)
    answer = (await read())[-1]
    assert (answer["text"], answer["metadata"]) == ("answer", metadata)
    assert answer["bot_id"] == staged.world.bot.bot_id
    assert "metadata" not in (await read(with_metadata=False))[-1]


async def test_history_is_read_in_pages_newest_first_without_replies(
    staged: Stage,
) -> None:
    roots = [await staged.ask(str(n)) for n in range(5)]
    await staged.post("reply", thread_ts=roots[0])
    staged.clock.advance(10)
    seen: list[str] = []
    cursor = None
    while cursor != "":
        page = await staged.client.conversations_history(
            channel=staged.channel, limit=2, cursor=cursor
        )
        seen += [m["ts"] for m in page["messages"]]
        cursor = page["response_metadata"]["next_cursor"]
    assert seen == roots[::-1]
    newer = await staged.client.conversations_history(
        channel=staged.channel, oldest=roots[3]
    )
    assert [m["ts"] for m in newer["messages"]] == [roots[4]]
    both = await staged.client.conversations_history(
        channel=staged.channel, oldest=roots[3], inclusive=True
    )
    assert [m["ts"] for m in both["messages"]] == [roots[4], roots[3]]


async def test_a_reaction_is_set_once_and_taken_back_once(staged: Stage) -> None:
    what = {"channel": staged.channel, "timestamp": await staged.ask("x")}
    await staged.client.reactions_add(**what, name="eyes")
    (message,) = staged.world.messages(staged.channel)
    assert message["reactions"][0]["name"] == "eyes"
    again = staged.client.reactions_add(**what, name="eyes")
    assert await error_of(again) == "already_reacted"
    await staged.client.reactions_remove(**what, name="eyes")
    again = staged.client.reactions_remove(**what, name="eyes")
    assert await error_of(again) == "no_reaction"


async def test_a_session_says_what_the_bot_does(staged: Stage) -> None:
    root = await staged.ask("help")
    where = {"channel_id": staged.channel, "thread_ts": root}
    await staged.client.agents_sessions_setStatus(**where, status="processing")
    (status,) = staged.world.snapshot()["statuses"]
    assert (status["session"], status["status"]) == ("processing", "is working…")
    staged.clock.advance(3_601)
    assert staged.world.snapshot()["statuses"] == []
    wrong = staged.client.agents_sessions_setStatus(**where, status="asleep")
    assert await error_of(wrong) == "invalid_status"


async def test_an_assistants_status_ends_with_the_next_post(staged: Stage) -> None:
    root = await staged.ask("help")
    await staged.client.assistant_threads_setStatus(
        channel_id=staged.channel, thread_ts=root, status="is thinking…"
    )
    assert staged.world.snapshot()["statuses"][0]["status"] == "is thinking…"
    await staged.post("done", thread_ts=root)
    assert staged.world.snapshot()["statuses"] == []
