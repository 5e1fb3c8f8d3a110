"""`changed` is `dataclasses.replace` for states, only faster."""

from dataclasses import FrozenInstanceError, dataclass, fields, replace

import pytest
from hypothesis import given

from bot.turn.change import changed
from bot.turn.state import Phase, TurnState
from tests.support import turns


@dataclass(frozen=True, slots=True)
class Point:
    """Two fields, one with a default."""

    x: int
    y: int = 2


@given(log=turns.logs)
def test_it_is_what_replace_makes(log: list[turns.Recorded]) -> None:
    state = turns.fold(log)
    assert changed(state, seq=99) == replace(state, seq=99)
    assert changed(state) == state


def test_what_is_not_named_stays_the_same_object() -> None:
    state = turns.fold(turns.record([turns.STARTED, turns.OPENED]))
    made = changed(state, seq=99)
    for field in fields(TurnState):
        if field.name != "seq":
            assert getattr(made, field.name) is getattr(state, field.name)


def test_the_original_stays_as_it_is_and_the_copy_is_as_frozen() -> None:
    point = Point(1)
    made = changed(point, y=3)
    assert (point, made) == (Point(1, 2), Point(1, 3))
    assert hash(made) == hash(Point(1, 3))
    with pytest.raises(FrozenInstanceError):
        made.y = 4  # type: ignore[misc]


def test_each_kind_has_its_own_fields() -> None:
    state = TurnState()
    assert changed(Point(1), x=5) == Point(5)
    assert changed(state, seq=1).phase is Phase.NEW
    assert changed(Point(1), x=6) == Point(6)


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AttributeError):
        changed(Point(1), z=3)
