"""What of a conversation's earlier turns is told in full, and what a summary is of. Pure.

Turns that ended are folded into a summary, those that ended first first, once all
together are too long. A turn that waits for people is never folded: what it asked for
is known from rows, and how it ends is told by the turn itself.

How long something is, is estimated: a token is three bytes here, which is more than
models count for English and about right for German or JSON.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.protocol.values import LedgerEntry, PastTurn, Summary
from bot.turn.state import TurnState

HISTORY_TOKENS = 6000
"""Estimated tokens of earlier turns that are told in full, at most."""
KEPT_TOKENS = 2500
"""What is left of them when some are folded: far less, so that it is done seldom."""
HISTORY_TURNS = 30
"""Earlier turns that are told in full, at most, however short they are."""
MANY_TURNS = 15
"""What is left of so many."""
KEPT_TURNS = 2
"""The newest turns, which are told in full however long they are."""
SUMMARY_TOKENS = 1500
"""Estimated tokens of a summary, at most."""
REFERENCES = 40
"""Records that a summary names, the newest."""
LONGEST = 4000
"""Characters of one text of an earlier turn."""
_SHORT = 160
"""Characters of one where there is no room for more."""
_SHORTEST = 30
"""Characters of one where there is hardly room for any: many wait for people."""
_BYTES = 3
"""Of which a token is made."""
_OVERHEAD = 40
"""Tokens of an exchange beside its words: dates, roles, marks."""
_LEFT_OUT = "(What was before that is left out.)"


def tokens_in(text: str) -> int:
    """Return about how many tokens a text is."""
    return -(-len(text.encode(errors="replace")) // _BYTES)


def cut(text: str, most: int) -> str:
    """Return a text of at most about ``most`` characters: its begin and its end."""
    if len(text) <= most:
        return text
    return f"{text[: most * 2 // 3]} […] {text[-(most // 3) :]}"


def bounded(turn: PastTurn) -> PastTurn:
    """Return an earlier turn as a new one keeps it."""
    return _cut(turn, LONGEST)


def in_brief(turn: PastTurn) -> PastTurn:
    """Return an earlier turn as it is told where there is hardly any room."""
    return _cut(turn, _SHORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Turns that a summary is to be made of."""

    before: Summary | None
    """What is already left of those before them."""
    turns: tuple[PastTurn, ...]
    """In the order in which they were asked."""
    until: datetime


def told(state: TurnState) -> tuple[PastTurn, ...]:
    """Return the earlier turns that the turn's model is told in full."""
    turns = _unfolded(state)
    if _tokens(turns) <= HISTORY_TOKENS:
        return turns
    older, newest = turns[:-KEPT_TURNS], turns[-KEPT_TURNS:]
    most = _room_for_each(len(older))
    return (*(_cut(turn, most) for turn in older), *newest)


def fold_of(state: TurnState) -> Fold | None:
    """Return what must be folded before the turn's model is asked, if anything."""
    turns = _unfolded(state)
    left, count = _tokens(turns), len(turns)
    if left <= HISTORY_TOKENS and count <= HISTORY_TURNS:
        return None
    kept = {turn.turn_id for turn in turns[-KEPT_TURNS:]}
    over = [(turn.ended_at, turn) for turn in turns if turn.ended_at]
    over.sort(key=lambda pair: pair[0])
    until: datetime | None = None
    for ended, turn in over:
        enough = left <= KEPT_TOKENS and count <= MANY_TURNS
        if ended != until and (enough or turn.turn_id in kept):
            break
        until, left, count = ended, left - _tokens([turn]), count - 1
    if until is None:
        return None
    folded = tuple(t for t in turns if t.ended_at and t.ended_at <= until)
    return Fold(before=state.summary, turns=folded, until=until)


def extract(fold: Fold) -> Summary:
    """Return a summary made of lines: who asked what, and what came of it."""
    before = fold.before.text.splitlines() if fold.before else []
    lines = [*before, *map(line_of, fold.turns)]
    return summary_of(fold, "\n".join(_newest(lines)))


def summary_of(fold: Fold, text: str, *, model: str = "") -> Summary:
    """Return a summary with a text, to which the records are added that it forgot."""
    made = (*(fold.before.references if fold.before else ()), *_references(fold.turns))
    references = tuple(dict.fromkeys(made))[-REFERENCES:]
    forgotten = [reference for reference in references if reference not in text]
    if forgotten:
        text = f"{text}\nRecords: {', '.join(forgotten)}"
    return Summary(text=text, until=fold.until, references=references, model=model)


def line_of(turn: PastTurn) -> str:
    """Return an earlier turn in one line."""
    asked = f"{when(turn.at)} {turn.name} asked: {_line(turn.asked)}".strip()
    became = [f"{how}: {', '.join(what)}" for how, what in outcome_of(turn).items()]
    answered = [f"answered: {_line(turn.answered)}"] if turn.answered.strip() else []
    return " | ".join([asked, *answered, *became])


def outcome_of(turn: PastTurn) -> dict[str, list[str]]:
    """Return what came of an earlier turn beside its answer, by how it stands."""
    found: dict[str, list[str]] = {}
    match turn.status:
        case "parked":
            found["stands"] = ["waits for people's decision"]
        case "failed" | "cancelled":
            found["stands"] = [turn.status]
        case _:
            pass
    if turn.ledger:
        sides = {
            "done": turn.ledger.did,
            "not done": turn.ledger.did_not,
            "nobody knows whether done": turn.ledger.unknown,
        }
        found |= {how: [_entry(e) for e in side] for how, side in sides.items() if side}
    return found


def when(at: datetime | None) -> str:
    """Return an instant as models are told it: the same on any day."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else ""


def _unfolded(state: TurnState) -> tuple[PastTurn, ...]:
    until = state.summary.until if state.summary else None
    return tuple(
        turn
        for turn in state.history
        if not (until and turn.ended_at and turn.ended_at <= until)
    )


def _tokens(turns: Iterable[PastTurn]) -> int:
    return sum(
        _OVERHEAD
        + tokens_in(turn.asked + turn.answered)
        + sum(tokens_in(line) for side in outcome_of(turn).values() for line in side)
        for turn in turns
    )


def _room_for_each(turns: int) -> int:
    """Return how many characters a text of so many turns may have.

    Any number may wait for people, and none of those is folded.
    """
    words = HISTORY_TOKENS // max(1, turns) - _OVERHEAD
    return min(_SHORT, max(_SHORTEST, words * _BYTES // 2))  # asked, and answered


def _cut(turn: PastTurn, most: int) -> PastTurn:
    asked, answered = cut(turn.asked, most), cut(turn.answered, most)
    return turn.model_copy(update={"asked": asked, "answered": answered})


def _newest(lines: Sequence[str]) -> list[str]:
    """Return the newest lines that there is room for."""
    room, kept = SUMMARY_TOKENS, list[str]()
    for line in reversed(lines):
        room -= tokens_in(line) + 1
        if room < 0:
            return [_LEFT_OUT, *kept[::-1]]
        if line != _LEFT_OUT:
            kept.append(line)
    return [_LEFT_OUT, *kept[::-1]] if _LEFT_OUT in lines else kept[::-1]


def _references(turns: Iterable[PastTurn]) -> list[str]:
    ledgers = [turn.ledger for turn in turns if turn.ledger]
    entries = [e for ledger in ledgers for e in (*ledger.did, *ledger.unknown)]
    return [entry.reference for entry in entries if entry.reference]


def _line(text: str) -> str:
    return cut(" ".join(text.split()), _SHORT)


def _entry(entry: LedgerEntry) -> str:
    return f"{entry.title} ({entry.reference})" if entry.reference else entry.title
