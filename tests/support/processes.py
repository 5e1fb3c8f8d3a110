"""How tests are dealt out to the processes of ``make test``.

One by one, to whoever is free; so a long module ends as early as a short one. Only what
is made once for many tests, or needs much of the machine, stays in one process. Those
places come first, so that none of them is begun when all others have ended.

Not by xdist's own marks: with pytest 9.2 they are passed over in silence.
Source: https://github.com/pytest-dev/pytest-xdist/issues/1386
"""

from collections.abc import Iterator

import pytest
from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    "tests/browser",  # one browser
    "tests/crash",  # dozens of processes: one such campaign at a time
    "tests/migration",  # one unpacked release, and a log that it wrote
    "tests/integration/commands/test_eval.py",  # one Postgres of its own
    "tests/unit/support/test_processes.py",  # which tests this
    "tests/unit/test_architecture.py",  # one copy of the packages
)
"""Folders and modules whose tests run in one process, one after the other."""


class Together(LoadScopeScheduling):
    """Deals tests out one by one, and a place of `TOGETHER` as a whole."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        return place_of(nodeid) or nodeid


def place_of(nodeid: str) -> str | None:
    """Return the place of `TOGETHER` that a test is in, if it is in one."""
    path = nodeid.partition("::")[0]
    return next((p for p in TOGETHER if path == p or path.startswith(f"{p}/")), None)


def shared_places(item: pytest.Item) -> Iterator[str]:
    """Give where the fixtures of a test are from that are made once for several.

    Those of a plugin are from nowhere: each process has its own Postgres.
    """
    if isinstance(item, pytest.Function):
        for definitions in item._fixtureinfo.name2fixturedefs.values():
            for one in definitions:
                if one.scope not in {"function", "class"} and one.baseid:
                    yield one.baseid
