"""The last landed release, as customers run it."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.support.postgres import Server, run_apart
from tests.support.replicas import Fleet, fleet_on, unpacked

_number = count(1)
RELEASES = Path(__file__).with_name("releases")


@pytest.fixture(scope="session")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the previous release's code."""
    [wheel] = RELEASES.glob("*/*.whl")
    return unpacked(wheel, tmp_path_factory.mktemp("previous"))


@pytest.fixture(scope="session")
def previous_template(postgres_server: Server, previous: Path) -> Iterator[str]:
    """A database that the previous release has migrated by itself."""
    name = f"{postgres_server.prefix}_previous"
    run_apart(lambda: postgres_server.create(name))
    url = postgres_server.url_of(name)
    subprocess.run(
        [sys.executable, "-m", "bot.cli", "migrate"],
        cwd=previous,
        env={**os.environ, "PYTHONPATH": str(previous), "DATABASE_URL": url},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    yield name
    run_apart(lambda: postgres_server.drop(name))


@pytest.fixture
def previous_database_url(
    postgres_server: Server, previous_template: str
) -> Iterator[str]:
    """A database of this test's own, at the previous release's schema."""
    name = f"{previous_template}_{next(_number)}"
    run_apart(lambda: postgres_server.create(name, template=previous_template))
    yield postgres_server.url_of(name)
    run_apart(lambda: postgres_server.drop(name))


@pytest.fixture
async def fleet(previous_database_url: str, tmp_path: Path) -> AsyncGenerator[Fleet]:
    """A stage on the previous release's schema; nobody plays yet."""
    async with fleet_on(previous_database_url, tmp_path) as opened:
        yield opened
