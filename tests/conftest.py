"""Fixtures that every test may ask for, and how properties look for examples.

The same ones in every run, so a change is judged by what it changes. To look for new
ones: ``HYPOTHESIS_PROFILE=search make test``.
"""

import os
from collections.abc import Generator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("same", derandomize=True)
settings.register_profile("search", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

pytest_plugins = ["tests.support.postgres"]


@pytest.fixture(autouse=True)
def logs_as_before() -> Generator[None]:
    """Undo what a command that was run in this process set up for its log lines."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
