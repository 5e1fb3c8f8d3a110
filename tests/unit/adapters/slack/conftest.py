import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.client import SlackPlatform
from tests.support.slack import (
    Client,
    FakeApi,
    RecordingInbox,
    client_for,
    platform_for,
    start_api,
)

_PAYLOADS = Path(__file__).parent / "payloads"


@pytest.fixture
def load() -> Callable[[str], dict[str, Any]]:
    """Read one payload as Slack sends it; each call gives a fresh copy."""

    def read(name: str) -> dict[str, Any]:
        return json.loads((_PAYLOADS / f"{name}.json").read_text("utf-8"))

    return read


@pytest.fixture
def inbox() -> RecordingInbox:
    return RecordingInbox()


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi()
    server = await start_api(fake)
    yield fake
    fake.closing.set()
    await server.close()


@pytest.fixture
async def platform(api: FakeApi) -> AsyncIterator[SlackPlatform]:
    async with platform_for(api) as started:
        api.calls.clear()
        yield started


@pytest.fixture
async def client(
    inbox: RecordingInbox, platform: SlackPlatform
) -> AsyncIterator[Client]:
    async with client_for(inbox, platform) as opened:
        yield opened
