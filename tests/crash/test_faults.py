"""One fault of each kind, while six people's turns run; nothing is lost by it."""

from collections.abc import Mapping

import pytest

from tests.crash.faults import FAULTS, Struck, suffer
from tests.crash.yard import Yard, yard_in
from tests.support.postgres import run_apart
from tests.support.store import all_of

HARMS_ALL = "restart"
"""What nobody else can be in the yard with."""


async def _at_once(yard: Yard, *faults: str) -> dict[str, Struck]:
    struck = await all_of(suffer(yard, fault) for fault in faults)
    return {one.fault: one for one in struck}


async def _all() -> Mapping[str, Struck]:
    async with yard_in() as yard:
        others = [fault for fault in FAULTS if fault != HARMS_ALL]
        return {
            **await _at_once(yard, *others),
            **await _at_once(yard, HARMS_ALL),
        }


@pytest.fixture(scope="module")
def struck() -> Mapping[str, Struck]:
    return run_apart(_all)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_nothing(struck: Mapping[str, Struck], fault: str) -> None:
    assert not struck[fault].wrong, "\n".join(struck[fault].wrong)


def test_every_fault_was_one(struck: Mapping[str, Struck]) -> None:
    assert struck["kill"].notes["status"] == -9
    assert struck["zombie"].notes["conversations"]
    assert struck["cut"].notes["connections"]
    assert struck["disk"].notes["how"] in {"tmpfs", "trigger"}
    assert struck["drain"].notes["status"] == 0
    for fault in FAULTS:
        assert struck[fault].findings.turns >= 6, fault
