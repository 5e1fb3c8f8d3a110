"""Fixtures that every test may ask for, and what holds for each test.

Properties look for the same examples in every run, so a change is judged by what it
changes. To look for new ones: ``HYPOTHESIS_PROFILE=search make test``. How long one
takes is not judged: machines are busy.

``make test`` runs several processes, see `tests.support.processes`.
"""

import os
from collections.abc import Generator

import pytest
import structlog
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from adapters.simulator import stage
from tests.support.processes import Together, place_of, shared_places

for name, derandomize in (("same", True), ("search", False)):
    settings.register_profile(
        name,
        derandomize=derandomize,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

pytest_plugins = ["tests.support.postgres"]


def pytest_configure() -> None:
    """Give each process ports of its own, or two might pick the same one at once."""
    if worker := os.environ.get("PYTEST_XDIST_WORKER", ""):
        several = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        number = int(worker.removeprefix("gw")) % several  # a lost one is replaced
        stage.QUIET_PORTS = stage.QUIET_PORTS[number::several]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Deal the tests out one by one, but for those that stay together."""
    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make sure that nothing is made again in each process.

    Raises:
        pytest.UsageError: Tests share a fixture, and are dealt out one by one.
    """
    for item in items:
        for place in shared_places(item):
            if place_of(item.nodeid) is None:
                raise pytest.UsageError(
                    f"{item.nodeid} shares a fixture of {place} with other tests: "
                    "put that into TOGETHER in tests/support/processes.py"
                )


@pytest.fixture(autouse=True)
def logs_as_before() -> Generator[None]:
    """Undo what a command that was run in this process set up for its log lines."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
