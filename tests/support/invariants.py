"""What holds after every test of the engine, whatever it did.

Design, section 10: the log has no gaps and one end; snapshot and events say the same;
what a runner had in memory is the fold of the log; what people see is the view of it.
"""

from collections.abc import Callable, Collection, Sequence
from functools import reduce

from bot.protocol.events import Recorded, TurnCancelled, TurnCompleted, TurnFailed
from bot.turn.reduce import advance
from bot.turn.state import TurnState
from bot.view.nodes import TurnView
from bot.view.project import Audience, surfaces_of
from tests.support.fake_platform import FakeMessage


def check_log(log: Sequence[Recorded]) -> TurnState:
    """Return the state that a log gives; it has no gaps, and one end at most."""
    assert [r.seq for r in log] == list(range(1, len(log) + 1)), "a gap"
    ends = [
        r
        for r in log
        if isinstance(r.event, TurnCompleted | TurnFailed | TurnCancelled)
    ]
    assert ends in ([], [log[-1]]), "nothing follows the one end"
    return reduce(advance, log, TurnState())


def check_memory(had: TurnState, log: Sequence[Recorded]) -> None:
    """What a runner had is what the log said up to there."""
    folded = reduce(advance, log[: had.seq], TurnState())
    assert folded == had, "memory and log differ"


def check_shown(
    state: TurnState,
    messages: Sequence[FakeMessage],
    expected: Callable[[TurnState, Audience], TurnView],
    unshown: Collection[str],
) -> None:
    """Every surface is there once and shows the view of the state."""
    for plan in surfaces_of(state, there={m.surface for m in messages}):
        if plan.role in unshown:
            continue
        shown = [m.view for m in messages if m.surface == plan.surface_id]
        if plan.below and not shown:
            continue  # it would only point at the answer, and was lost before
        if plan.role == "reminder" and plan.final and not shown:
            continue  # they had decided before it went out
        assert len(shown) == 1, f"{plan.role} is there {len(shown)} times"
        assert shown[0] == expected(state, plan.audience), plan.role
