"""What the way through Claude's API costs, and what it saves to begin tools early.

The real bot asks a server on this machine that streams replies as the API does, at a
model's pace. It says which words it has sent when, and what it was asked when.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from aiohttp import web

from adapters.simulator.bench.figures import Baseline, Figure, median, spread_over
from adapters.simulator.bench.letters import slack_letters
from adapters.simulator.bench.process import cpu_seconds
from adapters.simulator.bench.prompt_cache import Counted, PromptCache
from adapters.simulator.bench.scene import Bench, Scene, dsn_of, playing
from bot.clock import Clock

NAMES = ("claude.first-token", "claude.three-tools", "claude.cpu", "claude.cache")
PACE = 60.0
"""Tokens a second."""
TOKENS = 600
"""Of an answer whose CPU is measured."""
LIVE = 10
ALONE = 20
"""Answers one after the other, for the first token."""
TURNS = 5
"""With three tools each, begun early and late in turn."""
PEOPLE = 3
"""Who each ask for three tools, and then for a word, where the cache is counted."""
STAFF = 40
_THOUSAND = 1000.0
_SHORT, _LONG = "short", "long"
_SPECIALISTS = ("hardware", "hr", "security")
_ARGUMENTS = 30
"""Tokens of each call's arguments."""
_EQUAL, _FALLING = (30, 30, 30), (90, 60, 30)
"""Tokens of the specialists' replies."""
_TOOLS: Mapping[str, tuple[bool, tuple[int, ...]]] = {
    "early equal": (False, _EQUAL),
    "late equal": (True, _EQUAL),
    "early falling": (False, _FALLING),
    "late falling": (True, _FALLING),
}
"""Whether the calls are known only when the reply ends, and how long they take."""

_TELL = """
CREATE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('bench_words', NEW.turn_id); RETURN NULL; END $$;
CREATE TRIGGER bench_tell AFTER INSERT ON turn_event FOR EACH ROW
WHEN (NEW.type = 'item.appended') EXECUTE FUNCTION bench_tell()
"""
"""A notification is delivered once its transaction has committed."""


@dataclass(slots=True)
class _Claude:
    """The server: what a question is about says how it is answered."""

    clock: Clock
    first_words: list[float] = field(default_factory=list[float])
    asked: list[tuple[float, bool]] = field(default_factory=list[tuple[float, bool]])
    """When, and whether the coordinator was told what its three tools did."""

    cache: PromptCache | None = None
    """Where it is counted what requests share."""
    counted: list[Counted] = field(default_factory=list[Counted])

    async def answer(self, request: web.Request) -> web.StreamResponse:
        question = await request.json()
        if self.cache:
            self.counted.append(self.cache.count(question))
        said, told = _newest(question["messages"])
        self.asked.append((self.clock.monotonic(), told))
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(_sse(_start()))
        if told or said == _SHORT:
            await self._speak(response, 5)
        elif said == _LONG:
            await self._speak(response, TOKENS)
        elif said in _TOOLS:
            late, tokens = _TOOLS[said]
            await self._call(response, late=late, tokens=tokens)
        else:  # a specialist's task
            await self._speak(response, int(said.split()[1]))
        calls = said in _TOOLS and not told
        await response.write(_sse(*_end("tool_use" if calls else "end_turn")))
        return response

    async def _speak(self, response: web.StreamResponse, tokens: int) -> None:
        block = {"type": "text", "text": ""}
        await response.write(_sse(_opened(0, block)))
        for number in range(tokens):
            if number == 0:
                self.first_words.append(self.clock.monotonic())
            delta = {"type": "text_delta", "text": "word "}
            await response.write(_sse(_delta(0, delta)))
            await self.clock.sleep(1 / PACE)
        await response.write(_sse(_closed(0)))

    async def _call(
        self, response: web.StreamResponse, *, late: bool, tokens: tuple[int, ...]
    ) -> None:
        """Hand over three times; ``late``: all of it arrives when the reply ends."""
        held = b""
        for index, name in enumerate(_SPECIALISTS):
            block = {"type": "tool_use", "id": f"t{index}", "name": f"ask_{name}"}
            events = [_opened(index, {**block, "input": {}})]
            arguments = json.dumps({"task": f"say {tokens[index]} words"})
            size = -(-len(arguments) // _ARGUMENTS)
            # The last tokens may be empty: what counts is how many there are.
            pieces = [arguments[i * size :][:size] for i in range(_ARGUMENTS)]
            for piece in pieces:
                json_delta = {"type": "input_json_delta", "partial_json": piece}
                events.append(_delta(index, json_delta))
            for event in [*events, _closed(index)]:
                held += _sse(event)
                if not late:
                    await response.write(held)
                    held = b""
                await self.clock.sleep(1 / PACE)
        await response.write(held)


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    if not any(wanted(name) for name in NAMES):
        return []
    async with _serving(bench.clock) as (claude, url):
        settings = {"ANTHROPIC_API_KEY": "sk-bench", "ANTHROPIC_BASE_URL": url}
        async with playing(bench, staff=STAFF, settings=settings) as scene:
            return [
                await figure(scene, claude)
                for name, figure in _FIGURES.items()
                if wanted(name)
            ]


@asynccontextmanager
async def _serving(clock: Clock) -> AsyncGenerator[tuple[_Claude, str]]:
    claude = _Claude(clock)
    app = web.Application()
    app.router.add_post("/v1/messages", claude.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield claude, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


# ------------------------------------------------------------------- what is measured


async def _first_token(scene: Scene, claude: _Claude) -> Figure:
    waits: list[float] = []
    news = asyncio.Event()
    at = 0.0

    def heard(*_notice: object) -> None:
        nonlocal at
        at = at or scene.bench.clock.monotonic()
        news.set()

    conn = await asyncpg.connect(dsn_of(scene.database_url))
    try:
        await conn.execute(_TELL)
        await conn.add_listener("bench_words", heard)
        for person in range(ALONE):
            scene.bench.tell(f"claude.first-token: {person + 1} of {ALONE}")
            claude.first_words.clear()
            news.clear()
            at = 0.0
            await _ask(scene, person, _SHORT)
            await news.wait()
            waits.append((at - claude.first_words[0]) * _THOUSAND)
            await scene.until_live(0)
        await conn.execute("DROP TRIGGER bench_tell ON turn_event")
    finally:
        await conn.close()
    return Figure(
        name=NAMES[0],
        unit="ms",
        values=spread_over([waits]),
        what="from when the model's server writes its first token to when the first "
        "event with words is committed, a turn at a time; the notification by which "
        "the benchmark hears of the commit is a part of it",
        samples=len(waits),
    )


async def _three_tools(scene: Scene, claude: _Claude) -> Figure:
    took: dict[str, list[float]] = {how: [] for how in _TOOLS}
    turns = [how for _ in range(TURNS) for how in _TOOLS]
    for turn, how in enumerate(turns):
        scene.bench.tell(f"claude.three-tools: {turn + 1} of {len(turns)}")
        claude.asked.clear()
        await _ask(scene, turn % STAFF, how)

        async def told() -> bool:
            return any(done for _, done in claude.asked)

        await scene.until(told, within=30)
        done = next(at for at, done in claude.asked if done)
        took[how].append(done - claude.asked[0][0])
        await scene.until_live(0)
    return Figure(
        name=NAMES[1],
        unit="s",
        values={"median": median(took["early falling"])},
        what="from a model's question to its next one, which has the results: a reply "
        f"with three hand-offs, each of {_ARGUMENTS} tokens at {PACE:g} tokens/s, to "
        "specialists whose replies take 90, 60 and 30 tokens; each hand-off begins "
        "once its own arguments are complete",
        runs=TURNS,
        baseline=Baseline(
            what="the same where all three are known when the reply ends",
            value=median(took["late falling"]),
        ),
        notes={
            "with 30 tokens each": median(took["early equal"]),
            "that, all known at the end": median(took["late equal"]),
        },
    )


async def _cpu(scene: Scene, claude: _Claude) -> Figure:
    del claude
    scene.bench.tell(f"claude.cpu: {LIVE} answers of {TOKENS} tokens")
    letters = slack_letters(scene.stage, range(LIVE), _LONG)
    used, began = cpu_seconds(scene.process.pid), scene.bench.clock.monotonic()
    await scene.start_turns(letters, rate=25)
    await scene.until_live(0, within=60)
    seconds = scene.bench.clock.monotonic() - began
    cpu = cpu_seconds(scene.process.pid) - used
    return Figure(
        name=NAMES[2],
        unit="s",
        values={"median": cpu / (LIVE * TOKENS) * _THOUSAND},
        what="CPU seconds of the bot per 1,000 tokens, from the API's stream to edits "
        f"in Slack: {LIVE} answers at once of {TOKENS} tokens, each token an event of "
        f"the API, {PACE:g} tokens/s; the turns' beginnings and ends included",
        notes={"share of a core": cpu / seconds},
    )


async def _cache(scene: Scene, claude: _Claude) -> Figure:
    claude.cache = PromptCache()
    claude.counted.clear()
    for words in ("early equal", _SHORT):
        for person in range(PEOPLE):
            scene.bench.tell(f"claude.cache: {words}, {person + 1} of {PEOPLE}")
            await _ask(scene, person, words)
            await scene.until_live(0)
    claude.cache = None
    total = sum(counted.total for counted in claude.counted)
    read = sum(counted.read for counted in claude.counted)
    written = sum(counted.written for counted in claude.counted)
    return Figure(
        name=NAMES[3],
        unit="%",
        values={"median": 100 * read / total},
        what="tokens of requests that were read from the prompt cache, as a stand-in "
        f"counts them by the API's documentation: {PEOPLE} people have three hand-offs "
        "made, and then each asks for a word; what is written to the cache is no hit",
        samples=len(claude.counted),
        notes={"written to it": 100 * written / total, "tokens": total},
    )


_FIGURES = {
    NAMES[0]: _first_token,
    NAMES[1]: _three_tools,
    NAMES[2]: _cpu,
    NAMES[3]: _cache,
}


async def _ask(scene: Scene, person: int, words: str) -> None:
    await scene.start_turns(slack_letters(scene.stage, [person], words), rate=25)


# ----------------------------------------------------------------- as the API writes


def _newest(messages: list[dict[str, Any]]) -> tuple[str, bool]:
    """Return what was asked for last, and whether results came with it."""
    content = messages[-1]["content"]
    texts = [block["text"] for block in content if block["type"] == "text"]
    results = [block for block in content if block["type"] == "tool_result"]
    if any(block.get("is_error") for block in results):
        raise web.HTTPBadRequest(text="a hand-off did not work")
    return (texts[-1] if texts else ""), bool(results)


def _sse(*events: Mapping[str, Any]) -> bytes:
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
        for event in events
    )


def _start() -> Mapping[str, Any]:
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    return {"type": "message_start", "message": message}


def _opened(index: int, block: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def _delta(index: int, delta: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def _closed(index: int) -> Mapping[str, Any]:
    return {"type": "content_block_stop", "index": index}


def _end(reason: str) -> list[Mapping[str, Any]]:
    change = {"stop_reason": reason, "stop_sequence": None}
    usage = {"output_tokens": 1}
    return [
        {"type": "message_delta", "delta": change, "usage": usage},
        {"type": "message_stop"},
    ]
