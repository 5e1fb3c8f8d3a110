"""Fixtures that every test may ask for, and how properties look for examples.

The same ones in every run, so a change is judged by what it changes. To look for new
ones: ``HYPOTHESIS_PROFILE=search make test``.
"""

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True)
settings.register_profile("search", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

pytest_plugins = ["tests.support.postgres"]
