import asyncio

import jwt
import pytest
from aiohttp import web

from adapters.simulator.teams.keys import SigningKey
from adapters.simulator.teams.limits import Limits
from bot.errors import PlatformError
from tests.unit.adapters.simulator.teams.stage import APP, TENANT, Stage, stage


async def test_a_message_arrives_signed_and_worded_as_teams_words_it(staged: Stage):
    said = await staged.world.say("ada", "1 < 2")
    heard = await staged.bot.next("message")
    assert heard["id"] == said
    assert (heard["text"], heard["channelId"]) == ("1 < 2", "msteams")
    assert heard["from"]["aadObjectId"]
    assert heard["from"]["id"].startswith("29:")
    assert heard["recipient"]["id"] == f"28:{APP}"
    assert heard["conversation"] == {
        "conversationType": "personal",
        "tenantId": TENANT,
        "id": staged.ada,
    }
    assert heard["channelData"]["tenant"]["id"] == TENANT
    assert heard["serviceUrl"] == staged.world.service_url
    assert heard["attachments"][0]["content"] == "<p>1 &lt; 2</p>"
    headers = staged.bot.requests[-1].headers
    assert headers["x-ms-conversation-id"] == staged.ada
    assert headers["x-ms-tenant-id"] == TENANT
    [message] = staged.world.messages(staged.ada)
    assert (message["id"], message["text"]) == (said, "1 < 2")


async def test_whoever_writes_first_installs_the_bot_by_it(staged: Stage):
    await staged.world.say("bob", "hello?")
    roster = await staged.bot.next("conversationUpdate")
    assert roster["membersAdded"] == [{"id": f"28:{APP}"}]
    assert (await staged.bot.next("installationUpdate"))["action"] == "add"


async def test_nobody_unknown_can_write(staged: Stage):
    with pytest.raises(PlatformError):
        await staged.world.say("eve", "I have no account")


async def test_what_is_not_accepted_comes_again_on_schedule(staged: Stage):
    staged.bot.answers.extend([web.Response(status=503), web.Response(status=500)])
    said = await staged.world.say("ada", "anybody there?")
    heard = [await staged.bot.next("message")]
    for pause in (1.0, 5.0):
        await staged.clock.someone_sleeps(pause)
        await staged.clock.advance(pause)
        heard.append(await staged.bot.next("message"))
    assert heard == [heard[0]] * 3
    await staged.world.wait_for(
        lambda _: any(d["status"] == 200 and d["attempt"] == 3 for d in sent(staged))
    )
    tried = [d for d in sent(staged) if d["activity"] == said]
    assert [d["status"] for d in tried] == [503, 500, 200]


def sent(staged: Stage) -> list[dict[str, object]]:
    return staged.changes("delivery")


async def test_after_the_last_attempt_teams_gives_up():
    async with stage(limits=Limits(message_retries=(1.0, 60.0))) as staged:
        staged.bot.answers.extend(web.Response(status=500) for _ in range(9))
        await staged.world.say("ada", "anybody there?")
        for pause in (1.0, 60.0):
            await staged.bot.next("message")
            await staged.clock.someone_sleeps(pause)
            await staged.clock.advance(pause)
        await staged.bot.next("message")
        await staged.world.wait_for(lambda _: sent(staged)[-1]["attempt"] == 3)
        assert staged.clock.is_idle


async def test_a_bot_that_needs_fifteen_seconds_hears_it_again(staged: Stage):
    slow = asyncio.Event()
    staged.bot.answers.append(slow)
    await staged.world.say("ada", "slow?")
    first = await staged.bot.next("message")
    await staged.clock.someone_sleeps(15.0)
    await staged.clock.advance(14.9)
    assert [d for d in sent(staged) if d["type"] == "message"] == []
    await staged.clock.advance(0.2)
    await staged.clock.someone_sleeps(1.0)
    assert sent(staged)[-1]["error"] == "timeout"
    await staged.clock.advance(1.0)
    assert await staged.bot.next("message") == first
    slow.set()


async def test_a_bot_that_is_away_gets_it_when_it_is_back():
    async with stage() as staged:
        staged.world._courier._bot_url = "http://127.0.0.1:9/api/messages"
        await staged.world.say("ada", "hello")
        await staged.clock.someone_sleeps(1.0)
        assert sent(staged)[-1]["status"] is None
        assert sent(staged)[-1]["error"] == "ClientConnectorError"


async def test_the_same_delivery_comes_as_often_as_wanted(staged: Stage):
    said = await staged.world.say("ada", "once")
    first = await staged.bot.next("message")
    outcomes = await staged.world.redeliver(said, times=3)
    assert [outcome.status for outcome in outcomes] == [200] * 3
    assert [await staged.bot.next("message") for _ in range(3)] == [first] * 3
    assert len(staged.world.messages(staged.ada)) == 1
    with pytest.raises(PlatformError):
        await staged.world.redeliver("1")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"iss": "https://evil.test"},
        {"serviceurl": "https://evil.test/"},
        {"serviceurl": None},
        {"exp": 1},
        {"aud": None},
    ],
)
async def test_a_token_can_be_forged_in_one_point(
    staged: Stage, claims: dict[str, object]
):
    body = staged.world.compose("ada", "let me in")
    for token, status in ((staged.world.mint(), 200), (staged.world.mint(claims), 401)):
        headers = {"Authorization": f"Bearer {token}"}
        assert (await staged.world.deliver_raw(body, headers)).status == status
    assert staged.world.messages(staged.ada) == []


async def test_a_claim_can_be_left_out(staged: Stage):
    token = staged.world.mint({"serviceurl": None, "extra": 1})
    claims = jwt.decode(token, options={"verify_signature": False})
    assert set(claims) == {"iss", "aud", "nbf", "exp", "extra"}


async def test_a_token_of_another_key_is_a_forgery(staged: Stage):
    body = staged.world.compose("ada", "let me in")
    headers = {"Authorization": f"Bearer {staged.world.mint(key=SigningKey('key-1'))}"}
    assert (await staged.world.deliver_raw(body, headers)).status == 401


async def test_a_new_key_is_published_and_used(staged: Stage):
    staged.world.rotate_key()
    await staged.world.say("ada", "hello")
    await staged.bot.next("message")
    token = staged.bot.requests[-1].headers["Authorization"].removeprefix("Bearer ")
    assert jwt_kid(token) == "key-2"


def jwt_kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


async def test_one_token_serves_many_deliveries_until_it_nears_its_end(staged: Stage):
    async def header() -> str:
        await staged.world.say("ada", "hello")
        await staged.bot.next("message")
        return staged.bot.requests[-1].headers["Authorization"]

    first = await header()
    await staged.clock.advance(3299)
    assert await header() == first
    await staged.clock.advance(2)
    staged.world._notary.token()
    assert f"Bearer {staged.world._notary.token()}" != first


async def test_raw_bytes_arrive_untouched(staged: Stage):
    outcome = await staged.world.deliver_raw(b"{not json", {"X-Test": "1"})
    assert outcome.status == 401
    assert staged.bot.requests[-1].headers["X-Test"] == "1"


async def test_closing_the_world_ends_what_it_still_had_to_do():
    async with stage() as staged:
        staged.bot.answers.append(web.Response(status=500))
        await staged.world.say("ada", "never answered")
        await staged.clock.someone_sleeps(1.0)


async def test_an_error_leaves_the_world_as_it_is():
    with pytest.raises(LookupError):
        async with stage():
            raise LookupError
