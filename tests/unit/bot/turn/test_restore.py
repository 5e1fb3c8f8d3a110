from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.protocol import events as ev
from bot.protocol.events import Recorded, UnknownEvent
from bot.protocol.ids import ItemId
from bot.turn.ledger import ledger_of
from bot.turn.restore import Damage, Restored, Unreadable, restore
from bot.turn.state import Phase, TurnState
from tests.support.plays import Play, plays
from tests.support.turns import (
    AUTHORIZED,
    BEGUN,
    CALL,
    CALLING,
    NOW,
    OPENED,
    STARTED,
    STEERED,
    TURN,
    endings,
    fold,
    logs,
    record,
)

FAILED = ev.TurnFailed(code="internal")
ENDINGS = (ev.TurnCompleted, ev.TurnFailed, ev.TurnCancelled)


def without(log: list[Recorded], *seqs: int) -> list[Recorded]:
    return [row for row in log if row.seq not in seqs]


def with_unreadable(log: list[Recorded], *seqs: int) -> list[Recorded | Unreadable]:
    return [Unreadable(seq=r.seq) if r.seq in seqs else r for r in log]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[list[Recorded], list[Recorded | Unreadable]]:
    """Return a log, and what is left of it; sometimes all of it."""
    log = draw(logs)
    fates = st.sampled_from(["kept"] * 6 + ["missing", "unreadable"])
    left: list[Recorded | Unreadable] = []
    for row in log:
        match draw(fates):
            case "kept":
                left.append(row)
            case "unreadable":
                left.append(Unreadable(seq=row.seq))
            case _:
                pass
    return log, left


# ------------------------------------------------------------------- undamaged logs


@given(logs, st.data())
def test_a_whole_log_is_folded(log: list[Recorded], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(log)))
    base = fold(log[:cut]) if cut else None
    assert restore(base, log, last_seq=len(log)) == Restored(state=fold(log))
    assert restore(base, log[cut:]) == Restored(state=fold(log))


def test_an_event_of_a_newer_release_is_no_damage() -> None:
    newer = Recorded(
        turn_id=TURN, seq=2, at=NOW, event=UnknownEvent(type="turn.danced", body="{}")
    )
    restored = restore(None, [*record([STARTED]), newer])
    assert restored.damage == ()
    assert restored.state.unknown_types == ("turn.danced",)


def test_a_turn_without_anything_is_a_turn_before_its_first_event() -> None:
    assert restore(None, []) == Restored(state=TurnState())


# ------------------------------------------------------------------------- damage


def test_after_a_missing_row_nothing_is_believed() -> None:
    log = record([STARTED, STEERED, OPENED, STEERED])
    restored = restore(None, without(log, 2))
    assert restored.state == replace(fold(log[:1]), seq=4)
    assert restored.damage == (Damage(seq=2, what="missing"),)


def test_after_an_unreadable_row_nothing_is_believed() -> None:
    log = record([STARTED, STEERED, OPENED, STEERED])
    restored = restore(None, with_unreadable(log, 3))
    assert restored.state == replace(fold(log[:2]), seq=4)
    assert restored.damage == (Damage(seq=3, what="unreadable"),)


def test_every_damage_is_told() -> None:
    log = record([STARTED, *[STEERED] * 9])
    restored = restore(None, without(with_unreadable(log, 3, 9), 5, 6), last_seq=12)  # pyright: ignore[reportArgumentType] - rows of both kinds
    assert restored.state.seq == 12
    assert restored.damage == (
        Damage(seq=3, what="unreadable"),
        Damage(seq=5, what="missing"),
        Damage(seq=9, what="unreadable"),
        Damage(seq=11, what="missing"),
    )


@pytest.mark.parametrize("first", ["missing", "unreadable"])
def test_a_turn_whose_beginning_is_lost_can_still_be_over(first: str) -> None:
    log = record([STARTED, OPENED, FAILED])
    rows = without(log, 1) if first == "missing" else with_unreadable(log, 1)
    state = restore(None, rows).state
    assert (state.phase, state.seq) == (Phase.FAILED, 3)
    assert restore(None, rows[:-1]).state == TurnState(seq=2)


def test_an_ending_after_the_damage_counts_and_what_comes_after_it_does_not() -> None:
    log = record([STARTED, OPENED, STEERED, FAILED, ev.TurnCompleted()])
    state = restore(None, with_unreadable(log, 2)).state
    assert (state.phase, state.seq) == (Phase.FAILED, 5)
    assert state.ending and state.ending.at == log[3].at


def test_a_snapshot_from_after_the_damage_heals_it() -> None:
    log = record([STARTED, STEERED, OPENED, STEERED])
    restored = restore(fold(log[:3]), with_unreadable(log, 2))
    assert restored == Restored(state=fold(log))


def test_a_lost_end_is_damage_where_it_is_known() -> None:
    log = record([STARTED, STEERED, OPENED])
    restored = restore(None, log[:2], last_seq=3)
    assert restored.state == replace(fold(log[:2]), seq=3)
    assert restored.damage == (Damage(seq=3, what="missing"),)
    assert restore(None, log[:2], last_seq=2).damage == ()


def test_a_log_goes_on_without_a_gap_after_what_was_restored() -> None:
    log = record([STARTED, STEERED, OPENED, FAILED])
    broken = restore(None, with_unreadable(log[:3], 2)).state
    assert broken.seq == 3
    again = restore(None, with_unreadable(log, 2))
    assert again.state.phase is Phase.FAILED
    assert restore(broken, log[3:]) == Restored(state=again.state)


def test_rows_in_any_order_and_twice_are_the_same_rows() -> None:
    log = record([STARTED, STEERED, OPENED, STEERED])
    assert restore(None, [*log[::-1], *log]) == Restored(state=fold(log))


@given(damaged())
def test_what_is_left_of_a_log_decides(
    parts: tuple[list[Recorded], list[Recorded | Unreadable]],
) -> None:
    log, left = parts
    restored = restore(None, left)
    assert restored == restore(None, left)
    read = [row for row in left if isinstance(row, Recorded)]
    if read == log:
        assert restored == Restored(state=fold(log))
        return
    good = next(n for n in range(len(log) + 1) if read[: n + 1] != log[: n + 1])
    before = fold(log[:good])
    newest = left[-1].seq if left else 0
    assert restored.state.seq == max(newest, before.seq)
    ends = [r for r in read[good:] if isinstance(r.event, ENDINGS)]
    if before.ending or not ends:
        assert restored.state == replace(before, seq=restored.state.seq)
    else:
        assert restored.state.ending and restored.state.ending.at == ends[0].at
        assert restored.state.calls == before.calls
        assert restored.state.steers == before.steers
    whole = len(left) == newest and read == left
    assert bool(restored.damage) is not whole


@given(damaged(), st.data())
def test_an_ended_turn_stays_ended_whatever_is_lost_later(
    parts: tuple[list[Recorded], list[Recorded | Unreadable]], data: st.DataObject
) -> None:
    log, left = parts
    ending = data.draw(endings)
    ended = fold(record([*(r.event for r in log), ending]))  # pyright: ignore[reportArgumentType] - no event of a newer release here
    shifted = [replace_seq(row, row.seq + ended.seq) for row in left]
    restored = restore(ended, shifted)
    assert restored.state == replace(ended, seq=restored.state.seq)


def replace_seq(row: Recorded | Unreadable, seq: int) -> Recorded | Unreadable:
    if isinstance(row, Unreadable):
        return Unreadable(seq=seq)
    return row.model_copy(update={"seq": seq})


@given(plays(), st.data())
def test_the_ledger_of_a_damaged_turn_says_nothing_that_is_not_so(
    play: Play, data: st.DataObject
) -> None:
    lost = data.draw(st.integers(2, len(play.log) + 1))
    restored = restore(None, without(play.log, lost)).state
    truth = {
        entry.call_id: side
        for side, entries in ledger_of(play.state)
        for entry in entries
    }
    for side, entries in ledger_of(restored, damaged=True):
        for entry in entries:
            assert side in {"unknown", truth[entry.call_id]}


# --------------------------------------------------------------------- compaction

TEXT = ItemId("t")
COMPACTED = record(
    [
        *CALLING,
        ev.ItemOpened(item_id=TEXT, frame_id=OPENED.frame_id, kind="text"),
        ev.ItemAppended(item_id=TEXT, text="Hello"),
        ev.ItemAppended(item_id=TEXT, text=" there"),
        AUTHORIZED,
        BEGUN,
        ev.TurnCompleted(),
    ]
)
"""Rows 6 and 7 are the ones that compaction removes."""


def test_what_compaction_removed_is_in_the_snapshot() -> None:
    whole = fold(COMPACTED)
    rows = without(COMPACTED, 6, 7)
    assert restore(whole, rows, compacted_to=10) == Restored(state=whole)


@pytest.mark.parametrize("base", [None, fold(COMPACTED[:3])])
@pytest.mark.parametrize("compacted_to", [7, 10])
def test_without_the_snapshot_only_the_text_is_lost(
    base: TurnState | None, compacted_to: int
) -> None:
    rows = without(COMPACTED, 6, 7)
    restored = restore(base, rows, compacted_to=compacted_to)
    assert restored.damage == (Damage(seq=6, what="missing"),)
    whole = fold(COMPACTED)
    wordless = tuple(replace(i, text="") for i in whole.items)
    assert restored.state == replace(whole, items=wordless)


def test_a_gap_that_compaction_did_not_make_is_not_skipped() -> None:
    log = [*COMPACTED[:8], *record([*(r.event for r in COMPACTED), STEERED])[8:]]  # pyright: ignore[reportArgumentType] - no event of a newer release here
    rows = without(log, 6, 9)
    restored = restore(None, rows, compacted_to=8)
    [call] = restored.state.calls
    assert (call.call_id, call.status) == (CALL, "authorized")
    assert [damage.seq for damage in restored.damage] == [6, 9]


def test_a_gap_of_compaction_does_not_bring_belief_back() -> None:
    rows = [row for row in with_unreadable(COMPACTED, 5) if row.seq not in {6, 7}]
    restored = restore(None, rows, compacted_to=10)
    [call] = restored.state.calls
    assert call.status == "requested"
    assert [damage.seq for damage in restored.damage] == [5, 6]


def test_an_unreadable_row_is_not_taken_for_a_compacted_one() -> None:
    rows = with_unreadable(COMPACTED, 8)
    restored = restore(None, rows, compacted_to=10)
    [call] = restored.state.calls
    assert call.status == "requested"
    assert restored.damage == (Damage(seq=8, what="unreadable"),)
