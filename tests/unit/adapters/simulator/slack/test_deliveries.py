"""What the bot is sent: signed, on time, again when it does not answer."""

import asyncio
import json

import pytest
from aiohttp import web

from bot.company.model import About, Company, Person
from bot.errors import MalformedError
from bot.protocol.ids import PersonId
from tests.unit.adapters.simulator.slack.stage import ADA, BOB, Stage, stage


async def acknowledged(staged: Stage, *, attempt: int = 1) -> None:
    await staged.world.wait_for(
        lambda: staged.journaled(
            "delivery", lambda d: d["ok"] and d["attempt"] == attempt
        )
    )


async def test_a_direct_message_arrives_once_in_slacks_shape(staged: Stage) -> None:
    ts = await staged.world.say(ADA.id, staged.ada_dm, "a < b")
    received = await staged.bot.next()
    assert received.payload["type"] == "event_callback"
    assert received.payload["team_id"] == staged.world.workspace.team.id
    assert received.payload["authorizations"][0]["user_id"] == (
        staged.world.bot.user_id
    )
    event = received.event
    assert (event["type"], event["channel_type"]) == ("message", "im")
    assert (event["ts"], event["user"], event["text"]) == (ts, ADA.id, "a &lt; b")
    section = event["blocks"][0]["elements"][0]
    assert section["elements"] == [{"type": "text", "text": "a < b"}]
    assert event["client_msg_id"]
    await acknowledged(staged)
    assert staged.bot.received.empty()


async def test_a_mention_in_a_channel_arrives_as_two_events(staged: Stage) -> None:
    ts = await staged.ask("@Deskhand help")
    both = [await staged.bot.next(), await staged.bot.next()]
    assert {r.event["type"] for r in both} == {"app_mention", "message"}
    assert {r.event["ts"] for r in both} == {ts}
    assert len({r.payload["event_id"] for r in both}) == 2
    assert all(f"<@{staged.world.bot.user_id}>" in r.event["text"] for r in both)


async def test_a_mention_in_a_direct_conversation_is_no_second_event(
    staged: Stage,
) -> None:
    await staged.world.say(ADA.id, staged.ada_dm, "@Deskhand help")
    assert [e["event"]["type"] for e in staged.world.sent_events()] == ["message"]


async def test_talk_in_a_channel_arrives_as_one_event(staged: Stage) -> None:
    await staged.ask("lunch?")
    assert (await staged.bot.next()).event["channel_type"] == "channel"
    await acknowledged(staged)
    assert staged.bot.received.empty()


async def test_a_reply_says_whose_thread_it_is(staged: Stage) -> None:
    root = await staged.ask("help")
    await staged.bot.next()
    await staged.world.say(BOB.id, staged.channel, "me too", thread_ts=root)
    event = (await staged.bot.next()).event
    assert (event["thread_ts"], event["parent_user_id"]) == (root, ADA.id)


async def test_an_event_without_an_answer_is_sent_three_more_times(
    staged: Stage,
) -> None:
    silences = [asyncio.Event() for _ in range(4)]
    staged.bot.answers.extend(silences)
    await staged.world.say(ADA.id, staged.ada_dm, "hello?")
    got = [await staged.bot.next()]
    for delay in (None, 60.0, 300.0):
        await staged.clock.someone_sleeps(3.0)
        staged.clock.advance(3)
        if delay:
            await staged.clock.someone_sleeps(delay)
            staged.clock.advance(delay - 1)
            assert staged.bot.received.empty()
            staged.clock.advance(1)
        got.append(await staged.bot.next())
    await staged.clock.someone_sleeps(3.0)
    staged.clock.advance(3)
    await staged.world.wait_for(
        lambda: staged.journaled("delivery", lambda d: d["given_up"])
    )
    assert [r.retry_num for r in got] == [None, "1", "2", "3"]
    assert [r.retry_reason for r in got] == [None, *["http_timeout"] * 3]
    assert len({r.payload["event_id"] for r in got}) == 1
    for silence in silences:
        silence.set()


async def test_an_error_is_retried_until_it_is_acknowledged(staged: Stage) -> None:
    staged.bot.answers.extend([web.Response(status=503), web.Response()])
    await staged.world.say(ADA.id, staged.ada_dm, "hello")
    await staged.bot.next()
    again = await staged.bot.next()
    assert (again.retry_num, again.retry_reason) == ("1", "http_error")
    await acknowledged(staged, attempt=2)


async def test_a_bot_can_ask_for_no_retry(staged: Stage) -> None:
    refusal = web.Response(status=500, headers={"x-slack-no-retry": "1"})
    staged.bot.answers.append(refusal)
    await staged.world.say(ADA.id, staged.ada_dm, "hello")
    await staged.world.wait_for(
        lambda: staged.journaled("delivery", lambda d: d["given_up"])
    )
    assert staged.bot.received.qsize() == 1


async def test_a_bot_that_is_down_is_a_failed_connection() -> None:
    async with stage(retry_delays=(0, 0)) as staged:
        staged.world.bot_url = "http://127.0.0.1:1/events"
        await staged.world.say(ADA.id, staged.ada_dm, "hello")
        await staged.world.wait_for(
            lambda: staged.journaled("delivery", lambda d: d["given_up"])
        )
        deliveries = staged.journaled("delivery", lambda _: True)
        assert [d["reason"] for d in deliveries] == ["connection_failed"] * 3


async def test_a_delivery_can_be_repeated_under_the_same_id(staged: Stage) -> None:
    await staged.world.say(ADA.id, staged.ada_dm, "hello")
    first = await staged.bot.next()
    attempts = await staged.world.redeliver(times=5)
    again = [await staged.bot.next() for _ in range(5)]
    assert all(attempt.ok for attempt in attempts)
    assert [r.payload for r in again] == [first.payload] * 5
    with pytest.raises(MalformedError):
        await staged.world.redeliver("Ev0")


async def test_a_tampered_request_is_told_from_a_signed_one(staged: Stage) -> None:
    body = json.dumps({"type": "url_verification"}).encode()
    headers = staged.world.sign(body)
    assert (await staged.world.deliver_raw(body, headers)).status == 200
    assert (await staged.world.deliver_raw(body + b" ", headers)).status == 401
    old = staged.world.sign(body, at=staged.clock.now().timestamp() - 301)
    assert (await staged.world.deliver_raw(body, old)).status == 401
    assert staged.bot.refused == 2


async def test_the_bot_hears_its_own_posts_edits_and_deletions() -> None:
    async with stage(echo_own=True) as staged:
        ts = await staged.post("one")
        posted = (await staged.bot.next()).event
        assert (posted["text"], posted["bot_id"]) == ("one", staged.world.bot.bot_id)
        await staged.client.chat_update(channel=staged.channel, ts=ts, text="two")
        edited = (await staged.bot.next()).event
        assert edited["subtype"] == "message_changed"
        assert edited["message"]["text"] == "two"
        assert edited["message"]["bot_id"] == staged.world.bot.bot_id
        assert edited["previous_message"]["text"] == "one"
        await staged.client.chat_delete(channel=staged.channel, ts=ts)
        deleted = (await staged.bot.next()).event
        assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)


async def test_nobody_writes_where_they_are_not(staged: Stage) -> None:
    for user, channel in (
        (BOB.id, staged.ada_dm),
        ("U9", staged.channel),
        (ADA.id, "C9"),
    ):
        with pytest.raises(MalformedError):
            await staged.world.say(user, channel, "hello")


async def test_stop_reaches_the_bot(staged: Stage) -> None:
    root = await staged.ask("help")
    await staged.bot.next()
    await staged.world.stop_session(ADA.id, staged.channel, root)
    event = (await staged.bot.next()).event
    assert event["type"] == "agent_session_stopped"
    assert (event["user"], event["thread_ts"]) == (ADA.id, root)


async def test_leaving_the_world_ends_what_waits(staged: Stage) -> None:
    staged.bot.answers.append(web.Response(status=500))
    staged.bot.answers.append(web.Response(status=500))
    await staged.world.say(ADA.id, staged.ada_dm, "hello")
    await staged.clock.someone_sleeps(60.0)
    # The fixture closes the world now; a task left behind would hang the test.


async def test_the_people_of_the_company_file_are_in_the_workspace() -> None:
    company = Company(
        company=About(name="Tea & Co.", help_channel="ask-it"),
        people=(
            Person(id=PersonId("eve"), name="Eve", email="eve@x.test", slack="U0EVE"),
            Person(id=PersonId("joe"), name="Joe", email="joe@x.test"),
        ),
    )
    async with stage(company=company, users=()) as staged:
        snapshot = staged.world.snapshot()
    assert snapshot["team"]["domain"] == "teaco"
    assert [user["id"] for user in snapshot["users"]] == ["U0EVE"]
    assert [channel["name"] for channel in snapshot["channels"]] == ["ask-it", "eve"]


async def test_waiting_gives_up() -> None:
    async with stage() as staged:
        with pytest.raises(TimeoutError):
            await staged.world.wait_for(lambda: False, 0.01)
