"""Who shares what is made once runs in one process; everybody else runs anywhere."""

import pytest
from xdist.remote import Producer

from tests.support.processes import TOGETHER, Together, place_of, shared_places
from tests.support.replicas import CHECKOUT


@pytest.fixture(scope="module", params=["anything"])
def shared(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("place", TOGETHER)
def test_every_place_is_there(place: str) -> None:
    assert (CHECKOUT / place).exists()


@pytest.mark.parametrize("place", TOGETHER)
def test_the_tests_of_a_place_are_dealt_out_as_one(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(pytestconfig.option, "tx", ["popen"])
    dealer = Together(pytestconfig, Producer("dealer", enabled=False))
    inside = place if place.endswith(".py") else f"{place}/deep/test_it.py"
    assert dealer._split_scope(f"{inside}::test_a[x/y.py::z]") == place
    assert dealer._split_scope(f"{inside}::TestAll::test_b") == place
    outside = f"{place.removesuffix('.py')}_else/test_it.py::test_a"
    assert dealer._split_scope(outside) == outside


def test_who_shares_a_fixture_of_the_module_is_seen(
    request: pytest.FixtureRequest, shared: str
) -> None:
    assert shared
    assert list(shared_places(request.node)) == [__file__.removeprefix(f"{CHECKOUT}/")]
    assert place_of(request.node.nodeid)
