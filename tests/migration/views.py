"""What everybody sees of the turns in a database, as either release reads them."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# Views are compared as JSON.

import asyncio
import json
import os
import sys
from functools import reduce
from pathlib import Path
from typing import Any

from bot.engine.turns import read_turn, read_whole
from bot.store.engine import create_engine
from bot.store.postgres import PostgresStore
from bot.turn.reduce import advance
from bot.turn.state import TurnState

PROGRAM = Path(__file__).with_name("what_is_shown.py")


async def what_is_shown(code: Path, database_url: str) -> Any:  # noqa: ANN401 - JSON
    """Return every turn's messages and state, as a release reads them.

    Of each turn: from its events alone, then from each of its snapshots on.
    """
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, PROGRAM, database_url),
        cwd=code,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(code)},
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await program.communicate()
    assert program.returncode == 0
    return json.loads(told)


def looks_like(new: Any, old: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether both releases show the same messages.

    The first names specialists by their names where this one has their titles, and adds
    up the times of steps that it folds into one.
    """
    return has_all_of(_alike(_messages(new)), _alike(_messages(old)))


def _alike(found: Any) -> Any:  # noqa: ANN401 - JSON
    match found:
        case {"agent": str(agent)}:
            rest = {k: v for k, v in found.items() if k != "agent"}
            if rest.get("id") == "done":
                rest.pop("seconds", None)
            return {**_alike(rest), "agent": agent.casefold()}
        case dict():
            return {key: _alike(value) for key, value in found.items()}
        case list():
            return [_alike(value) for value in found]
        case _:
            return found


def _messages(found: Any) -> Any:  # noqa: ANN401 - JSON
    return {
        turn_id: [read and read["messages"] for read in ways]
        for turn_id, ways in found.items()
    }


def has_all_of(new: Any, old: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether ``new`` says what ``old`` does; it may say more."""
    match new, old:
        case dict(), dict():
            return all(key in new and has_all_of(new[key], old[key]) for key in old)
        case list(), list():
            return len(new) == len(old) and all(map(has_all_of, new, old))
        case str(), "":
            return True  # an empty text says nothing
        case _:
            return new == old


async def check_loaded(database_url: str) -> list[TurnState]:
    """Return every turn as this release goes on with it: what its events say."""
    engine = create_engine(database_url, pool_size=1)
    states: list[TurnState] = []
    try:
        async with PostgresStore(engine, database_url).begin("turn.load") as tx:
            for row in await tx.list_turns(limit=100):
                loaded = await read_turn(tx, row.turn_id)
                assert loaded and not loaded.damage
                whole = await read_whole(tx, loaded.stored)
                assert loaded.state == reduce(advance, whole, TurnState())
                states.append(loaded.state)
    finally:
        await engine.dispose()
    return states
