"""The garbage collector passes over what is there once the bot is built."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from bot.app.memory import YOUNG, settle_memory


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """Put the collector back as it was: it is the whole process's."""
    before = gc.get_threshold()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


class Knot:
    """Refers to itself."""

    def __init__(self) -> None:
        self.me = self


def test_what_is_there_is_passed_over() -> None:
    settle_memory()
    assert gc.get_freeze_count() > 0


def test_what_is_garbage_already_is_not_kept() -> None:
    left = weakref.ref(Knot())
    settle_memory()
    assert left() is None


def test_what_comes_later_is_still_collected() -> None:
    settle_memory()
    later = weakref.ref(Knot())
    gc.collect()
    assert later() is None


def test_only_the_youngest_are_looked_at_less_often() -> None:
    older = gc.get_threshold()[1:]
    settle_memory()
    assert gc.get_threshold() == (YOUNG, *older)
