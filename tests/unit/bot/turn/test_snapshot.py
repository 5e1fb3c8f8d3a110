import json
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from bot.protocol import events as ev
from bot.protocol.events import Recorded
from bot.protocol.values import Ledger, LedgerEntry
from bot.turn.deadlines import TURN_LIMIT, turn_deadline
from bot.turn.decide import Run, decide
from bot.turn.reduce import advance
from bot.turn.snapshot import SHAPE, checksum_of, freeze, is_outdated, thaw
from bot.turn.state import Phase, TurnState
from tests.support.turns import CALL, NOW, STARTED, fold, logs, record

OLD = Path(__file__).parents[3] / "golden" / "snapshots" / "first-release.json"
"""A turn whose tool was started after an approval, frozen by release 0.1.0's first."""


@given(logs, st.data())
def test_a_snapshot_is_as_good_as_the_log_before_it(
    log: list[Recorded], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(log)))
    body, checksum = freeze(fold(log[:cut]))
    assert checksum_of(body) == checksum
    assert reduce(advance, log[cut:], thaw(body)) == fold(log)


def test_a_snapshot_of_the_first_release_goes_on() -> None:
    state = thaw(OLD.read_text("utf-8"))
    [approval] = state.approvals
    assert (state.phase, state.seq) == (Phase.RUNNING, 11)
    assert decide(state, NOW) == (Run(CALL),)
    assert approval.settled_at
    assert turn_deadline(state) == approval.settled_at + TURN_LIMIT
    assert thaw(freeze(state)[0]) == state


def test_a_snapshot_says_whether_an_older_release_stored_it() -> None:
    body, _ = freeze(TurnState())
    assert is_outdated(OLD.read_text("utf-8"))
    assert not is_outdated(body)
    assert is_outdated(body.replace(f'"shape":{SHAPE}', f'"shape":{SHAPE - 1}', 1))
    assert not is_outdated(body.replace(f'"shape":{SHAPE}', '"shape":10', 1))


def test_fields_of_a_newer_release_are_ignored_at_any_depth() -> None:
    entry = LedgerEntry(call_id=CALL, tool="t", title="T")
    ended = ev.TurnFailed(code="model", ledger=Ledger(did=(entry,)))
    state = fold(record([STARTED, ended]))
    assert thaw(json.dumps(added_to(json.loads(freeze(state)[0])))) == state


def added_to(value: JsonValue) -> JsonValue:
    """Return a document with one more field in every object."""
    match value:
        case dict():
            return {"mood": "good", **{k: added_to(v) for k, v in value.items()}}
        case list():
            return [added_to(part) for part in value]
        case _:
            return value


@pytest.mark.parametrize("body", ["", "[]", '{"seq": "many"}', '{"frames": [{}]}'])
def test_a_snapshot_of_another_shape_is_refused(body: str) -> None:
    with pytest.raises(ValidationError):
        thaw(body)


def test_a_changed_snapshot_has_another_checksum() -> None:
    body, checksum = freeze(TurnState())
    assert checksum_of(body.replace("0", "1")) != checksum
