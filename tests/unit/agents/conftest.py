"""Claude's adapter, in front of a local server."""

from collections.abc import AsyncIterator

import pytest

from tests.support.claude_api import Api, serving


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving() as served:
        yield served
