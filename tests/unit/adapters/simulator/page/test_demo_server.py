import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from aiohttp import ClientSession, web

from adapters.simulator import sse
from adapters.simulator.profiles import PROFILES
from tests.support.door import Door
from tests.support.small_demo import SmallDemo, small_demo

pytestmark = pytest.mark.timeout(20)


@pytest.fixture
async def demo() -> AsyncGenerator[SmallDemo]:
    async with small_demo() as demo:
        yield demo


@pytest.fixture
async def http(demo: SmallDemo) -> AsyncGenerator[ClientSession]:
    async with ClientSession(demo.url) as session:
        yield session


async def state(http: ClientSession) -> dict[str, Any]:
    async with http.get("/demo/api/state") as answer:
        return await answer.json()


async def post(http: ClientSession, path: str, **body: Any) -> tuple[int, Any]:  # noqa: ANN401 - JSON
    async with http.post(f"/demo/api/{path}", json=body) as answer:
        return answer.status, await answer.json()


async def read(
    http: ClientSession, count: int, *, last: str = "", **query: str
) -> list[sse.Frame]:
    headers = {"Last-Event-ID": last} if last else {}
    frames: list[sse.Frame] = []
    url = "/demo/api/feed"
    async with http.get(url, params=query, headers=headers) as answer:
        async for frame in sse.decode(answer.content):
            frames.append(frame)
            if len(frames) == count:
                break
    return frames


async def test_the_state_tells_who_plays_and_where_the_feed_goes_on(
    demo: SmallDemo, http: ClientSession
):
    demo.slack.show("1.1", text="hello")
    told = await state(http)
    assert told["seq"] == 1
    assert [p["id"] for p in told["people"]] == ["ann", "bob"]
    assert told["scenes"] == [{"asks": "slack", "slack": "ann", "teams": "bob"}]
    assert told["suggestions"][0]["text"] == "May I?"


async def test_a_reader_that_comes_back_gets_what_it_missed_once(
    demo: SmallDemo, http: ClientSession
):
    boot = (await state(http))["boot"]
    for text in ("a", "b", "c", "d"):
        demo.slack.show("1.1", text=text)
    first = await read(http, 2, boot=boot, after="0")
    rest = await read(http, 2, boot=boot, after="0", last=first[-1].id)
    assert [frame.id for frame in first + rest] == ["1", "2", "3", "4"]


async def test_the_feed_tells_what_happens_while_it_is_read(
    demo: SmallDemo, http: ClientSession
):
    boot = (await state(http))["boot"]
    params = {"boot": boot, "after": "0"}
    async with http.get("/demo/api/feed", params=params) as answer:
        frames = sse.decode(answer.content)
        demo.slack.show("1.1", text="now")
        assert '"text": "now"' in (await anext(frames)).data


async def test_a_page_of_an_earlier_run_is_told_to_start_over(http: ClientSession):
    (frame,) = await read(http, 1, boot="another", after="0")
    assert frame.event == "reset"


async def test_a_number_from_the_future_is_told_to_start_over(http: ClientSession):
    boot = (await state(http))["boot"]
    (frame,) = await read(http, 1, boot=boot, after="7")
    assert frame.event == "reset"


async def test_people_speak_and_click_through_the_server(
    demo: SmallDemo, http: ClientSession
):
    said = {"user": "UANN", "channel": "DANN", "text": "hi", "thread_ts": "1.0"}
    assert (await post(http, "slack/say", **said))[0] == 200
    where = {"user": "UANN", "channel": "DANN", "ts": "1.1"}
    click = {**where, "action_id": "approve", "block_id": "b"}
    assert (await post(http, "slack/click", **click))[0] == 200
    assert (await post(http, "teams/say", user="29:bob", text="yo"))[0] == 200
    action = {"type": "Action.Execute", "verb": "approve"}
    press = {"activity_id": "7", "action": action, "inputs": {"reason": "ok"}}
    assert (await post(http, "teams/invoke", user="29:bob", **press))[0] == 200
    assert demo.slack.done == [
        ("say", "UANN", "DANN", "hi", "1.0"),
        ("click", "UANN", "DANN", "1.1", "approve", "b"),
    ]
    assert demo.teams.done == [
        ("say", "29:bob", "yo"),
        ("invoke", "29:bob", "7", action, {"reason": "ok"}),
    ]


async def test_a_mistake_is_answered_with_what_is_wrong(http: ClientSession):
    status, answer = await post(http, "slack/say", user="U", channel="C9", text="x")
    assert (status, answer["error"]) == (409, "U is in no channel 'C9'")
    assert (await post(http, "slack/say", user="U", channel="C1"))[0] == 400
    assert (await post(http, "teams/say", user="29:bob", text=""))[0] == 400


async def test_slacks_own_stop_reaches_the_stand_in(
    demo: SmallDemo, http: ClientSession
):
    stop = {"user": "UANN", "channel": "DANN", "thread_ts": "1.1"}
    assert (await post(http, "slack/stop", **stop))[0] == 200
    assert demo.slack.done == [("stop", "UANN", "DANN", "1.1")]


async def test_the_weather_is_chosen_for_both_and_told_to_every_page(
    demo: SmallDemo, http: ClientSession
):
    async with http.get("/demo/api/state") as answer:
        told = (await answer.json())["weather"]
    assert told["now"] is None
    assert [choice["name"] for choice in told["choices"]] == [*PROFILES]
    assert (await post(http, "weather", profile="flaky"))[0] == 200
    assert demo.days == [PROFILES["flaky"]] * 2
    assert [c.body for c in demo.journal.after(0)] == [{"now": "flaky"}]
    assert (await post(http, "weather", profile="sunny"))[0] == 400
    assert len(demo.days) == 2


async def test_the_kill_button_kills_and_says_so(demo: SmallDemo, http: ClientSession):
    assert (await post(http, "kill"))[0] == 200
    assert demo.kills == ["kill -9"]
    assert [c.body for c in demo.journal.after(0)] == [{"status": "killed"}]


async def test_other_web_sites_cannot_press_the_buttons(
    demo: SmallDemo, http: ClientSession
):
    evil = {"Origin": "https://evil.example"}
    async with http.post("/demo/api/kill", json={}, headers=evil) as answer:
        assert answer.status == 403
    async with http.post("/demo/api/kill", data="{}") as answer:
        assert answer.status == 415
    assert demo.kills == []
    own = {"Origin": demo.url}
    async with http.post("/demo/api/kill", json={}, headers=own) as answer:
        assert answer.status == 200


async def test_the_page_may_load_from_here_only(http: ClientSession):
    async with http.get("/") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.content_type == "text/html"
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["js/app.js", "css/tokens.css", "icon.svg"])
async def test_files_of_the_page_are_served(http: ClientSession, path: str):
    async with http.get(f"/demo/page/{path}") as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "path", ["%2e%2e/demo.py", "../demo.py", "%2e%2e%2fdemo.py", "vendor/", "nope.js"]
)
async def test_nothing_else_is_served(http: ClientSession, path: str):
    async with http.get(f"/demo/page/{path}") as answer:
        assert answer.status == 404


# ------------------------------------------------------------------------- the relay


class Bot:
    """The bot's console: a feed of what is new, and each turn's own stream."""

    def __init__(self) -> None:
        self.turns: dict[str, list[dict[str, Any]]] = {}
        self.news = asyncio.Event()
        self.newest: list[dict[str, Any]] = []
        self.app = web.Application()
        self.app.router.add_get("/console/api/feed", self.feed)
        self.app.router.add_get("/console/api/turns/{turn}/events", self.turn)
        self.app.router.add_get("/console/api/pacing", self.pacing)

    def tell(self, turn: str, kind: str = "item.appended") -> None:
        events = self.turns.setdefault(turn, [])
        seq = len(events) + 1
        event = {"turn_id": turn, "seq": seq, "type": kind, "summary": "", "at": ""}
        events.append(event)
        self.newest.append(event)
        self.news.set()
        self.news = asyncio.Event()

    async def feed(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Bearer secret"
        at = len(self.newest)
        response = await sse.open_stream(request)
        while True:
            news = self.news
            for event in self.newest[at:]:
                await response.write(sse.encode(event))
            at = len(self.newest)
            await news.wait()

    async def turn(self, request: web.Request) -> web.StreamResponse:
        at = int(request.headers.get("Last-Event-ID", "0"))
        response = await sse.open_stream(request)
        while True:
            news = self.news
            for told in self.turns[request.match_info["turn"]][at:]:
                at = told["seq"]
                recorded = {**told, "event": {"type": told["type"], "text": "x"}}
                await response.write(sse.encode(recorded, id=at))
                if told["type"] == "turn.completed":
                    return response
            await news.wait()

    async def pacing(self, _request: web.Request) -> web.Response:
        return web.json_response({"lanes": [], "sent": 3, "saved": 9, "throttled": 0})


async def until(frames: Any, event: str) -> sse.Frame:  # noqa: ANN401 - a generator
    async for frame in frames:
        if frame.event == event:
            return frame
    raise AssertionError("the stream ended")


async def told(
    frames: Any,  # noqa: ANN401 - a generator
    count: int,
) -> tuple[list[str], str]:
    """Return the next events as turn and seq, and where to resume."""
    got: list[str] = []
    place = ""
    for _ in range(count):
        frame = await until(frames, "turn")
        event = json.loads(frame.data)
        got.append(f"{event['turn_id']}{event['seq']}")
        place = frame.id
    return got, place


async def test_the_bots_events_go_on_where_they_were_after_it_was_killed():
    bot = Bot()
    async with Door(app=bot.app, port=0) as door:
        door.port = int(door.url.rpartition(":")[2])
        async with (
            small_demo(bot_url=door.url) as demo,
            ClientSession(demo.url) as http,
            http.get("/demo/api/turns/feed") as answer,
        ):
            frames = sse.decode(answer.content)
            assert (await until(frames, "bot")).data == '{"up": true}'
            bot.tell("a")
            bot.tell("b")
            assert (await told(frames, 2))[0] == ["a1", "b1"]
            await door.slam()
            assert (await until(frames, "bot")).data == '{"up": false}'
            for turn in "aab":
                bot.tell(turn)
            await door.open()
            assert sorted((await told(frames, 3))[0]) == ["a2", "a3", "b2"]
            bot.tell("a", "turn.completed")
            assert (await told(frames, 1))[0] == ["a4"]


async def test_a_reloaded_page_gets_what_it_missed_of_every_turn_once():
    bot = Bot()
    async with (
        Door(app=bot.app, port=0) as door,
        small_demo(bot_url=door.url) as demo,
        ClientSession(demo.url) as http,
    ):
        async with http.get("/demo/api/turns/feed") as answer:
            frames = sse.decode(answer.content)
            await until(frames, "bot")
            for turn in "abb":
                bot.tell(turn)
            _, place = await told(frames, 3)
        for turn in "abc":
            bot.tell(turn)
        url = "/demo/api/turns/feed"
        async with http.get(url, headers={"Last-Event-ID": place}) as answer:
            frames = sse.decode(answer.content)
            assert sorted((await told(frames, 2))[0]) == ["a2", "b3"]
            bot.tell("c")
            assert (await told(frames, 2))[0] == ["c1", "c2"]


async def test_budgets_come_with_the_bots_events():
    async with (
        Door(app=Bot().app, port=0) as door,
        small_demo(bot_url=door.url) as demo,
        ClientSession(demo.url) as http,
        http.get("/demo/api/turns/feed") as answer,
    ):
        pacing = await until(sse.decode(answer.content), "pacing")
        assert '"saved": 9' in pacing.data


async def test_a_page_that_opens_while_the_bot_is_dead_is_told():
    async with (
        small_demo() as demo,
        ClientSession(demo.url) as http,
        http.get("/demo/api/turns/feed") as answer,
    ):
        frame = await until(sse.decode(answer.content), "bot")
        assert frame.data == '{"up": false}'
