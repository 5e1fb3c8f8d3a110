"""The circuit breaker, in every order in which questions can go out and come back."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agents.models.breaker import FAILURES, LONGEST_REST, REST, Breaker


def opened(at: float = 0.0) -> Breaker:
    """Return the breaker of a model that has just failed too often."""
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker = breaker.failed(at)
    return breaker


def test_failures_in_a_row_open_it():
    assert not opened().failures < FAILURES
    assert opened(at=7.0).wait(7.0) == REST
    assert opened(at=7.0).wait(7.0 + REST) == 0.0


def test_failures_with_a_success_between_them_do_not():
    breaker = Breaker()
    for _ in range(3 * FAILURES):
        breaker = breaker.failed(0.0).failed(0.0).succeeded()
    assert not breaker.is_open


def test_while_it_is_open_one_question_at_a_time_is_tried():
    breaker = opened().asking(REST)
    assert breaker.wait(REST) == REST
    assert breaker.wait(2 * REST) == 0.0, "one that never came back is not the last"


def test_a_trial_that_succeeds_closes_it():
    assert opened().asking(REST).succeeded() == Breaker()


def test_each_trial_that_fails_doubles_the_rest_up_to_a_limit():
    breaker, now, rests = opened(), 0.0, list[float]()
    for _ in range(8):
        now += breaker.wait(now)
        breaker = breaker.asking(now).failed(now)
        rests.append(breaker.wait(now))
    assert rests[:3] == [2 * REST, 4 * REST, 8 * REST]
    assert rests[-1] == LONGEST_REST


def test_it_rests_as_long_as_the_model_wants():
    breaker = opened().asking(REST)
    assert breaker.failed(REST, retry_after=60.0).wait(REST) == 60.0


@given(st.lists(st.sampled_from(["ask", "fail", "succeed"])), st.floats(0, 1e6))
def test_nobody_ever_waits_longer_than_the_limit(steps: list[str], now: float):
    breaker = Breaker()
    for step in steps:
        match step:
            case "ask":
                breaker = breaker.asking(now)
            case "fail":
                breaker = breaker.failed(now, retry_after=1e9)
            case _:
                breaker = breaker.succeeded()
        assert 0.0 <= breaker.wait(now) <= LONGEST_REST * 1.001


class Outage(RuleBasedStateMachine):
    """A model that is down: how many questions does it get?"""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = Breaker()
        self.opened_at: float | None = None
        self.trials = 0

    @rule(seconds=st.floats(0.1, 40.0))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.breaker.wait(self.now) == 0.0)
    @rule(comes_back=st.booleans())
    def somebody_asks(self, comes_back: bool) -> None:  # noqa: FBT001 - drawn
        self.trials += self.breaker.is_open
        self.breaker = self.breaker.asking(self.now)
        if comes_back:
            self.breaker = self.breaker.failed(self.now)
        if self.breaker.is_open and self.opened_at is None:
            self.opened_at = self.now

    @invariant()
    def a_model_that_is_down_is_left_alone(self) -> None:
        since = 0.0 if self.opened_at is None else self.now - self.opened_at
        assert self.trials <= 1 + since / REST


TestOutage = Outage.TestCase
