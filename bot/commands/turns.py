"""``deskhand turns``: the log, in a terminal."""

import argparse
import os
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager

from bot.app.database import opened_journal
from bot.errors import DeskhandError
from bot.ports.journal import Journal
from bot.protocol.events import Recorded, UnknownEvent
from bot.protocol.ids import TurnId
from bot.settings import load_settings
from bot.turn.reduce import advance
from bot.turn.restore import restore
from bot.turn.state import TurnState
from bot.view.nodes import Account, TurnView
from bot.view.project import ForRequester, surfaces_of, view_of

_MARKS = {
    "running": "…",
    "waiting": "⏸",
    "done": "✓",
    "failed": "✗",
    "denied": "✗",
    "cancelled": "-",
    "aside": "-",
    "unknown": "?",
}


class NoSuchTurnError(DeskhandError):
    """No turn, or more than one, has such an id."""

    hint = "Copy an id from `deskhand turns list`; its first letters are enough."


async def run_list(options: argparse.Namespace) -> int:
    """Print the turns changed last, newest first."""
    async with _journal() as journal:
        rows = await journal.turns(limit=options.limit)
    if not rows:
        sys.stdout.write("There are no turns yet.\n")
        return 0
    sys.stdout.write(
        f"{'TURN':10}{'STATUS':11}{'EVENTS':>6}  {'CHANGED':20}WHO, WHAT\n"
    )
    for row in rows:
        changed = f"{row.updated_at:%Y-%m-%d %H:%M:%S}"
        what = f"{row.requester or 'unknown'}: {' '.join(row.text.split())}"
        sys.stdout.write(
            f"{row.turn_id[:8]:10}{row.status:11}{row.last_seq:>6}  {changed:20}"
            f"{what[:70]}\n"
        )
        if row.degraded:
            sys.stdout.write(f"{'':10}its log is damaged: {row.degraded[:70]}\n")
    return 0


async def run_show(options: argparse.Namespace) -> int:
    """Print one turn's events as JSON, a line each."""
    for recorded in await _events(options.turn_id):
        event = recorded.event
        body = event.body if isinstance(event, UnknownEvent) else _compact(recorded)
        sys.stdout.write(
            f"{recorded.seq:>4}  {recorded.at:%H:%M:%S.%f}"[:-3]
            + f"  {event.type:20} {body}\n"
        )
    return 0


async def run_replay(options: argparse.Namespace) -> int:
    """Print what the requester saw after each change worth a line."""
    state, shown = TurnState(), ""
    events = await _events(options.turn_id)
    for recorded in events:
        if recorded.seq != state.seq + 1:
            sys.stdout.write(
                f"── {state.seq + 1} is missing or cannot be read: "
                "of what comes after it only the end is believed\n"
            )
            state = restore(None, events).state
            break
        state = advance(state, recorded)
        pages = [p.audience for p in surfaces_of(state) if p.role == "page"]
        drawn = "\n".join(
            _drawn(view_of(state, audience, recorded.at))
            for audience in (ForRequester(part="progress"), *pages)
        )
        if drawn != shown and recorded.event.type != "item.appended":
            sys.stdout.write(f"── {recorded.seq} {recorded.event.type}\n{drawn}\n")
            shown = drawn
    sys.stdout.write(f"── the end: {state.phase.value}\n{_drawn_last(state, shown)}")
    return 0


def _drawn_last(state: TurnState, shown: str) -> str:
    if state.ending is None:
        return ""
    drawn = _drawn(view_of(state, ForRequester(part="answer"), state.ending.at))
    return "" if drawn == shown else f"{drawn}\n"


def _drawn(view: TurnView) -> str:
    lines = [f"   {view.headline}"] if view.headline else []
    if view.account:
        lines += [f"   {line}" for line in _accounted(view.account)]
    lines += [
        f"   {_MARKS[s.status]} {s.title} {s.detail}".rstrip() for s in view.steps
    ]
    lines += [f"   {line}" for line in view.text.splitlines()]
    lines += [f"   ? {a.title}: {a.status}" for a in view.approvals]
    return "\n".join(lines)


def _accounted(account: Account) -> Iterator[str]:
    yield account.said
    for status, _heading, entries in account.parts:
        for entry in entries:
            said = (entry.title, entry.agent, entry.reference, entry.note)
            words = f"{_MARKS[status]} {' '.join(said)}"
            yield " ".join(words.split())
    yield account.follows


def _compact(recorded: Recorded) -> str:
    body = recorded.event.model_dump(mode="json", exclude_defaults=True)
    return " ".join(f"{key}={value!r}" for key, value in body.items())[:160]


async def _events(wanted: str) -> Sequence[Recorded]:
    async with _journal() as journal:
        rows = await journal.turns(limit=10_000)
        found = [row.turn_id for row in rows if row.turn_id.startswith(wanted)]
        if len(found) != 1:
            raise NoSuchTurnError(f"{len(found)} turns have an id like {wanted!r}")
        return await journal.events(TurnId(found[0]))


@asynccontextmanager
async def _journal() -> AsyncGenerator[Journal]:
    async with opened_journal(load_settings(os.environ)) as journal:
        yield journal
