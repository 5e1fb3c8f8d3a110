"""The demo page on the real stand-ins, with a little actor in the bot's place.

The actor knows a few plays, shows them with the real renderers and needs no engine
or database. To look at the page: ``python -m tests.support.demo_stage``.
"""

import argparse
import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from adapters.simulator import sse
from adapters.simulator.demo import demo_routes
from adapters.simulator.demo_weather import DemoWeather
from adapters.simulator.journal import Journal
from adapters.simulator.slack.world import SlackWorld
from adapters.simulator.suggestions import load_suggestions
from adapters.simulator.teams.world import TeamsWorld
from adapters.slack import modal
from adapters.slack import render as slack_render
from adapters.teams import render as teams_render
from bot.clock import SystemClock
from bot.company.file import load_company
from bot.company.model import Company, Person
from bot.protocol.ids import ApprovalId, TurnId
from bot.protocol.values import CardData, Fact, Source
from bot.view.nodes import ApprovalView, Step, TurnView
from tests.support.door import Door

ACME = Path(__file__).parents[2] / "adapters/simulator/acme/company.toml"
TOKEN = "console"
BOT_TOKEN = "xoxb-stage"
ANSWER = """To connect to the VPN:

1. Open **Company Portal** and install *Global Connect*.
2. Sign in with your work account and confirm on your phone.
3. Choose the gateway `vpn.acme.example` and press **Connect**.

If it says `error 812`, your phone's clock is off. See [the article](https://kb.acme.example/vpn?a=1&b=2).

```
nslookup vpn.acme.example
```"""


@dataclass
class Console:
    """The bot's console API: what the relay follows."""

    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    news: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0
    saved: int = 0

    def tell(self, turn: str, kind: str, summary: str = "") -> None:
        seq = sum(event["turn_id"] == turn for event in self.events) + 1
        self.events.append(
            {"turn_id": turn, "seq": seq, "type": kind, "summary": summary, "at": ""}
        )
        self.news.set()
        self.news = asyncio.Event()

    async def feed(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise web.HTTPUnauthorized
        at = int(request.headers.get("Last-Event-ID", "0"))
        response = await sse.open_stream(request)
        while True:
            news = self.news
            for number, event in enumerate(self.events[at:], at + 1):
                await response.write(sse.encode(event, id=number))
                at = number
            await news.wait()

    async def pacing(self, _request: web.Request) -> web.Response:
        used = self.sent % 45
        lanes = [
            {"key": "slack/T1/chat.update", "left": 45 - used, "capacity": 45},
            {"key": "slack/T1/posts", "left": 200 - used // 3, "capacity": 200},
            {"key": "teams/t/send/a:1Priya", "left": 6, "capacity": 60},
            {"key": "teams/t/tenant", "left": 49, "capacity": 50},
        ]
        figures = {"sent": self.sent, "saved": self.saved, "throttled": 0}
        return web.json_response({"lanes": lanes, **figures})


class Actor:
    """Answers webhooks and plays."""

    def __init__(self, journal: Journal, company: Company, port: int) -> None:
        self.journal = journal
        self.company = company
        self.clock = SystemClock()
        self.console = Console()
        self.slack = SlackWorld(
            journal,
            self.clock,
            bot_url=f"http://127.0.0.1:{port}/slack/events",
            signing_secret="s",
            bot_token=BOT_TOKEN,
            company=company,
            retry_delays=(0.3, 1.0, 3.0),
        )
        self.teams = TeamsWorld(
            journal,
            self.clock,
            bot_url=f"http://127.0.0.1:{port}/api/messages",
            base_url=f"http://127.0.0.1:{port}",
            app_id="app",
            app_password="secret",
            tenant_id="tenant",
            company=company,
        )
        self.pace = 0.12
        self.plays = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.pending: dict[str, Callable[[str, str], Awaitable[None]]] = {}

    def start(self, play: Awaitable[None]) -> None:
        task = asyncio.ensure_future(play)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # ---------------------------------------------------------------- webhooks

    async def slack_event(self, request: web.Request) -> web.Response:
        if request.content_type == "application/json":
            event = (await request.json())["event"]
            mine = event.get("bot_id") or event.get("subtype")
            if not mine and event["type"] == "message":
                self.start(self.hear_slack(event))
            return web.Response()
        payload = json.loads(parse_qs(await request.text())["payload"][0])
        if payload["type"] == "view_submission":
            reason = payload["view"]["state"]["values"]["reason"]["text"]["value"]
            given = json.loads(payload["view"]["private_metadata"])["a"]
            self.start(self.pending[given]("rejected", reason))
            return web.Response()
        if payload["type"] == "block_actions":
            action = payload["actions"][0]
            given = json.loads(action["value"]).get("a", "")
            if action["action_id"] == slack_render.APPROVE:
                self.start(self.pending[given]("approved", ""))
            if action["action_id"] == slack_render.REJECT:
                view = modal.reason_form(ApprovalId(given), "h")
                view = json.dumps(view)
                self.call("views.open", trigger_id=payload["trigger_id"], view=view)
        return web.Response()

    async def teams_event(self, request: web.Request) -> web.Response:
        activity = await request.json()
        if activity["type"] == "message":
            self.start(self.hear_teams(activity))
        if activity["type"] != "invoke":
            return web.Response(status=202)
        data = activity["value"]["action"]["data"]
        verdict = {"approval.approve": "approved", "approval.reject": "rejected"}
        said = verdict.get(activity["value"]["action"]["verb"], "")
        given = next((v for v in data.values() if v in self.pending), "")
        if said and given:
            words = [v for k, v in data.items() if "reason" in k.lower()]
            self.start(self.pending[given](said, words[0] if words else ""))
        answer = {
            "statusCode": 200,
            "type": "application/vnd.microsoft.activity.message",
            "value": "Thanks, noted.",
        }
        return web.json_response(answer)

    # ---------------------------------------------------------------- showing

    def call(self, method: str, **args: str) -> dict[str, Any]:
        return self.slack.api.call(method, args, token=BOT_TOKEN).body

    def slack_show(self, channel: str, view: TurnView, **where: str) -> str:
        body = slack_render.render(view).body
        self.console.sent += 1
        self.console.saved += 4
        blocks = json.dumps(body["blocks"])
        method = "chat.update" if "ts" in where else "chat.postMessage"
        args = {"channel": channel, "text": body["text"], "blocks": blocks, **where}
        return self.call(method, **args).get("ts", "")

    async def teams_show(self, person: Person, view: TurnView, known: str = "") -> str:
        await self.teams.install(person.id)
        connector = self.teams.site.connector
        conversation = self.teams.conversation_of(person.id)
        body = dict(teams_render.render(view).body)
        self.console.sent += 1
        if known:
            connector.update(conversation, known, body)
            return known
        return connector.send(conversation, body, None).body["id"]

    async def slack_stream(self, channel: str, thread: str, view: TurnView) -> str:
        words = view.text.split(" ")
        ts = ""
        for count in range(0, len(words) + 1, 3):
            text = " ".join(words[:count])
            now = replace(view, text=text, streaming=True, stop_turn=TurnId("t"))
            now = replace(now, mood="running")
            where = {"ts": ts} if ts else {"thread_ts": thread}
            ts = self.slack_show(channel, now, **where) or ts
            await asyncio.sleep(self.pace)
        self.slack_show(channel, view, ts=ts)
        return ts

    # ---------------------------------------------------------------- plays

    async def hear_slack(self, event: dict[str, Any]) -> None:
        turn = self.open_turn(event["text"])
        thread = event.get("thread_ts") or event["ts"]
        asker = next(p for p in self.company.people if p.slack == event["user"])
        if "vpn" in event["text"].lower():
            view = TurnView(
                headline="Connecting to the VPN",
                mood="done",
                steps=(
                    Step(id="1", title="Search the handbook", status="done", seconds=1),
                ),
                text=ANSWER,
                sources=(Source(title="Connecting to the VPN", ref="vpn"),),
                footer="Scripted model: not a language model.",
                summary="How to connect to the VPN",
            )
            await self.slack_stream(event["channel"], thread, view)
        else:
            await self.ask_manager(turn, asker, event["channel"], thread)
        self.console.tell(turn, "turn.completed", "done")

    async def hear_teams(self, activity: dict[str, Any]) -> None:
        self.open_turn(activity["text"])
        aad = activity["from"]["aadObjectId"]
        asker = next(p for p in self.company.people if p.entra == aad)
        words = ANSWER.split(" ")
        view = TurnView(headline="Connecting to the VPN", mood="done", text=ANSWER)
        known = ""
        for count in range(0, len(words), 6):
            text = " ".join(words[:count])
            now = replace(view, text=text, mood="running", stop_turn=TurnId("t"))
            known = await self.teams_show(asker, now, known)
            await asyncio.sleep(self.pace * 2)
        await self.teams_show(asker, view, known)
        await self.approval(asker, lambda view: self.say_teams(asker, view))

    async def say_teams(self, person: Person, view: TurnView) -> None:
        await self.teams_show(person, view)

    async def ask_manager(
        self, turn: str, asker: Person, channel: str, thread: str
    ) -> None:
        done = Step(id="1", title="Look up Figma", status="done", seconds=0.8)
        run = Step(id="2", title="Check the policy", status="running", agent="Software")
        view = TurnView(headline="Figma editor seat", mood="running", steps=(done, run))
        ts = self.slack_show(channel, view, thread_ts=thread)
        await asyncio.sleep(self.pace * 8)
        wait = Step(id="3", title="Assign the seat", status="waiting", agent="Software")
        run = replace(run, status="done", seconds=0.3)
        view = replace(view, mood="waiting", steps=(done, run, wait))
        view = replace(view, text="I asked your manager. I'll tell you here.")
        self.slack_show(channel, view, ts=ts)
        self.console.tell(turn, "approval.requested", "manager, within 48 h")
        self.console.tell(turn, "turn.parked", "waiting for a person")

        async def tell(decided: TurnView) -> None:
            self.slack_show(channel, decided, thread_ts=thread)

        await self.approval(asker, tell)

    async def approval(
        self, asker: Person, tell: Callable[[TurnView], Awaitable[None]]
    ) -> None:
        self.plays += 1
        given = ApprovalId(f"approval-{self.plays}")
        manager = self.company.person(asker.manager or "") or asker
        facts = (
            Fact(label="Requester", value=asker.name),
            Fact(label="Access", value="Figma, editor"),
            Fact(label="Cost", value="45 EUR a month"),
            Fact(label="Note", value="<script>alert(1)</script> & <!channel>"),
        )
        approval = ApprovalView(
            approval_id=given,
            args_hash="h",
            title=f"{asker.name} asks for a Figma editor seat",
            facts=facts,
            status="Waiting for you until Sunday 12:00",
            can_decide=True,
        )
        view = TurnView(
            headline="Your decision, please", mood="waiting", approvals=(approval,)
        )
        known = await self.show(manager, view, "")

        async def decided(verdict: str, reason: str) -> None:
            word = f"{verdict.capitalize()} by {manager.name}"
            status = f"{word}: {reason}" if reason else word
            locked = replace(approval, status=status, can_decide=False)
            await self.show(
                manager, replace(view, mood="done", approvals=(locked,)), known
            )
            tone = "good" if verdict == "approved" else "bad"
            card = CardData(title=status, facts=facts[1:3], tone=tone)
            await tell(TurnView(headline=status, mood="done", cards=(card,)))

        self.pending[given] = decided

    async def show(self, person: Person, view: TurnView, known: str) -> str:
        if person.reach_on == "teams":
            return await self.teams_show(person, view, known)
        channel = f"D{person.slack[1:]}"
        return self.slack_show(channel, view, **({"ts": known} if known else {}))

    def open_turn(self, text: str) -> str:
        turn = f"{len(self.console.events):04x}-turn"
        self.console.tell(turn, "turn.started", text)
        self.console.tell(turn, "frame.opened", "coordinator")
        self.console.tell(turn, "model.asked")
        self.console.tell(turn, "tool.requested", "knowledge_search")
        self.console.tell(turn, "tool.finished", "1 article")
        self.console.tell(turn, "item.appended", "To connect to the VPN: 1. Open")
        return turn


@asynccontextmanager
async def stage(port: int) -> AsyncGenerator[Actor]:
    """Serve the bot's part on ``port``, the page on the next, and yield the actor."""
    company = load_company(ACME)
    actor = Actor(Journal(SystemClock()), company, port)
    bot = web.Application()
    bot.add_routes(
        [
            web.get("/console/api/feed", actor.console.feed),
            web.get("/console/api/pacing", actor.console.pacing),
            web.post("/slack/events", actor.slack_event),
            web.post("/api/messages", actor.teams_event),
        ]
    )
    door = Door(app=bot, port=port)

    async def kill() -> None:
        await door.slam()
        actor.start(revive())

    async def revive() -> None:
        await asyncio.sleep(1.5)
        await door.open()
        actor.journal.record("bot", status="started", pid=4711)

    page = web.Application()
    page.add_routes(
        demo_routes(
            actor.slack,
            actor.teams,
            actor.journal,
            company,
            load_suggestions(ACME.with_name("suggestions.toml"), company),
            bot_url=f"http://127.0.0.1:{port}",
            console_token=TOKEN,
            kill=kill,
            weather=DemoWeather(actor.journal, None),
        )
    )
    async with actor.slack, actor.teams, door, Door(app=page, port=port + 1):
        yield actor
        for task in actor.tasks:
            task.cancel()


async def main(port: int) -> None:
    async with stage(port):
        print(f"http://127.0.0.1:{port + 1}")  # noqa: T201 - for whoever started it
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=9300)
    asyncio.run(main(parser.parse_args().port))
