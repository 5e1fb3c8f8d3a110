"""The demo page's server: files, what the stand-ins hold, and what people do.

The page is told the whole state once (``/demo/api/state``, with the journal's
number), then every later change (``/demo/api/feed``), each once and in order:
whoever reconnects says the last number seen. For local use: nobody logs in, so
requests from other web sites are refused.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import structlog
from aiohttp import web

from adapters.simulator import sse
from adapters.simulator.cast import as_json, players_of, scenes_of
from adapters.simulator.demo_guard import guarded, local
from adapters.simulator.demo_relay import relay
from adapters.simulator.demo_requests import (
    Request,
    SlackClick,
    SlackSay,
    SlackStop,
    SlackView,
    TeamsInvoke,
    TeamsSay,
)
from adapters.simulator.demo_weather import DemoWeather
from adapters.simulator.journal import Journal
from adapters.simulator.suggestions import Suggestion
from bot.clock import Clock, SystemClock
from bot.company.model import Company

PAGE: Final = Path(__file__).parent / "page"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_KEEP_ALIVE_SECONDS: Final = 10.0

_log = structlog.get_logger()

Json = Mapping[str, Any]


class SlackWorldLike(Protocol):
    """What the page needs of the Slack stand-in."""

    def snapshot(self) -> Json:
        """Return everything that is there now, JSON-able."""
        ...

    def budgets(self) -> Any:  # noqa: ANN401 - JSON
        """Return what is left of the rate limits, JSON-able."""
        ...

    async def say(
        self,
        user_id: str,
        channel_id: str,
        text: str,
        *,
        thread_ts: str | None = None,
    ) -> str:
        """Post as a person and return the message's ``ts``."""
        ...

    async def click(
        self,
        user_id: str,
        channel_id: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
    ) -> object:
        """Press a button of a message."""
        ...

    async def submit_view(self, user_id: str, view_id: str, values: Json) -> object:
        """Submit a modal; ``values`` by block id, then action id."""
        ...

    async def close_view(self, user_id: str, view_id: str) -> object:
        """Close a modal without submitting."""
        ...

    async def stop_session(self, user_id: str, channel_id: str, thread_ts: str) -> None:
        """Press Slack's own Stop button on a working agent."""
        ...


class TeamsWorldLike(Protocol):
    """What the page needs of the Teams stand-in."""

    def snapshot(self) -> Json:
        """Return everything that is there now, JSON-able."""
        ...

    def budgets(self) -> Any:  # noqa: ANN401 - JSON
        """Return what is left of the rate limits, JSON-able."""
        ...

    async def say(self, user_id: str, text: str) -> object:
        """Write to the bot as a person."""
        ...

    async def invoke(
        self, user_id: str, activity_id: str, action: Json, inputs: Json
    ) -> Json:
        """Press an ``Action.Execute`` and return the invoke's answer."""
        ...

    def stop_stream(self, user_id: str) -> object:
        """Press the Stop of what streams just now, if anything does."""
        ...


_Body = TypeVar("_Body", bound=Request)


def demo_routes(
    slack: SlackWorldLike,
    teams: TeamsWorldLike,
    journal: Journal,
    company: Company,
    suggestions: Sequence[Suggestion],
    *,
    bot_url: str,
    console_token: str,
    kill: Callable[[], Awaitable[None]],
    weather: DemoWeather,
    clock: Clock | None = None,
) -> Iterable[web.RouteDef]:
    """Return the demo page's routes, ``/`` among them.

    Run them in an ``AppRunner`` with a short ``shutdown_timeout``: the feeds never end
    by themselves. Not with ``handler_cancellation``: who clicks and then reloads the
    page has clicked.

    Args:
        slack: The Slack stand-in.
        teams: The Teams stand-in.
        journal: Where both say what happened.
        company: Who can be played.
        suggestions: What to click first.
        bot_url: Where the bot's console listens, without a slash at the end.
        console_token: Opens the console's API.
        kill: Ends the bot as ``kill -9`` does; its supervisor starts it again.
        weather: Good and bad days to choose from.
        clock: For waits; the machine's if not given.
    """
    feeds = _Feeds(journal, bot_url, console_token, clock or SystemClock())
    state = _State(
        slack=slack,
        teams=teams,
        journal=journal,
        company=company,
        suggestions=suggestions,
        boot=feeds.boot,
        weather=weather,
    )
    deeds = _Deeds(slack, teams, journal, kill)
    return [
        web.get("/", local(_page)),
        web.get("/demo/page/{file:.+}", local(_file)),
        web.get("/demo/api/state", local(state.answer)),
        web.get("/demo/api/feed", local(feeds.changes)),
        web.get("/demo/api/turns/feed", local(feeds.turns)),
        web.post("/demo/api/slack/say", guarded(deeds.slack_say)),
        web.post("/demo/api/slack/click", guarded(deeds.slack_click)),
        web.post("/demo/api/slack/view/submit", guarded(deeds.slack_submit)),
        web.post("/demo/api/slack/view/close", guarded(deeds.slack_close)),
        web.post("/demo/api/slack/stop", guarded(deeds.slack_stop)),
        web.post("/demo/api/teams/say", guarded(deeds.teams_say)),
        web.post("/demo/api/teams/invoke", guarded(deeds.teams_invoke)),
        web.post("/demo/api/teams/stop", guarded(deeds.teams_stop)),
        web.post("/demo/api/kill", guarded(deeds.kill_bot)),
        web.post("/demo/api/weather", guarded(weather.choose)),
    ]


async def _page(_request: web.Request) -> web.StreamResponse:
    return _send(PAGE / "index.html")


async def _file(request: web.Request) -> web.StreamResponse:
    path = (PAGE / request.match_info["file"]).resolve()
    if not path.is_relative_to(PAGE.resolve()) or path.suffix not in _TYPES:
        raise web.HTTPNotFound
    if not path.is_file():
        raise web.HTTPNotFound
    return _send(path)


def _send(path: Path) -> web.StreamResponse:
    response = web.FileResponse(path, headers=_HEADERS)
    response.headers["Content-Type"] = _TYPES[path.suffix]
    return response


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """The whole state at one number of the journal."""

    slack: SlackWorldLike
    teams: TeamsWorldLike
    journal: Journal
    company: Company
    suggestions: Sequence[Suggestion]
    boot: str
    weather: DemoWeather

    async def answer(self, _request: web.Request) -> web.Response:
        # No `await` in here: number and snapshots belong to the same instant.
        slack, teams = self.slack.snapshot(), self.teams.snapshot()
        players = players_of(self.company, slack["users"], teams["users"])
        return web.json_response(
            {
                "boot": self.boot,
                "seq": self.journal.last_seq,
                "company": self.company.company.model_dump(mode="json"),
                "people": [as_json(player) for player in players],
                "scenes": [as_json(scene) for scene in scenes_of(players)],
                "suggestions": [s.model_dump(mode="json") for s in self.suggestions],
                "weather": self.weather.as_json(),
                "slack": slack,
                "teams": teams,
                "budgets": {
                    "slack": self.slack.budgets(),
                    "teams": self.teams.budgets(),
                },
            },
            headers={"Cache-Control": "no-store"},
        )


class _Feeds:
    """The two streams that a page follows."""

    def __init__(
        self, journal: Journal, bot_url: str, console_token: str, clock: Clock
    ) -> None:
        self._journal = journal
        self._bot_url = bot_url
        self._console_token = console_token
        self._clock = clock
        self.boot = secrets.token_hex(4)
        """Names this run: numbers of another run's journal mean nothing here."""

    async def changes(self, request: web.Request) -> web.StreamResponse:
        after = int(sse.resume_point(request) or 0)
        response = await sse.open_stream(request)
        if request.query.get("boot") != self.boot or after > self._journal.last_seq:
            await response.write(sse.encode({"boot": self.boot}, event="reset"))
            return response
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write_changes(response, after))
                tasks.create_task(self._keep_alive(response))
        except* ConnectionError:
            pass  # the page has gone
        return response

    async def turns(self, request: web.Request) -> web.StreamResponse:
        after = sse.resume_point(request)
        response = await sse.open_stream(request)
        await relay(
            response,
            bot_url=self._bot_url,
            console_token=self._console_token,
            after=after,
            clock=self._clock,
        )
        return response

    async def _write_changes(self, response: web.StreamResponse, after: int) -> None:
        async for change in self._journal.follow(after):
            body = {
                "seq": change.seq,
                "at": change.at.isoformat(),
                "kind": change.kind,
                "body": change.body,
            }
            await response.write(sse.encode(body, id=change.seq))

    async def _keep_alive(self, response: web.StreamResponse) -> None:
        while True:
            await self._clock.sleep(_KEEP_ALIVE_SECONDS)
            await response.write(sse.KEEP_ALIVE)


class _Deeds:
    """What people do on the page."""

    def __init__(
        self,
        slack: SlackWorldLike,
        teams: TeamsWorldLike,
        journal: Journal,
        kill: Callable[[], Awaitable[None]],
    ) -> None:
        self._slack = slack
        self._teams = teams
        self._journal = journal
        self._kill = kill

    async def slack_say(self, request: web.Request) -> object:
        said = await _read(request, SlackSay)
        ts = await self._slack.say(
            said.user, said.channel, said.text, thread_ts=said.thread_ts
        )
        return {"ts": ts}

    async def slack_click(self, request: web.Request) -> object:
        click = await _read(request, SlackClick)
        return await self._slack.click(
            click.user,
            click.channel,
            click.ts,
            click.action_id,
            block_id=click.block_id,
        )

    async def slack_submit(self, request: web.Request) -> object:
        view = await _read(request, SlackView)
        return await self._slack.submit_view(view.user, view.view_id, view.values)

    async def slack_close(self, request: web.Request) -> object:
        view = await _read(request, SlackView)
        return await self._slack.close_view(view.user, view.view_id)

    async def slack_stop(self, request: web.Request) -> object:
        stop = await _read(request, SlackStop)
        return await self._slack.stop_session(stop.user, stop.channel, stop.thread_ts)

    async def teams_say(self, request: web.Request) -> object:
        said = await _read(request, TeamsSay)
        return await self._teams.say(said.user, said.text)

    async def teams_invoke(self, request: web.Request) -> object:
        press = await _read(request, TeamsInvoke)
        return await self._teams.invoke(
            press.user, press.activity_id, press.action, press.inputs
        )

    async def teams_stop(self, request: web.Request) -> object:
        return self._teams.stop_stream((await _read(request, Request)).user)

    async def kill_bot(self, _request: web.Request) -> object:
        await self._kill()
        self._journal.record("bot", status="killed")
        return None


async def _read(request: web.Request, model: type[_Body]) -> _Body:
    return model.model_validate_json(await request.read())
