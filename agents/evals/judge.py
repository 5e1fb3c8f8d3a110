"""Hold what came of a scenario against what must come of it. Pure.

Every problem is one sentence: what must be, and what was instead.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from agents.evals.house import Happened
from agents.evals.scenario import Ask, Deed, Expected
from bot.turn.state import Phase, TurnState

_A = TypeVar("_A")
_B = TypeVar("_B")
_ROOM = timedelta(minutes=5)
"""By which access may end earlier or later than is said."""
_SHOWN = 400
_ENDS = {
    Phase.COMPLETED: "done",
    Phase.PARKED: "waits",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "stopped",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request for a decision, as it was made."""

    stages: tuple[tuple[str, ...], ...]
    """The ids of who may decide."""
    subject: str
    card: str
    """What who decides reads, in reminders too."""
    fate: str
    reminded: int = 0
    """How often those who had not decided were reminded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that a scenario is judged by."""

    turns: Sequence[TurnState]
    answers: Sequence[str]
    """For each turn, all that who asked reads."""
    said: str
    """What the agents said last, to show."""
    asked: Sequence[Asked]
    happened: Sequence[Happened]
    asker: str
    """Who spoke first."""


def judged(expect: Expected, outcome: Outcome) -> list[str]:
    """Return what is not as it must be; empty: nothing."""
    return [
        *_deeds(expect.effects, outcome),
        *_asks(expect.asks, outcome.asked),
        *_refusals(expect.refused, outcome.turns),
        *_hands(expect.hands_to, outcome.turns),
        *_sources(expect.cites, outcome.turns),
        *_words(expect, outcome),
        *_ending(expect.ends, outcome.turns),
    ]


def lacks(
    text: str, wanted: Sequence[str], where: str, *, shown: str | None = None
) -> list[str]:
    """Return a problem for each of ``wanted`` that ``text`` has not in it.

    Args:
        text: What is looked through.
        wanted: Words; ``a | b``: one of them.
        where: What ``text`` is.
        shown: What people are shown of it; all of it.
    """
    plain = _plain(text)
    return [
        f"{where} lacks {one!r}; it is {_short(text if shown is None else shown)!r}"
        for one in wanted
        if not any(_plain(choice) in plain for choice in one.split("|"))
    ]


def _plain(text: str) -> str:
    """Return a text without marks of Markdown, case and the shape of its lines."""
    return " ".join(text.replace("*", "").replace("`", "").casefold().split())


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _matched(
    wanted: Sequence[_A], found: Sequence[_B], fits: Callable[[_A, _B], bool]
) -> tuple[list[_A], list[_B]]:
    """Return what of both is left once all that fits together is taken away."""
    left = list(found)
    missing: list[_A] = []
    for one in wanted:
        match = next((f for f in left if fits(one, f)), None)
        if match is None:
            missing.append(one)
        else:
            left.remove(match)
    return missing, left


# ------------------------------------------------------------------------- effects


def _deeds(wanted: Sequence[Deed], outcome: Outcome) -> list[str]:
    def fits(deed: Deed, row: Happened) -> bool:
        same = (deed.kind, deed.who or outcome.asker, deed.what, deed.grant) == (
            *(row.kind, row.who),
            *(row.what, row.grant),
        )
        return (
            same
            and deed.queue in {"", row.queue}
            and not lacks(row.text, deed.says, "")
            and _lasts(deed, row)
        )

    missing, more = _matched(wanted, outcome.happened, fits)
    return [
        *(f"effect missing: {_deed(deed, outcome.asker)}" for deed in missing),
        *(f"effect not expected: {_row(row)}" for row in more),
    ]


def _lasts(deed: Deed, row: Happened) -> bool:
    if deed.lasts is None:
        return True
    wanted = timedelta(seconds=deed.lasts)
    return row.lasts is not None and abs(row.lasts - wanted) <= _ROOM


def _deed(deed: Deed, asker: str) -> str:
    lasts = f" for {timedelta(seconds=deed.lasts)}" if deed.lasts else ""
    what = " ".join(filter(None, (deed.kind, deed.what, deed.grant, deed.queue)))
    says = "".join(f" saying {one!r}" for one in deed.says)
    return f"{what} for {deed.who or asker}{lasts}{says}"


def _row(row: Happened) -> str:
    lasts = f" for {row.lasts}" if row.lasts else ""
    what = " ".join(filter(None, (row.kind, row.what, row.grant, row.queue)))
    says = f" saying {_short(row.text)!r}" if row.text else ""
    return f"{what} for {row.who}{lasts}{says}"


# ------------------------------------------------------------------------ requests


def _asks(wanted: Sequence[Ask], asked: Sequence[Asked]) -> list[str]:
    def fits(ask: Ask, made: Asked) -> bool:
        people = [sorted(stage) for stage in ask.of]
        return (
            people == [sorted(stage) for stage in made.stages]
            and not lacks(made.subject, [ask.about] if ask.about else [], "")
            and not lacks(made.card, ask.shows, "")
            and ask.fate in {None, made.fate}
            and ask.reminded in {None, made.reminded}
        )

    missing, more = _matched(wanted, asked, fits)
    return [
        *(f"request missing: {_ask(ask)}" for ask in missing),
        *(f"request not expected: {_made(made)}" for made in more),
    ]


def _ask(ask: Ask) -> str:
    about = f" about {ask.about!r}" if ask.about else ""
    shows = "".join(f" showing {one!r}" for one in ask.shows)
    fate = f", {ask.fate}" if ask.fate else ""
    often = "" if ask.reminded is None else f", reminded {ask.reminded} times"
    return f"of {_people(ask.of)}{about}{shows}{fate}{often}"


def _made(made: Asked) -> str:
    often = f", reminded {made.reminded} times" if made.reminded else ""
    return f"of {_people(made.stages)}, {made.fate}{often}; its card is {_short(made.card)!r}"


def _people(stages: Sequence[Sequence[str]]) -> str:
    return ", then ".join(" or ".join(stage) for stage in stages)


# --------------------------------------------------------------------- what was said


def _refusals(wanted: Sequence[str] | None, turns: Sequence[TurnState]) -> list[str]:
    if wanted is None:
        return []
    reasons = [
        call.reason
        for turn in turns
        for call in turn.calls
        if call.denied_by == "policy" and not call.malformed
    ]
    missing, more = _matched(wanted, reasons, lambda w, r: not lacks(r, [w], ""))
    said = " and ".join(repr(_short(reason)) for reason in reasons) or "nothing"
    return [
        *(f"refusal missing: {one!r}; policy said {said}" for one in missing),
        *(f"refusal not expected: {_short(one)!r}" for one in more),
    ]


def _hands(wanted: Sequence[str] | None, turns: Sequence[TurnState]) -> list[str]:
    if wanted is None:
        return []
    worked = {f.agent for t in turns for f in t.frames if f.parent_id is not None}
    if worked == set(wanted):
        return []
    names = ", ".join(sorted(worked)) or "nobody"
    return [f"must be handed to {', '.join(wanted) or 'nobody'}; it was to {names}"]


def _sources(wanted: Sequence[str], turns: Sequence[TurnState]) -> list[str]:
    cited = {s.ref for t in turns for c in t.calls for s in c.sources}
    names = ", ".join(sorted(cited)) or "none"
    return [
        f"the article {one!r} must be cited; cited was {names}"
        for one in wanted
        if one not in cited
    ]


def _words(expect: Expected, outcome: Outcome) -> list[str]:
    last = outcome.answers[-1] if outcome.answers else ""
    everything = _plain("\n".join(outcome.answers))
    return [
        *lacks(last, expect.says, "the last answer", shown=outcome.said),
        *(
            f"an answer has {one!r} in it; the last is {_short(outcome.said)!r}"
            for words in expect.never_says
            for one in words.split("|")
            if _plain(one) in everything
        ),
    ]


def _ending(wanted: str | None, turns: Sequence[TurnState]) -> list[str]:
    if not turns:
        return ["nothing was begun"]
    found = [
        f"a turn failed: {turn.ending.code}"
        for turn in turns
        if wanted != "failed" and turn.ending and turn.ending.phase is Phase.FAILED
    ]
    ends = _ENDS.get(turns[-1].phase, turns[-1].phase)
    if wanted is not None and ends != wanted:
        found.append(f"it must end {wanted!r}; it ends {ends!r}")
    return found
