"""What of earlier turns is told, and what is folded into a summary."""

import dataclasses
from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from bot.protocol.ids import CallId, PersonId, TurnId
from bot.protocol.values import Ledger, LedgerEntry, PastTurn
from bot.turn.recall import (
    HISTORY_TOKENS,
    HISTORY_TURNS,
    KEPT_TURNS,
    REFERENCES,
    SUMMARY_TOKENS,
    extract,
    fold_of,
    summary_of,
    tokens_in,
    told,
)
from bot.turn.state import TurnState
from tests.support.turns import NOW


def past(n: int, *, length: int = 100, waits: bool = False) -> PastTurn:
    """Return the exchange of a day, which left a record."""
    at = NOW + timedelta(days=n)
    entry = LedgerEntry(
        call_id=CallId("c"), tool="t", title=f"Gave {n}", reference=f"IT-{n}"
    )
    return PastTurn(
        asked=f"ask {n} {'x' * length}",
        answered=f"answer {n} {'y' * length}",
        turn_id=TurnId(f"t{n}"),
        person_id=PersonId("p0"),
        name="Asker",
        at=at,
        ended_at=None if waits else at + timedelta(minutes=1),
        status="parked" if waits else "completed",
        ledger=None if waits else Ledger(did=(entry,)),
    )


def after(*turns: PastTurn) -> TurnState:
    return TurnState(history=turns)


def test_a_short_conversation_is_told_in_full() -> None:
    state = after(past(1), past(2))
    assert fold_of(state) is None
    assert told(state) == state.history


def test_a_long_one_is_folded_from_the_oldest_on() -> None:
    state = after(*(past(n, length=2000) for n in range(8)))
    fold = fold_of(state)
    assert fold is not None
    assert [turn.turn_id for turn in fold.turns] == [f"t{n}" for n in range(6)]
    kept = told(dataclasses.replace(state, folded=extract(fold)))
    assert [turn.turn_id for turn in kept] == ["t6", "t7"]


def test_many_short_ones_are_folded_too() -> None:
    assert fold_of(after(*(past(n) for n in range(HISTORY_TURNS)))) is None
    fold = fold_of(after(*(past(n) for n in range(HISTORY_TURNS + 1))))
    assert fold is not None
    assert len(fold.turns) > HISTORY_TURNS // 2


def test_what_waits_for_people_is_never_folded() -> None:
    waiting = past(0, length=2000, waits=True)
    state = after(waiting, *(past(n, length=2000) for n in range(1, 8)))
    fold = fold_of(state)
    assert fold is not None
    assert waiting not in fold.turns
    assert waiting in told(dataclasses.replace(state, folded=extract(fold)))


def test_what_ended_later_than_the_summary_is_told_whenever_it_was_asked() -> None:
    early, late = past(1), past(2)
    decided = early.model_copy(update={"ended_at": NOW + timedelta(days=9)})
    fold = fold_of(after(*(past(n, length=2000) for n in range(2, 9))))
    assert fold is not None
    state = dataclasses.replace(after(decided, late), folded=extract(fold))
    assert told(state) == (decided,)


def test_a_line_says_when_who_what_and_with_which_record() -> None:
    fold = fold_of(after(*(past(n, length=1000) for n in range(10))))
    assert fold is not None
    first, *_ = extract(fold).text.splitlines()
    assert first.startswith("2026-11-20 09:00 UTC Asker asked: ask 0 xxx")
    assert first.endswith("| done: Gave 0 (IT-0)")


def test_records_that_a_summary_forgot_are_added() -> None:
    fold = fold_of(after(*(past(n, length=1000) for n in range(10))))
    assert fold is not None
    made = summary_of(fold, "They got IT-0.", model="m")
    assert made.text.startswith("They got IT-0.\nRecords: IT-1, IT-2")
    assert made.references[:2] == ("IT-0", "IT-1")


def test_a_summary_of_years_stays_short_and_keeps_the_newest_records() -> None:
    state, number = TurnState(), 0
    for _ in range(30):
        turns = tuple(past(number + n, length=900) for n in range(12))
        number += 12
        state = dataclasses.replace(state, history=(*told(state), *turns))
        fold = fold_of(state)
        assert fold is not None
        state = dataclasses.replace(state, folded=extract(fold))
    assert state.summary is not None
    assert tokens_in(state.summary.text) < SUMMARY_TOKENS + 10 * REFERENCES
    assert len(state.summary.references) == REFERENCES
    newest = [f"IT-{n}" for n in range(number - 30, number - 12)]
    assert all(reference in state.summary.text for reference in newest)


histories = st.lists(
    st.tuples(st.integers(0, 4000), st.booleans(), st.integers(0, 3)), max_size=60
).map(
    lambda parts: tuple(
        past(n, length=length, waits=waits).model_copy(
            update={} if waits else {"ended_at": NOW + timedelta(days=n + late)}
        )
        for n, (length, waits, late) in enumerate(parts)
    )
)


def long_ones(count: int, *waiting: int) -> tuple[PastTurn, ...]:
    return tuple(past(n, length=4000, waits=n in waiting) for n in range(count))


@given(histories)
@example(long_ones(4, 0, 1)).via("those that ended are the newest, so none is folded")
@example(long_ones(60, *range(2, 60))).via("so many wait that brief ones are too long")
def test_nothing_is_lost_and_nothing_told_twice(turns: tuple[PastTurn, ...]) -> None:
    state = after(*turns)
    fold = fold_of(state)
    if fold is None:
        # What waits is not folded, so its texts are cut where all is too long.
        assert [turn.turn_id for turn in told(state)] == [t.turn_id for t in turns]
        return
    folded = {turn.turn_id for turn in fold.turns}
    kept = told(dataclasses.replace(state, folded=extract(fold)))
    assert folded.isdisjoint(turn.turn_id for turn in kept)
    assert len(folded) + len(kept) == len(turns)
    assert all(turn.ended_at for turn in fold.turns)
    words = sum(tokens_in(t.asked + t.answered) for t in kept[:-KEPT_TURNS])
    assert words <= HISTORY_TOKENS
