"""Show turns the ways others do: each a process of its own, against its own stand-in."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from types import MappingProxyType

from aiohttp import web

from adapters.simulator.bench.apart import run_apart
from adapters.simulator.bench.company import QUESTION, slack_id, staff_id, write_company
from adapters.simulator.bench.delivery import slack_ways, teams_ways
from adapters.simulator.bench.delivery.answers import answer_of
from adapters.simulator.bench.delivery.orders import Done, Order, Place
from adapters.simulator.bench.delivery.ours import WEATHER, Platform
from adapters.simulator.bench.delivery.readers import Readers
from adapters.simulator.bench.delivery.scores import Outcome, Played, judged
from adapters.simulator.bench.letters import slack_letters
from adapters.simulator.bench.pacing.scores import NEVER
from adapters.simulator.bench.pacing.traces import Trace
from adapters.simulator.bench.scene import Bench
from adapters.simulator.stage import APP_ID, Stage, set_stage

_SETTLE = 1.0
"""Seconds for people's installations to be told to nobody."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A way to show turns on one platform."""

    way: str
    module: str
    """What its process runs."""


SLACK = tuple(Rival(way, slack_ways.__name__) for way in slack_ways.WAYS)
TEAMS = tuple(Rival(way, teams_ways.__name__) for way in teams_ways.WAYS)
ON: Mapping[Platform, Sequence[Rival]] = MappingProxyType(
    {"slack": SLACK, "teams": TEAMS}
)


async def show(
    bench: Bench, rival: Rival, traces: Sequence[Trace], *, patience: float = NEVER
) -> Outcome:
    """Let a rival show turns that all begin at once.

    Args:
        bench: What it needs from outside.
        rival: How.
        traces: The turns.
        patience: Seconds after the last token after which a turn is given up.

    Raises:
        ApartError: Its process failed.
    """
    company = write_company(bench.folder / f"company-{len(traces)}", staff=len(traces))
    async with (
        set_stage(company_file=company, profile=WEATHER) as stage,
        _deaf(stage.bot_port),
    ):
        places = await _places(bench, stage, rival, len(traces))
        readers = Readers.watching(
            (place.thread or place.channel, answer_of(trace))
            for place, trace in zip(places, traces, strict=True)
        )
        before = stage.journal.last_seq
        order = _order(stage, rival, places, traces, patience)
        done = Done(**await run_apart(rival.module, asdict(order), log=bench.log))
        readers.read(stage.journal.after(before))
        begun = done.begun + bench.clock.now().timestamp() - bench.clock.monotonic()
        played = [
            Played(
                reader=readers.of[place.thread or place.channel],
                trace=trace,
                begun=begun + trace.start,
                answered=begun + trace.steps[-1],
            )
            for place, trace in zip(places, traces, strict=True)
        ]
        return judged(played, readers, done.cpu)


async def _places(bench: Bench, stage: Stage, rival: Rival, count: int) -> list[Place]:
    """Return where each of ``count`` people has asked."""
    if rival in TEAMS:
        await stage.teams.install_everyone()
        await bench.clock.sleep(_SETTLE)
        people = [staff_id(number) for number in range(count)]
        return [Place(channel=stage.teams.conversation_of(who)) for who in people]
    letters = slack_letters(stage, range(count), QUESTION)
    return [
        Place(channel=f"D{user[1:]}", thread=letter.thread, user=user)
        for letter, user in zip(letters, map(slack_id, range(count)), strict=True)
    ]


def _order(
    stage: Stage,
    rival: Rival,
    places: Sequence[Place],
    traces: Sequence[Trace],
    patience: float,
) -> Order:
    secrets = stage.environment
    on_teams = rival in TEAMS
    return Order(
        way=rival.way,
        url=stage.teams.service_url if on_teams else secrets["SLACK_API_URL"],
        token=secrets["MICROSOFT_APP_PASSWORD" if on_teams else "SLACK_BOT_TOKEN"],
        token_url=secrets["TEAMS_TOKEN_URL"],
        account=APP_ID if on_teams else stage.slack.workspace.team.id,
        places=tuple(places),
        traces=tuple(traces),
        within=max(trace.end - trace.start for trace in traces) + patience,
    )


@asynccontextmanager
async def _deaf(port: int) -> AsyncGenerator[None]:
    """Answer everything that the stand-ins deliver, so that nothing is redelivered."""

    async def heard(_: web.Request) -> web.Response:
        return web.Response()

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", heard)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()
