"""Fixtures that every test may ask for, and what holds for each test.

Properties look for the same examples in every run, so a change is judged by what it
changes. To look for new ones: ``HYPOTHESIS_PROFILE=search make test``. How long one
takes is not judged: machines are busy.

``make test`` runs several processes. Tests that share what is made once, for a module
or a folder, run in one of them: it is not made again in each.
"""

import os
from collections.abc import Generator, Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from adapters.simulator import stage

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep those in one process that share a fixture of their module or folder."""
    for item in items:
        places = sorted(_shared_places(item), key=len)
        if places and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(places[0]))


def _shared_places(item: pytest.Item) -> Iterator[str]:
    """Give where the fixtures are from that are made once for several tests.

    Those of a plugin are from nowhere: each process has its own Postgres.
    """
    if isinstance(item, pytest.Function):
        for definitions in item._fixtureinfo.name2fixturedefs.values():
            for one in definitions:
                if one.scope != "function" and one.baseid:
                    yield one.baseid


@pytest.fixture(autouse=True)
def logs_as_before() -> Generator[None]:
    """Undo what a command that was run in this process set up for its log lines."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
