from hypothesis import given
from hypothesis import strategies as st

from adapters.teams import limits
from adapters.teams.patience import Patience


@given(st.integers(1, 100), st.sampled_from([0.5, 2.0]))
def test_pauses_double_up_to_a_bound(refusals: int, first: float) -> None:
    patience = Patience()
    for count in range(refusals):
        pause = patience.refused("a:1", first)
        least = min(limits.LONGEST_BACKOFF, first * 2**count)
        assert least <= pause <= least * (1 + limits.JITTER)


def test_each_conversation_has_its_own_pauses_and_success_ends_them() -> None:
    patience = Patience()
    first = patience.refused("a:1", 2)
    assert patience.refused("a:1", 2) > first
    assert patience.refused("a:2", 2) not in {first, 2}
    patience.done("a:1")
    assert patience.refused("a:1", 2) == first


def test_no_more_conversations_are_remembered_than_fit() -> None:
    patience = Patience()
    first = patience.refused("a:0", 2)
    for number in range(1, limits.CONVERSATIONS_REMEMBERED + 1):
        patience.refused(f"a:{number}", 2)
    assert patience.refused("a:0", 2) == first
