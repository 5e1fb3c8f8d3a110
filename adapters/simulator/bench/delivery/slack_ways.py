"""How others show turns in Slack: ``slack_sdk`` as its documentation says."""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# slack_sdk's methods take any further arguments, which have no types.

from collections.abc import Mapping

from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_chat_stream import AsyncChatStream
from slack_sdk.web.async_client import AsyncWebClient
from typing_extensions import override

from adapters.simulator.bench.delivery.client import Client, run_as_process
from adapters.simulator.bench.delivery.orders import Order, Place
from adapters.simulator.bench.delivery.ways import (
    Growing,
    Message,
    Speech,
    at_the_end,
    by_edits,
    by_tokens,
)

POST, STREAM = "one post at the end", "slack_sdk chat_stream"
FAST, SLOW = "chat.update every 0.3 s, 1 retry", "chat.update every 1 s, 1 retry"
EVERY: Mapping[str, float] = {FAST: 0.3, SLOW: 1.0}
"""Seconds between two edits."""
WAYS = (POST, STREAM, FAST, SLOW)


class _Edited(Message):
    def __init__(self, client: AsyncWebClient, place: Place) -> None:
        self._client = client
        self._place = place
        self._ts = ""

    @override
    async def show(self, text: str) -> None:
        channel, thread = self._place.channel, self._place.thread
        if self._ts:
            await self._client.chat_update(channel=channel, ts=self._ts, text=text)
            return
        posted = await self._client.chat_postMessage(
            channel=channel, thread_ts=thread, text=text
        )
        self._ts = str(posted["ts"])


class _Streamed(Growing):
    def __init__(self, stream: AsyncChatStream) -> None:
        self._stream = stream

    @override
    async def append(self, text: str) -> None:
        await self._stream.append(markdown_text=text)

    @override
    async def stop(self) -> None:
        await self._stream.stop()


class _Slack(Client):
    errors = (SlackClientError,)

    def __init__(self, order: Order) -> None:
        self._way = order.way
        self._team = order.account
        self._client = AsyncWebClient(token=order.token, base_url=order.url)
        if order.way != STREAM:
            # A lost connection is retried by default, a 429 only by this.
            self._client.retry_handlers.append(AsyncRateLimitErrorRetryHandler())

    @override
    async def play(self, speech: Speech, place: Place) -> None:
        if self._way == STREAM:
            await by_tokens(speech, _Streamed(await self._stream(place)))
        elif self._way == POST:
            await at_the_end(speech, _Edited(self._client, place))
        else:
            await by_edits(speech, _Edited(self._client, place), EVERY[self._way])

    async def _stream(self, place: Place) -> AsyncChatStream:
        return await self._client.chat_stream(
            channel=place.channel,
            thread_ts=place.thread,
            recipient_user_id=place.user,
            recipient_team_id=self._team,
        )


if __name__ == "__main__":
    run_as_process(_Slack)
